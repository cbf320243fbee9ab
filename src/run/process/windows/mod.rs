//! Commands on Windows: cmd.exe in a job object, which poolgate holds the only handle of.
//!
//! No warden is needed here: the kernel itself keeps a job's processes together, and ends them when its last handle is
//! closed, as it is when poolgate dies, however it dies. What a command came to is judged by cmd.exe's own end and by the
//! list of what was left in the job, never by the exit codes of processes which were ended, as those may say 0.

use std::io::{self, PipeReader};
use std::os::windows::io::OwnedHandle;
use std::process::{ChildStdout, ExitStatus};

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
pub(super) struct Guard(Job);

/// What runs `line`. AutoRun commands of the registry (/d) have no part in it, and quotes reach cmd.exe as written (/s).
pub(super) fn command(shell: &Shell, line: &str) -> io::Result<Command> {
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
pub(super) fn start(command: &mut Command) -> io::Result<(Child, Guard)> {
    let job = Job::new()?;
    // Ctrl-C at the console is for poolgate, which then ends the command in order.
    let mut child = command.creation_flags(job::STANDING_STILL | job::WITHOUT_CTRL_C).spawn()?;
    let taken_in = child.id().map_or(Ok(()), |id| job.take_in(id));
    if let Err(error) = taken_in {
        child.start_kill()?;
        return Err(error);
    }
    Ok((child, Guard(job)))
}

impl Guard {
    /// Ends everything.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.0.terminate()
    }

    /// How the command, which has ended as `status` says, came to its end. What it left is gone by then.
    pub(super) fn account(&mut self, status: ExitStatus) -> io::Result<Ended> {
        let left = self.0.running()?;
        // A console's host ends by itself, a moment after the last program on the console.
        let host = job::system_folder()?.join("conhost.exe");
        let left = left.into_iter().filter(|(program, _)| !same(program, &host));
        let left_running = left.map(|(program, id)| format!("{} (process {id})", program.display())).collect();
        self.0.end()?;
        Ok(Ended { code: status.code(), signal: None, left_running })
    }
}

/// File names on Windows differ in more than the case of their letters.
fn same(one: &std::path::Path, other: &std::path::Path) -> bool {
    one.as_os_str().eq_ignore_ascii_case(other)
}
