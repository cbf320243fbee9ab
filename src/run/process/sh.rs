//! The exit codes that a POSIX shell itself uses.

use super::ended::NotWell;

/// Returns the meaning of the shell's own exit `code`, or `None` if it is the program's.
pub(super) fn means(code: i32, _: &str) -> Option<NotWell> {
    match code {
        127 => Some(NotWell::NotFound(code)),
        126 => Some(NotWell::NotExecutable(code)),
        _ => None,
    }
}
