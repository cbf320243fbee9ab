//! The verdict on one limit for one tag or sum.

use super::Verdict;

/// The verdict on one limit for one tag or sum.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LimitVerdict {
    pub(super) verdict: Verdict,
    pub(super) because: String,
    /// Whether another look could settle it.
    pub(super) again: bool,
    /// Why it is unclear, if the reason applies to every tag of the recording.
    pub(super) doubt: Option<String>,
}

impl LimitVerdict {
    pub(super) fn new(verdict: Verdict, because: impl Into<String>) -> LimitVerdict {
        LimitVerdict { verdict, because: because.into(), again: false, doubt: None }
    }

    /// Unclear for a reason that applies to every tag.
    pub(super) fn unclear_for_every_tag(doubt: &str) -> LimitVerdict {
        LimitVerdict { doubt: Some(doubt.to_owned()), ..LimitVerdict::new(Verdict::Unclear, doubt) }
    }

    /// Appends to the reason.
    pub(super) fn because_of(mut self, more: &str) -> LimitVerdict {
        self.because.push_str(more);
        self
    }

    /// Turns a verdict of held into unclear if there is a doubt.
    pub(super) fn doubted(self, doubt: Option<&str>) -> LimitVerdict {
        match (self.verdict, doubt) {
            (Verdict::Held, Some(doubt)) => {
                let because = format!("{}; {doubt}", self.because);
                LimitVerdict { verdict: Verdict::Unclear, because, again: false, doubt: Some(doubt.to_owned()) }
            }
            (Verdict::Held | Verdict::Unclear | Verdict::Broken, _) => self,
        }
    }
}

/// Why the worst of these is unclear, if the reason applies to every tag.
pub(super) fn doubt(verdicts: &[LimitVerdict]) -> Option<String> {
    let worst = verdicts.iter().map(|limit| limit.verdict).max()?;
    let unclear = verdicts.iter().filter(|limit| limit.verdict == Verdict::Unclear);
    let mut doubts: Vec<&str> = unclear.map(|limit| limit.doubt.as_deref()).collect::<Option<_>>()?;
    doubts.dedup();
    (worst == Verdict::Unclear).then(|| doubts.join("; "))
}
