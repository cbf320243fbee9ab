//! The small process between poolgate and a command, which sees to it that nothing the command started outlives it.
//!
//! Its stdin is a socket, the *lifeline*. While poolgate holds the other end open, the command runs. When that end
//! closes, because poolgate wants the command ended or because poolgate is dead, however it died, everything is ended.
//! When the command ends by itself, the warden ends what it left. Either way it writes one line of account, which names
//! what could not be ended.

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
use super::ending::Whole;
use super::processes;

/// What the warden waits for.
enum Event {
    /// The shell ended.
    Ended(io::Result<ExitStatus>),
    /// The lifeline was closed.
    Cut,
}

/// Runs `line` in the shell, within `cgroup` where there is one, and gives account; the whole life of a warden process.
/// Processes which were killed have as long as `patience` to vanish.
///
/// # Errors
/// When stdin is no lifeline, or the shell cannot be started.
pub fn guard(line: &str, cgroup: Option<&Path>, patience: Duration) -> io::Result<()> {
    processes::adopt_orphans()?;
    let mut lifeline = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    lifeline
        .peer_addr()
        .map_err(|_| io::Error::other("`poolgate warden` is an internal command; do not run it by hand"))?;
    let (mut shell, cgroup) = start(line, cgroup.map(Cgroup::at))?;
    let whole = Whole { cgroups: cgroup.into_iter().collect(), others: processes::own_descendants };

    let (cut, events) = mpsc::channel();
    let ended = cut.clone();
    let mut end = lifeline.try_clone()?;
    std::thread::spawn(move || {
        // Nobody ever writes; a read returns when poolgate's end is closed.
        let _ = end.read(&mut [0]);
        let _ = cut.send(Event::Cut);
    });
    // The shell itself may hang in the kernel, so it is not waited for here.
    std::thread::spawn(move || ended.send(Event::Ended(shell.wait())));

    let first = events.recv().map_err(io::Error::other)?;
    let left_running = match first {
        Event::Ended(_) => whole.living().into_iter().map(processes::named).collect(),
        Event::Cut => Vec::new(),
    };
    let still_running = whole.end(patience);
    let status = match first {
        Event::Ended(status) => Some(status?),
        Event::Cut if still_running.is_empty() => Some(status(&events)?),
        Event::Cut => None,
    };
    processes::reap();
    let (code, signal) = (status.and_then(|status| status.code()), status.and_then(|status| status.signal()));
    let account = serde_json::to_vec(&Ended { code, signal, left_running, still_running })?;
    if lifeline.write_all(&account).is_err() {
        // Poolgate is dead, so nobody else tidies up.
        whole.cgroups.iter().for_each(Cgroup::remove_with_run);
    }
    Ok(())
}

/// Starts the shell in `cgroup`, which the warden itself enters for that moment only: there it would be killed with the
/// command. Returns the cgroup if the shell is in it.
fn start(line: &str, cgroup: Option<Cgroup>) -> io::Result<(Child, Option<Cgroup>)> {
    let cgroup = cgroup.filter(|cgroup| cgroup.enter().is_ok());
    // A process group of its own, so that a command which signals its group does not hit its warden.
    let mut shell = Command::new("/bin/sh").args(["-c", line]).stdin(Stdio::null()).process_group(0).spawn()?;
    if let Some(Err(error)) = cgroup.as_ref().map(Cgroup::leave) {
        shell.kill()?;
        return Err(error);
    }
    Ok((shell, cgroup))
}

/// How the shell ended, which is no longer alive.
fn status(events: &mpsc::Receiver<Event>) -> io::Result<ExitStatus> {
    loop {
        if let Event::Ended(status) = events.recv().map_err(io::Error::other)? {
            return status;
        }
    }
}

/// What the warden wrote before it ended; `None` when it was killed before it could.
pub(super) fn read_account(mut lifeline: &UnixStream) -> Option<Ended> {
    let mut account = Vec::new();
    // Everything is in the socket's buffer by now, as the warden has ended.
    lifeline.read_to_end(&mut account).ok()?;
    serde_json::from_slice(&account).ok()
}
