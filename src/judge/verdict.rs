//! The result of judging: verdicts, and the figures they rest on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::evidence::{Confirmation, Evidence};
use super::ignored::Ignored;
use super::level::Levels;
use super::ranking::Ranking;
use super::survivors::TagSurvivors;
use crate::pool::Key;
use crate::scenario::Threshold;

/// The verdict on a threshold, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The measurement is within the limit.
    Held,
    /// The evidence is not sufficient for a verdict.
    Unclear,
    /// The measurement exceeds the limit.
    Broken,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Verdict::Held => "held",
            Verdict::Unclear => "unclear",
            Verdict::Broken => "broken",
        })
    }
}

/// The verdicts of a run, with everything they rest on.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// One for each threshold, in the scenario's order.
    pub rulings: Vec<Ruling>,
    /// Every tag of the recording.
    pub tags: Vec<TagFigures>,
    /// Remarks on the recording: gaps, missed samples, damage, tags that did not fit into the kernel's table.
    pub notes: Vec<String>,
    /// The scenario's `ignore` entries.
    pub ignored: Vec<Ignored>,
    /// The tags that grew most, for a log without stages.
    pub ranking: Option<Ranking>,
}

/// The verdict on one threshold.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// The threshold as the scenario or the command line gives it.
    pub threshold: Threshold,
    /// The worst of the findings' verdicts.
    pub verdict: Verdict,
    /// The tags it rests on, worst first: all named tags, and of the others those it did not hold for.
    pub findings: Vec<Finding>,
}

/// The verdict on one tag, or on several together, under one threshold.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The tag; `None` for several tags together, and if the finding is on no tag.
    pub key: Option<Key>,
    /// `MyD1 nonpaged`, `total nonpaged` or `MyD? together`.
    pub subject: String,
    /// The verdict for this subject.
    pub verdict: Verdict,
    /// Why, in words and figures.
    pub because: String,
    /// The base's figure, in a comparison.
    pub base: Option<String>,
}

/// The figures of one tag.
#[derive(Debug, Clone)]
pub struct TagFigures {
    /// The tag and its pool.
    pub key: Key,
    /// Its settled levels before and after the workload; `None` if it was not measured at rest.
    pub levels: Option<Levels>,
    /// The settled levels of a cache's whole slabs, if they were measured; objects are 0.
    pub slabs: Option<Levels>,
    /// Whether it grew with the workload, and how fast.
    pub evidence: Evidence,
    /// The result of the second look, if the tag was a candidate and was looked at again.
    pub confirmation: Option<Confirmation>,
    /// Its live objects by call path, if the second look followed them.
    pub survivors: Option<TagSurvivors>,
    /// Tags that grow in lockstep with it.
    pub in_lockstep_with: Vec<Key>,
    /// Many drivers allocate under this tag, so its growth points to none of them.
    pub generic: bool,
    /// The worst verdict of the thresholds that apply to it; `None` if none does.
    pub verdict: Option<Verdict>,
    /// The first such threshold, as an index into [`Judgement::rulings`].
    pub threshold: Option<usize>,
    /// All thresholds it broke, as indices.
    pub broke: Vec<usize>,
    /// Why it is ignored, if it is.
    pub ignored: Option<String>,
}

impl Judgement {
    /// The worst verdict of all thresholds; unclear if there are none.
    pub fn verdict(&self) -> Verdict {
        self.rulings.iter().map(|ruling| ruling.verdict).max().unwrap_or(Verdict::Unclear)
    }
}
