//! Text for other programs, written to stdout as it is.

use std::io::{ErrorKind, Write};

use super::trouble;
use crate::exit::Exit;

/// Writes all of `text`; fails where not all of it was taken.
pub(super) fn printed(text: &[u8]) -> Exit {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Held,
        // Whoever reads a pipe may have seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Held,
        Err(error) => {
            trouble::tell(error, Some("what was written so far is not all of it"));
            Exit::Failed
        }
    }
}
