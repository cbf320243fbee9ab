//! The warden, a small process between poolgate and a command. It makes sure that no process of the command outlives
//! the command.
//!
//! Its stdin is a socket, the *lifeline*. The command runs while poolgate holds the other end open. The other end
//! closes if poolgate wants to end the command, or if poolgate dies for any reason; then the warden ends all processes.
//! If the command ends by itself, the warden ends the remaining processes. In both cases it writes one line, its
//! *account*, which lists the processes that could not be ended.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::super::ended::Ended;
use super::cgroup::Cgroup;
use super::ending::CommandProcesses;
use super::processes;

/// The events that the warden waits for.
enum WardenEvent {
    /// The shell ended.
    Ended(io::Result<ExitStatus>),
    /// The lifeline was closed.
    Cut,
}

/// Runs `line` in the shell, in `cgroup` if given, and writes the account. This is the whole life of a warden process.
/// Killed processes may take up to `patience` to vanish.
///
/// # Errors
/// If stdin is not a lifeline, or if the shell cannot be started.
pub fn guard(line: &str, cgroup: Option<&Path>, patience: Duration) -> io::Result<()> {
    processes::adopt_orphans()?;
    let mut lifeline = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    lifeline
        .peer_addr()
        .map_err(|_| io::Error::other("`poolgate warden` is an internal command; do not run it by hand"))?;
    let (mut shell, cgroup) = start(line, cgroup.map(Cgroup::at))?;
    let whole = CommandProcesses { cgroups: cgroup.into_iter().collect(), others: processes::own_descendants };

    let (cut, events) = mpsc::channel();
    let ended = cut.clone();
    let mut end = lifeline.try_clone()?;
    std::thread::spawn(move || {
        // The lifeline never carries data in this direction. The read returns when poolgate's end closes.
        let _ = end.read(&mut [0]);
        let _ = cut.send(WardenEvent::Cut);
    });
    // The shell itself may hang in the kernel, so wait for it in another thread.
    std::thread::spawn(move || ended.send(WardenEvent::Ended(shell.wait())));

    let first = events.recv().map_err(io::Error::other)?;
    let left_running = match first {
        WardenEvent::Ended(_) => whole.living().into_iter().map(processes::named).collect(),
        WardenEvent::Cut => Vec::new(),
    };
    let still_running = whole.end(patience);
    let status = match first {
        WardenEvent::Ended(status) => Some(status?),
        WardenEvent::Cut if still_running.is_empty() => Some(status(&events)?),
        WardenEvent::Cut => None,
    };
    processes::reap();
    let (code, signal) = (status.and_then(|status| status.code()), status.and_then(|status| status.signal()));
    let account = serde_json::to_vec(&Ended { code, signal, left_running, still_running })?;
    if lifeline.write_all(&account).is_err() {
        // poolgate is dead, so the warden has to remove the cgroups.
        whole.cgroups.iter().for_each(Cgroup::remove_with_run);
    }
    Ok(())
}

/// Starts the shell in `cgroup`. The warden enters the cgroup only for this moment; otherwise it would be killed with
/// the command. Returns the cgroup if the shell is in it.
fn start(line: &str, cgroup: Option<Cgroup>) -> io::Result<(Child, Option<Cgroup>)> {
    let cgroup = cgroup.filter(|cgroup| cgroup.enter().is_ok());
    // Give the shell its own process group, so that a command that signals its group does not hit the warden.
    let mut shell = Command::new("/bin/sh").args(["-c", line]).stdin(Stdio::null()).process_group(0).spawn()?;
    if let Some(Err(error)) = cgroup.as_ref().map(Cgroup::leave) {
        shell.kill()?;
        return Err(error);
    }
    Ok((shell, cgroup))
}

/// Returns the exit status of the shell, which is no longer alive.
fn status(events: &mpsc::Receiver<WardenEvent>) -> io::Result<ExitStatus> {
    loop {
        if let WardenEvent::Ended(status) = events.recv().map_err(io::Error::other)? {
            return status;
        }
    }
}

/// Reads the account of a warden that has ended, or returns `None` if it was killed before it could write one.
pub(super) fn read_account(mut lifeline: &UnixStream) -> Option<Ended> {
    let mut account = Vec::new();
    // The warden has ended, so its whole account is in the socket's buffer.
    lifeline.read_to_end(&mut account).ok()?;
    serde_json::from_slice(&account).ok()
}
