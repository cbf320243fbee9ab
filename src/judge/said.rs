//! What one limit comes to.

use super::Verdict;

/// What one limit comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) verdict: Verdict,
    pub(super) because: String,
    /// Another look would tell more.
    pub(super) again: bool,
    /// Why it is unclear, if that is the same for every tag of the recording.
    pub(super) doubt: Option<String>,
}

pub(super) fn said(verdict: Verdict, because: impl Into<String>) -> Said {
    Said { verdict, because: because.into(), again: false, doubt: None }
}

impl Said {
    /// Nothing can be said of any tag, for this reason.
    pub(super) fn of_no_tag(doubt: &str) -> Said {
        Said { doubt: Some(doubt.to_owned()), ..said(Verdict::Unclear, doubt) }
    }

    /// The same, with more words.
    pub(super) fn because_of(mut self, more: &str) -> Said {
        self.because.push_str(more);
        self
    }

    /// The same where nothing held for certain, if there is a reason.
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

/// Why the worst of these is unclear, if that is the same for every tag.
pub(super) fn doubt(said: &[Said]) -> Option<String> {
    let worst = said.iter().map(|said| said.verdict).max()?;
    let unclear = said.iter().filter(|said| said.verdict == Verdict::Unclear);
    let mut doubts: Vec<&str> = unclear.map(|said| said.doubt.as_deref()).collect::<Option<_>>()?;
    doubts.dedup();
    (worst == Verdict::Unclear).then(|| doubts.join("; "))
}
