//! Commands on Unix. A warden, which is a subreaper, guards each command, and a socket is its lifeline. The commands'
//! cgroup outlives both poolgate and the warden.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{ChildStdout, ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::Shell;
use super::ended::Ended;
use cgroup::Cgroup;
use ending::CommandProcesses;

mod cgroup;
mod ending;
pub(super) mod leftovers;
mod processes;
pub mod warden;

pub use processes::adopt_orphans as prepare;

/// The lifeline between this process and a warden, with the cgroup of its command.
pub(super) struct Guard {
    lifeline: UnixStream,
    cgroup: Option<Cgroup>,
    patience: Duration,
}

/// The cgroup for a command, if any.
pub(super) struct CommandPlace(Option<Cgroup>);

/// Returns the place for the next command of `shell`.
pub(super) fn place(shell: &Shell) -> CommandPlace {
    CommandPlace(Cgroup::for_command(&shell.run))
}

/// Removes the cgroups of `run`'s commands.
pub(super) fn tidy(run: &str) {
    Cgroup::remove_of_run(run);
}

/// Returns the command that starts a warden for `line`.
pub(super) fn command(shell: &Shell, line: &str, place: &CommandPlace) -> io::Result<Command> {
    let mut command = Command::new(&shell.program);
    command.arg("warden").arg("--patience").arg(of_guard(shell.patience).as_millis().to_string());
    if let Some(cgroup) = &place.0 {
        command.arg("--cgroup").arg(cgroup.folder());
    }
    command.args(["--", line]);
    Ok(command)
}

/// Converts the read end of a pipe for tokio.
pub(super) fn read_end(pipe: PipeReader) -> ChildStdout {
    OwnedFd::from(pipe).into()
}

/// Starts the warden.
pub(super) fn start(command: &mut Command, place: CommandPlace, patience: Duration) -> io::Result<(Child, Guard)> {
    let (lifeline, theirs) = UnixStream::pair()?;
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    // Ctrl-C at the terminal reaches poolgate only; poolgate then ends the command in order.
    command.process_group(0);
    Ok((command.spawn()?, Guard { lifeline, cgroup: place.0, patience: of_guard(patience) }))
}

/// Returns the part of a patience that a guard has. The guard must report before poolgate gives up on it.
fn of_guard(patience: Duration) -> Duration {
    patience / 3
}

impl Guard {
    /// Makes the warden end all processes.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.lifeline.shutdown(std::net::Shutdown::Write)
    }

    /// Returns the report of the warden, which has ended.
    pub(super) fn account(&mut self, _: ExitStatus) -> io::Result<Ended> {
        self.lifeline.set_nonblocking(true)?;
        // If there is no report, the warden was killed, by its own workload or by a person.
        Ok(warden::read_account(&self.lifeline).unwrap_or_else(|| Ended::unknown(self.take_over())))
    }

    /// Ends all processes without the warden, and the warden too. Returns those that are still alive. This process is a
    /// subreaper too, so it adopts the warden's processes.
    pub(super) fn take_over(&mut self) -> Vec<String> {
        let cgroups = self.cgroup.iter().cloned().collect();
        CommandProcesses { cgroups, others: processes::own_descendants }.end(self.patience)
    }
}

/// Returns the other processes that hold the pipe of `output` open, as far as this user may see them. Never `None` on
/// Unix.
pub(super) fn holders(output: &impl AsFd) -> Option<Vec<String>> {
    let pipe = rustix::fs::fstat(output).map(|pipe| format!("pipe:[{}]", pipe.st_ino));
    Some(pipe.map(|pipe| processes::holding(&pipe)).unwrap_or_default())
}

/// Returns the descendants of this process.
pub(super) fn still_running() -> Vec<String> {
    processes::own_descendants().into_iter().map(processes::stuck).collect()
}
