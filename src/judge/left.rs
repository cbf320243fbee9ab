//! Bytes of a tag that are left after teardown, and the limit on them.

use super::Verdict;
use super::said::{Said, said};
use crate::scenario::Bytes;

/// The bytes of a tag that are left after teardown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// No sample was taken at rest after teardown.
    NotSampled,
    /// The kernel no longer lists it.
    Gone,
    /// Bytes left.
    Bytes(u64),
}

impl Left {
    /// Compares it with the most bytes allowed.
    pub(super) fn against(self, most: Bytes) -> Said {
        match self {
            Left::NotSampled => said(Verdict::Unclear, "was not sampled at rest after teardown"),
            Left::Gone => said(Verdict::Held, "gone after teardown"),
            Left::Bytes(0) => said(Verdict::Held, "nothing is left after teardown"),
            Left::Bytes(bytes) => {
                let verdict = if bytes > most.0 { Verdict::Broken } else { Verdict::Held };
                // The exact number, because a leaked object can be found by its size.
                said(verdict, format!("{bytes} B are left after teardown"))
            }
        }
    }
}
