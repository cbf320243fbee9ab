//! All output of poolgate to a terminal, and the exit codes for output that could not be written.
//!
//! [`say!`] prints a line to stdout, and [`tell!`] prints a line to stderr. Both make text from outside harmless
//! ([`plain`]), and both survive a full disk or a closed pipe, because a run must not panic if its log cannot be
//! written. clippy.toml forbids `println!` and similar macros in all other files.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cli::output::errors;
use crate::cli::output::verbosity::is_quiet;
use crate::exit::Exit;
use crate::plain::plain;

/// The advice if only part of the output was written.
pub(in crate::cli) const NOT_ALL: &str = "the output is incomplete";

/// Whether a line to stdout could not be written.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a line to stdout, with control characters made visible.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::output::stdout::line(&format!($($words)*)) };
}
/// Prints a line to stderr, with control characters made visible.
macro_rules! tell {
    ($($words:tt)*) => { $crate::cli::output::stdout::told(&format!($($words)*)) };
}
pub(in crate::cli) use {say, tell};

/// Implements [`say!`].
pub(in crate::cli) fn line(text: &str) {
    styled(&plain(text));
}

/// Implements [`tell!`]. Prints nothing in quiet mode.
pub(in crate::cli) fn told(text: &str) {
    if is_quiet() {
        return;
    }
    told_with("", text);
}

/// Prints a line to stdout unchanged, colours included. All parts from outside must have been made [`plain`].
pub(in crate::cli) fn styled(text: &str) {
    let mut line = text.to_owned();
    line.push('\n');
    print_data(line.as_bytes());
}

/// Prints `text` with its own line ends to stdout unchanged. It is data for other programs.
pub(in crate::cli) fn print_data(text: &[u8]) {
    let mut stdout = anstream::stdout().lock();
    let written = stdout.write_all(text).and_then(|()| stdout.flush());
    if written.is_err_and(|error| error.kind() != ErrorKind::BrokenPipe) {
        LOST.store(true, Ordering::Relaxed);
    }
}

/// Prints a line to stderr after a label, which may have colours. Write errors are ignored, because no place is left to
/// report them.
pub(in crate::cli) fn told_with(label: impl Display, text: &str) {
    let line = format!("{label}{}\n", plain(text));
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(line.as_bytes());
}

/// Returns the exit code of a command that exists for its output: `exit`, unless some output was lost. Reports the
/// loss.
pub(in crate::cli) fn unless_lost(exit: Exit) -> Exit {
    if !LOST.load(Ordering::Relaxed) {
        return exit;
    }
    errors::tell("cannot write to stdout", Some(NOT_ALL));
    match exit {
        Exit::Held | Exit::Unclear => Exit::Failed,
        // These codes matter more, and are not a success either.
        Exit::Broken | Exit::Usage | Exit::Failed | Exit::NotFinished => exit,
    }
}

/// Prints a message of clap, an error or help, and returns the exit code.
pub(in crate::cli) fn told_by_clap(told: &clap::Error) -> Exit {
    let written = told.print().and_then(|()| io::stdout().flush());
    if told.use_stderr() { Exit::Usage } else { ended(written, NOT_ALL) }
}

/// Writes all of `text` to stdout unchanged. Fails if only part of it was written.
pub(in crate::cli) fn printed(text: &[u8]) -> Exit {
    let mut stdout = io::stdout().lock();
    ended(stdout.write_all(text).and_then(|()| stdout.flush()), NOT_ALL)
}

/// Returns the exit code for the result of writing. `help` is the advice after an error.
pub(in crate::cli) fn ended(written: io::Result<()>, help: &str) -> Exit {
    match written {
        Ok(()) => Exit::Held,
        // The reader of a pipe may close it early.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Held,
        Err(error) => {
            errors::tell(&error, Some(help));
            // The named place does not exist, so the command line is wrong.
            if error.kind() == ErrorKind::NotFound { Exit::Usage } else { Exit::Failed }
        }
    }
}
