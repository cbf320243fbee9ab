//! Bytes of a tag that are left after teardown, and the limit on them.

use super::Verdict;
use super::limit_verdict::LimitVerdict;
use crate::scenario::Bytes;

/// The bytes of a tag that are left after teardown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeftAfterTeardown {
    /// No sample was taken at rest after teardown.
    NotSampled,
    /// The kernel no longer lists it.
    Gone,
    /// The kernel still lists it, with this number of bytes.
    Bytes(u64),
}

impl LeftAfterTeardown {
    /// Compares it with the most bytes allowed.
    pub(super) fn against(self, most: Bytes) -> LimitVerdict {
        match self {
            LeftAfterTeardown::NotSampled => {
                LimitVerdict::new(Verdict::Unclear, "was not sampled at rest after teardown")
            }
            LeftAfterTeardown::Gone => LimitVerdict::new(Verdict::Held, "gone after teardown"),
            LeftAfterTeardown::Bytes(0) => LimitVerdict::new(Verdict::Held, "nothing is left after teardown"),
            LeftAfterTeardown::Bytes(bytes) => {
                let verdict = if bytes > most.0 { Verdict::Broken } else { Verdict::Held };
                // The exact number, because a leaked object can be found by its size.
                LimitVerdict::new(verdict, format!("{bytes} B are left after teardown"))
            }
        }
    }
}
