//! The verdict on one limit.

use super::Verdict;

/// The verdict on one limit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) verdict: Verdict,
    pub(super) because: String,
    /// Another look could settle it.
    pub(super) again: bool,
    /// Why it is unclear, if the reason applies to every tag of the recording.
    pub(super) doubt: Option<String>,
}

pub(super) fn said(verdict: Verdict, because: impl Into<String>) -> Said {
    Said { verdict, because: because.into(), again: false, doubt: None }
}

impl Said {
    /// Unclear for a reason that applies to every tag.
    pub(super) fn of_no_tag(doubt: &str) -> Said {
        Said { doubt: Some(doubt.to_owned()), ..said(Verdict::Unclear, doubt) }
    }

    /// Appends to the reason.
    pub(super) fn because_of(mut self, more: &str) -> Said {
        self.because.push_str(more);
        self
    }

    /// Turns a verdict of held into unclear if there is a doubt.
    pub(super) fn doubted(self, doubt: Option<&str>) -> Said {
        match (self.verdict, doubt) {
            (Verdict::Held, Some(doubt)) => {
                let because = format!("{}; {doubt}", self.because);
                Said { verdict: Verdict::Unclear, because, again: false, doubt: Some(doubt.to_owned()) }
            }
            (Verdict::Held | Verdict::Unclear | Verdict::Broken, _) => self,
        }
    }
}

/// Why the worst of these is unclear, if the reason applies to every tag.
pub(super) fn doubt(said: &[Said]) -> Option<String> {
    let worst = said.iter().map(|said| said.verdict).max()?;
    let unclear = said.iter().filter(|said| said.verdict == Verdict::Unclear);
    let mut doubts: Vec<&str> = unclear.map(|said| said.doubt.as_deref()).collect::<Option<_>>()?;
    doubts.dedup();
    (worst == Verdict::Unclear).then(|| doubts.join("; "))
}
