//! What teardown left of a tag, against the limit on it.

use super::Verdict;
use super::said::{Said, said};
use crate::scenario::Bytes;

/// What teardown left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// No sample was taken at rest after teardown.
    NotSampled,
    /// The kernel no longer lists it.
    Gone,
    /// So many bytes.
    Bytes(u64),
}

impl Left {
    /// Holds it against the most that may be left.
    pub(super) fn against(self, most: Bytes) -> Said {
        match self {
            Left::NotSampled => said(Verdict::Unclear, "was not sampled at rest after teardown"),
            Left::Gone => said(Verdict::Held, "gone after teardown"),
            Left::Bytes(0) => said(Verdict::Held, "nothing is left after teardown"),
            Left::Bytes(bytes) => {
                let verdict = if bytes > most.0 { Verdict::Broken } else { Verdict::Held };
                // To the byte: what is left of an unloaded driver can be found by its size.
                said(verdict, format!("{bytes} B are left after teardown"))
            }
        }
    }
}
