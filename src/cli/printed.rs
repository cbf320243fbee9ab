//! What is printed: the only way from poolgate to a terminal, and what becomes of text written for other programs.
//!
//! [`say!`] prints a line to stdout and [`tell!`] one to stderr. Both make text from outside harmless ([`plain`]), and both
//! outlive a full disk or a reader that went away: a run must not panic because its log cannot be written. clippy.toml
//! keeps `println!` and its like out of every other file.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::talk::is_quiet;
use super::trouble;
use crate::exit::Exit;
use crate::plain::plain;

/// What is told where not all was written.
pub(super) const NOT_ALL: &str = "what was written so far is not all of it";

/// Whether a line for stdout could not be written.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a line to stdout, with what a terminal would act on made visible.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::printed::line(&format!($($words)*)) };
}
/// Prints a line to stderr, with what a terminal would act on made visible.
macro_rules! tell {
    ($($words:tt)*) => { $crate::cli::printed::told(&format!($($words)*)) };
}
pub(in crate::cli) use {say, tell};

/// What [`say!`] does.
pub(super) fn line(text: &str) {
    styled(&plain(text));
}

/// What [`tell!`] does, unless a command is asked to be quiet.
pub(super) fn told(text: &str) {
    if is_quiet() {
        return;
    }
    told_with("", text);
}

/// Prints a line to stdout as it is, colours included: only of text whose parts from outside were made [`plain`].
pub(super) fn styled(text: &str) {
    let mut line = text.to_owned();
    line.push('\n');
    given(line.as_bytes());
}

/// Prints `text`, which has its own line ends, to stdout as it is: data for other programs.
pub(super) fn given(text: &[u8]) {
    let mut stdout = anstream::stdout().lock();
    let written = stdout.write_all(text).and_then(|()| stdout.flush());
    if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Prints a line to stderr behind a label of our own, which may be coloured. Where stderr cannot be written there is nobody
/// to tell.
pub(super) fn told_with(label: impl Display, text: &str) {
    let line = format!("{label}{}\n", plain(text));
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(line.as_bytes());
}

/// The exit code of a command whose output is all it is for: `exit`, unless some of that was lost, which is told.
pub(super) fn unless_lost(exit: Exit) -> Exit {
    if !LOST.load(Ordering::Relaxed) {
        return exit;
    }
    trouble::tell("cannot write to stdout", Some(NOT_ALL));
    match exit {
        Exit::Held | Exit::Unclear => Exit::Failed,
        // What is known already weighs more, and is no success either.
        Exit::Broken | Exit::Usage | Exit::Failed | Exit::NotFinished => exit,
    }
}

/// Prints what clap has to say, of a mistake or as help, and returns what to exit with.
pub(super) fn told_by_clap(told: &clap::Error) -> Exit {
    let written = told.print().and_then(|()| io::stdout().flush());
    if told.use_stderr() { Exit::Usage } else { ended(written, NOT_ALL) }
}

/// Writes all of `text` to stdout as it is; fails where not all of it was taken.
pub(super) fn printed(text: &[u8]) -> Exit {
    let mut stdout = io::stdout().lock();
    ended(stdout.write_all(text).and_then(|()| stdout.flush()), NOT_ALL)
}

/// The exit code of what ended when all was written, or while writing; `help` is what to do then.
pub(super) fn ended(written: io::Result<()>, help: &str) -> Exit {
    match written {
        Ok(()) => Exit::Held,
        // Whoever reads a pipe may have seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Held,
        Err(error) => {
            trouble::tell(&error, Some(help));
            // Then the place that was named is none, and nothing was written.
            if error.kind() == ErrorKind::NotFound { Exit::Usage } else { Exit::Failed }
        }
    }
}
