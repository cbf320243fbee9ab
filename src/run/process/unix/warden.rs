//! The small process between poolgate and a command, which sees to it that nothing the command started outlives it.
//!
//! Its stdin is a socket, the *lifeline*. While poolgate holds the other end open, the command runs. When that end
//! closes, because poolgate wants the command ended or because poolgate is dead, however it died, everything is ended.
//! When the command ends by itself, the warden ends what it left and writes one line of account.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use super::super::ended::Ended;
use super::descendants;

/// Runs `line` in the shell and gives account; the whole life of a warden process.
///
/// # Errors
/// When stdin is no lifeline, or the shell cannot be started.
pub fn guard(line: &str) -> io::Result<()> {
    descendants::adopt_orphans()?;
    let mut lifeline = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    lifeline
        .peer_addr()
        .map_err(|_| io::Error::other("`poolgate warden` is poolgate's own; it is of no use by hand"))?;
    // A group of its own, so that a command which signals its group does not hit its warden.
    let mut shell = Command::new("/bin/sh").args(["-c", line]).stdin(Stdio::null()).process_group(0).spawn()?;

    let mut cut = lifeline.try_clone()?;
    std::thread::spawn(move || {
        // Nobody ever writes; a read returns when poolgate's end is closed.
        let _ = cut.read(&mut [0]);
        descendants::end_all();
    });
    let status = shell.wait()?;
    let ended = Ended { code: status.code(), signal: status.signal(), left_running: descendants::running() };
    descendants::end_all();
    descendants::reap();
    let account = serde_json::to_vec(&ended)?;
    // When poolgate is dead there is nobody to tell.
    let _ = lifeline.write_all(&account);
    Ok(())
}

/// What the warden wrote before it ended; `None` when it was killed before it could.
pub(super) fn read_account(mut lifeline: &UnixStream) -> Option<Ended> {
    let mut account = Vec::new();
    // Everything is in the socket's buffer by now, as the warden has ended.
    lifeline.read_to_end(&mut account).ok()?;
    serde_json::from_slice(&account).ok()
}
