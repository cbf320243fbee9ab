//! Commands on Unix: the warden is a subreaper, and its lifeline a socket.

use std::io::{self, PipeReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{ChildStdout, ExitStatus, Stdio};

use tokio::process::{Child, Command};

use super::Shell;
use super::ended::Ended;

mod descendants;
pub mod warden;

pub use descendants::adopt_orphans as prepare;

/// The lifeline, which ties a warden to this process.
pub(super) struct Guard(UnixStream);

/// A warden for `line`.
pub(super) fn command(shell: &Shell, line: &str) -> io::Result<Command> {
    let mut command = Command::new(&shell.program);
    command.args(["warden", "--", line]);
    Ok(command)
}

/// The end of a pipe which is read, for tokio.
pub(super) fn read_end(pipe: PipeReader) -> ChildStdout {
    OwnedFd::from(pipe).into()
}

/// Starts the warden.
pub(super) fn start(command: &mut Command) -> io::Result<(Child, Guard)> {
    let (lifeline, theirs) = UnixStream::pair()?;
    command.stdin(Stdio::from(OwnedFd::from(theirs)));
    // Ctrl-C at the terminal is for poolgate, which then ends the command in order.
    command.process_group(0);
    Ok((command.spawn()?, Guard(lifeline)))
}

impl Guard {
    /// Tells the warden to end everything.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        self.0.shutdown(std::net::Shutdown::Write)
    }

    /// What the warden, which has ended, wrote.
    pub(super) fn account(&mut self, _: ExitStatus) -> io::Result<Ended> {
        self.0.set_nonblocking(true)?;
        Ok(warden::read_account(&self.0).unwrap_or_else(|| {
            // The warden was killed, by its own workload or by a person: what it guarded has fallen to us.
            descendants::end_all();
            Ended::unknown()
        }))
    }
}
