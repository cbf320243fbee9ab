//! The restart of a simulated machine, which is that of the process at work on it: another poolgate takes its place.

use std::io;
use std::process::Command;

use crate::exit::Exit;

/// Gives this process's place to `next`.
///
/// # Errors
/// When it cannot be started.
#[cfg(unix)]
pub(super) fn give_to(mut next: Command) -> io::Result<Exit> {
    Err(std::os::unix::process::CommandExt::exec(&mut next))
}

/// Waits for `next` and ends as it did: on Windows no process can take the place of another. Ctrl-C reaches both, and is
/// for `next` only, as nobody here is left to act on it. In its job, `next` does not outlive this process.
///
/// # Errors
/// When it cannot be started.
#[cfg(windows)]
pub(super) fn give_to(mut next: Command) -> io::Result<Exit> {
    use crate::machine::windows::job::{Job, STANDING_STILL};

    let job = Job::new()?;
    let mut next = std::os::windows::process::CommandExt::creation_flags(&mut next, STANDING_STILL).spawn()?;
    if let Err(error) = job.take_in(next.id()) {
        next.kill()?;
        return Err(error);
    }
    Ok(next.wait()?.code().and_then(Exit::from_code).unwrap_or(Exit::Failed))
}
