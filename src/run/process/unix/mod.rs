//! Commands on Unix: the warden is a subreaper, its lifeline a socket, and the commands' cgroup what outlives both.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{ChildStdout, ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};

use super::Shell;
use super::ended::Ended;
use cgroup::Cgroup;
use ending::Whole;

mod cgroup;
mod ending;
pub(super) mod leftovers;
mod processes;
pub mod warden;

pub use processes::adopt_orphans as prepare;

/// The lifeline, which ties a warden to this process, and what else is known of its command.
pub(super) struct Guard {
    lifeline: UnixStream,
    cgroup: Option<Cgroup>,
    patience: Duration,
}

/// Where a command runs.
pub(super) struct Place(Option<Cgroup>);

/// A place for the next command of `shell`.
pub(super) fn place(shell: &Shell) -> Place {
    Place(Cgroup::for_command(&shell.run))
}

/// Gives back what commands of `run` ran in.
pub(super) fn tidy(run: &str) {
    Cgroup::remove_of_run(run);
}

/// A warden for `line`.
pub(super) fn command(shell: &Shell, line: &str, place: &Place) -> io::Result<Command> {
    let mut command = Command::new(&shell.program);
    command.arg("warden").arg("--patience").arg(of_guard(shell.patience).as_millis().to_string());
    if let Some(cgroup) = &place.0 {
        command.arg("--cgroup").arg(cgroup.folder());
    }
    command.args(["--", line]);
    Ok(command)
}

/// The end of a pipe which is read, for tokio.
pub(super) fn read_end(pipe: PipeReader) -> ChildStdout {
    OwnedFd::from(pipe).into()
}

/// Starts the warden.
pub(super) fn start(command: &mut Command, place: Place, patience: Duration) -> io::Result<(Child, Guard)> {
    let (lifeline, theirs) = UnixStream::pair()?;
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    // Ctrl-C at the terminal is for poolgate, which then ends the command in order.
    command.process_group(0);
    Ok((command.spawn()?, Guard { lifeline, cgroup: place.0, patience: of_guard(patience) }))
}

/// How much of a patience a guard has: it must have given its account before poolgate gives it up.
fn of_guard(patience: Duration) -> Duration {
    patience / 3
}

impl Guard {
    /// Tells the warden to end everything.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.lifeline.shutdown(std::net::Shutdown::Write)
    }

    /// What the warden, which has ended, wrote.
    pub(super) fn account(&mut self, _: ExitStatus) -> io::Result<Ended> {
        self.lifeline.set_nonblocking(true)?;
        // Without an account the warden was killed, by its own workload or by a person.
        Ok(warden::read_account(&self.lifeline).unwrap_or_else(|| Ended::unknown(self.take_over())))
    }

    /// Ends everything without the warden, and the warden too; returns what still lives. What the warden guarded falls to
    /// this process, which is a subreaper as well.
    pub(super) fn take_over(&mut self) -> Vec<String> {
        let cgroups = self.cgroup.iter().cloned().collect();
        Whole { cgroups, others: processes::own_descendants }.end(self.patience)
    }
}

/// Who else holds the pipe open which `output` reads, as far as this user may know. Never `None` here.
pub(super) fn holders(output: &impl AsFd) -> Option<Vec<String>> {
    let pipe = rustix::fs::fstat(output).map(|pipe| format!("pipe:[{}]", pipe.st_ino));
    Some(pipe.map(|pipe| processes::holding(&pipe)).unwrap_or_default())
}

/// The processes which descend from this one.
pub(super) fn still_running() -> Vec<String> {
    processes::own_descendants().into_iter().map(processes::stuck).collect()
}
