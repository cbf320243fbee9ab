//! Commands on Windows: cmd.exe in a job object. poolgate holds the only handle to the job.
//!
//! Windows needs no warden. The kernel keeps a job's processes together, and ends them when the last handle closes, as
//! it does when poolgate dies for any reason. The result of a command depends on the exit code of cmd.exe and on the
//! list of processes left in the job, never on the exit codes of processes that were ended, because those may be 0.

use std::io::{self, PipeReader};
use std::os::windows::io::OwnedHandle;
use std::path::PathBuf;
use std::process::{ChildStdout, ExitStatus};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::Shell;
use super::ended::Ended;
use crate::machine::windows::job::{self, JobObject};

/// Prevents commands from showing dialogs, and from outliving poolgate before they are in a job of their own.
///
/// # Errors
/// If Windows refuses.
pub fn prepare() -> io::Result<()> {
    job::suppress_dialogs();
    JobObject::around_this_process()
}

/// All processes that a command started.
pub(super) struct Guard {
    job: JobObject,
    patience: Duration,
}

/// The place to run a command. Windows needs none.
pub(super) struct CommandPlace;

/// Returns a place for the next command.
pub(super) fn place(_: &Shell) -> CommandPlace {
    CommandPlace
}

/// Releases the places of a run's commands.
pub(super) fn tidy(_: &str) {}

/// Returns the command that runs `line`. It skips AutoRun commands from the registry (/d) and passes quotes to cmd.exe
/// unchanged (/s).
pub(super) fn command(shell: &Shell, line: &str, _: &CommandPlace) -> io::Result<Command> {
    let line = line.trim_end();
    if let Some(problem) = super::cmd::refuses(&shell.folder, line) {
        return Err(io::Error::other(problem));
    }
    // Use the full path, so that a cmd.exe next to the scenario is not used.
    let mut command = Command::new(job::system_folder()?.join("cmd.exe"));
    command.args(["/d", "/s", "/c"]).raw_arg(format!("\"{line}\"")).stdin(std::process::Stdio::null());
    Ok(command)
}

/// Converts the read end of a pipe for tokio.
pub(super) fn read_end(pipe: PipeReader) -> ChildStdout {
    OwnedHandle::from(pipe).into()
}

/// Starts cmd.exe. It is in its job before its first instruction runs.
pub(super) fn start(command: &mut Command, _: CommandPlace, patience: Duration) -> io::Result<(Child, Guard)> {
    let job = JobObject::new()?;
    // Ctrl-C at the console reaches poolgate only; poolgate then ends the command in order.
    let mut child = command.creation_flags(job::STANDING_STILL | job::WITHOUT_CTRL_C).spawn()?;
    let taken_in = child.id().map_or(Ok(()), |id| job.take_in(id));
    if let Err(error) = taken_in {
        child.start_kill()?;
        return Err(error);
    }
    // A third of the time, so that poolgate is still waiting when the guard gives up.
    Ok((child, Guard { job, patience: patience / 3 }))
}

impl Guard {
    /// Ends all processes.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.job.terminate()
    }

    /// Returns the end of the command, which has exited with `status`. Lists the remaining processes, ends them, and
    /// lists those that cannot be ended.
    pub(super) fn account(&mut self, status: ExitStatus) -> io::Result<Ended> {
        let left_running = named(self.job.running()?)?;
        self.job.end(self.patience)?;
        let still_running = named(self.job.running()?)?;
        Ok(Ended { code: status.code(), signal: None, left_running, still_running })
    }

    /// Ends all processes once more. Returns those that are still alive.
    pub(super) fn take_over(&mut self) -> Vec<String> {
        let ended = self.job.end(self.patience).and_then(|()| named(self.job.running()?));
        ended.unwrap_or_else(|error| vec![format!("a process in a job that cannot be queried ({error})")])
    }
}

/// Always returns `None`: an open output does not mean that the command lives on, because its job is empty and no
/// process can leave a job. Wine has been seen never to end a pipe.
pub(super) fn holders(_: &tokio::process::ChildStdout) -> Option<Vec<String>> {
    None
}

/// Returns the other processes in the job around this process.
pub(super) fn still_running() -> Vec<String> {
    JobObject::beside_this_process().and_then(named).unwrap_or_default()
}

/// Formats processes for a report.
fn named(running: Vec<(PathBuf, u32)>) -> io::Result<Vec<String>> {
    // A console's host ends by itself shortly after the last program on the console.
    let host = job::system_folder()?.join("conhost.exe");
    let programs = running.into_iter().filter(|(program, _)| !same(program, &host));
    Ok(programs.map(|(program, id)| format!("{} (process {id})", program.display())).collect())
}

/// Compares file names, ignoring ASCII case. Windows ignores the case of more letters than that.
fn same(one: &std::path::Path, other: &std::path::Path) -> bool {
    one.as_os_str().eq_ignore_ascii_case(other)
}
