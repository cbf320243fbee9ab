//! Commands on Windows: cmd.exe in a job object, which poolgate holds the only handle of.
//!
//! No warden is needed here: the kernel itself keeps a job's processes together, and ends them when its last handle is
//! closed, as it is when poolgate dies, however it dies. What a command came to is judged by cmd.exe's own end and by the
//! list of what was left in the job, never by the exit codes of processes which were ended, as those may say 0.

use std::io::{self, PipeReader};
use std::os::windows::io::OwnedHandle;
use std::path::PathBuf;
use std::process::{ChildStdout, ExitStatus};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::Shell;
use super::ended::Ended;
use crate::machine::windows::job::{self, Job};

/// Keeps commands from asking somebody at the screen, and from outliving poolgate before they are in a job of their own.
///
/// # Errors
/// When the system refuses.
pub fn prepare() -> io::Result<()> {
    job::ask_nobody();
    Job::around_this_process()
}

/// Everything a command started.
pub(super) struct Guard {
    job: Job,
    patience: Duration,
}

/// Where a command runs: a job needs no place.
pub(super) struct Place;

/// A place for the next command.
pub(super) fn place(_: &Shell) -> Place {
    Place
}

/// Gives back what commands of a run ran in.
pub(super) fn tidy(_: &str) {}

/// What runs `line`. AutoRun commands of the registry (/d) have no part in it, and quotes reach cmd.exe as written (/s).
pub(super) fn command(shell: &Shell, line: &str, _: &Place) -> io::Result<Command> {
    let line = line.trim_end();
    if let Some(problem) = super::cmd::refuses(&shell.folder, line) {
        return Err(io::Error::other(problem));
    }
    // By its full path: a cmd.exe beside the scenario is not meant.
    let mut command = Command::new(job::system_folder()?.join("cmd.exe"));
    command.args(["/d", "/s", "/c"]).raw_arg(format!("\"{line}\"")).stdin(std::process::Stdio::null());
    Ok(command)
}

/// The end of a pipe which is read, for tokio.
pub(super) fn read_end(pipe: PipeReader) -> ChildStdout {
    OwnedHandle::from(pipe).into()
}

/// Starts cmd.exe, already in its job when its first instruction runs.
pub(super) fn start(command: &mut Command, _: Place, patience: Duration) -> io::Result<(Child, Guard)> {
    let job = Job::new()?;
    // Ctrl-C at the console is for poolgate, which then ends the command in order.
    let mut child = command.creation_flags(job::STANDING_STILL | job::WITHOUT_CTRL_C).spawn()?;
    let taken_in = child.id().map_or(Ok(()), |id| job.take_in(id));
    if let Err(error) = taken_in {
        child.start_kill()?;
        return Err(error);
    }
    // Of the whole patience, so that poolgate is still waiting when this one runs out.
    Ok((child, Guard { job, patience: patience / 3 }))
}

impl Guard {
    /// Ends everything.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.job.terminate()
    }

    /// How the command, which has ended as `status` says, came to its end. What it left is gone by then, or named.
    pub(super) fn account(&mut self, status: ExitStatus) -> io::Result<Ended> {
        let left_running = named(self.job.running()?)?;
        self.job.end(self.patience)?;
        let still_running = named(self.job.running()?)?;
        Ok(Ended { code: status.code(), signal: None, left_running, still_running })
    }

    /// Ends everything once more; returns what still lives.
    pub(super) fn take_over(&mut self) -> Vec<String> {
        let ended = self.job.end(self.patience).and_then(|()| named(self.job.running()?));
        ended.unwrap_or_else(|error| vec![format!("a process in a job that cannot be queried ({error})")])
    }
}

/// Who else holds a command's output open. `None`, since that says nothing of the command here: its job is empty, and nothing
/// can leave a job. Wine was seen never to end a pipe.
pub(super) fn holders(_: &tokio::process::ChildStdout) -> Option<Vec<String>> {
    None
}

/// What runs beside this process in the job around it.
pub(super) fn still_running() -> Vec<String> {
    Job::beside_this_process().and_then(named).unwrap_or_default()
}

/// Processes as a report names them.
fn named(running: Vec<(PathBuf, u32)>) -> io::Result<Vec<String>> {
    // A console's host ends by itself, a moment after the last program on the console.
    let host = job::system_folder()?.join("conhost.exe");
    let programs = running.into_iter().filter(|(program, _)| !same(program, &host));
    Ok(programs.map(|(program, id)| format!("{} (process {id})", program.display())).collect())
}

/// File names on Windows differ in more than the case of their letters.
fn same(one: &std::path::Path, other: &std::path::Path) -> bool {
    one.as_os_str().eq_ignore_ascii_case(other)
}
