//! What a POSIX shell means by an exit code of its own.

use super::ended::NotWell;

/// What the shell says by `code`, which it hands on from the program otherwise.
pub(super) fn means(code: i32, _: &str) -> Option<NotWell> {
    match code {
        127 => Some(NotWell::NotFound(code)),
        126 => Some(NotWell::NotExecutable(code)),
        _ => None,
    }
}
