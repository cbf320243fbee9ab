//! What becomes of text which is written for other programs.

use std::io::{self, ErrorKind, Write};

use super::trouble;
use crate::exit::Exit;

/// What is told where not all was written.
pub(super) const NOT_ALL: &str = "what was written so far is not all of it";

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
            trouble::tell(error, Some(help));
            Exit::Failed
        }
    }
}
