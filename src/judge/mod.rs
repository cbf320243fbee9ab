//! Judging: a pure function of a scenario and a recording, so that any verdict can be computed again, anywhere.
//!
//! In reading order: `series` runs once through the recording and keeps, for each tag, its levels at rest and the
//! troughs of the workload; `trend` decides from troughs whether something grows steadily, and how fast; `rule` holds
//! that against the scenario's thresholds. A threshold that nothing was measured for is never held, it is unclear.

use serde::{Deserialize, Serialize};

use crate::pool::Key;
use crate::record::Recording;
use crate::scenario::{Scenario, Threshold};

mod clock;
pub mod evidence;
mod level;
mod overflow;
mod rule;
mod series;

pub use evidence::{Confirmation, Evidence, Interval, Trend};
pub use level::Levels;

/// What is said of one threshold, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Measured, and not broken.
    Held,
    /// The evidence allows no verdict.
    Unclear,
    /// Measured, and broken.
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
    /// What a reader should know of the recording: gaps, missed samples, damage, tags the kernel had no room for.
    pub notes: Vec<String>,
}

/// The verdict on one threshold.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// The threshold.
    pub threshold: Threshold,
    /// The worst of the findings' verdicts.
    pub verdict: Verdict,
    /// The tags it rests on: every named one, and of all others those it did not hold for. Worst first.
    pub findings: Vec<Finding>,
}

/// What one tag, or a pool's total, says about one threshold.
#[derive(Debug, Clone)]
pub struct Finding {
    /// `MyD1 nonpaged`, or `total nonpaged`.
    pub subject: String,
    /// The verdict for this subject.
    pub verdict: Verdict,
    /// Why, in words and figures.
    pub because: String,
}

/// The figures of one tag.
#[derive(Debug, Clone)]
pub struct TagFigures {
    /// The tag.
    pub key: Key,
    /// Its settled levels before and after the workload; `None` where it was not measured at rest.
    pub levels: Option<Levels>,
    /// Whether, and how fast, it grew with the workload.
    pub evidence: Evidence,
}

/// Why a recording cannot be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// The recording has no end.
    #[error("the recording has no end: the run was interrupted, or is still going on")]
    Unfinished,
    /// Nothing was sampled while the workload ran.
    #[error("the recording has no sample taken while the workload ran")]
    NotMeasured,
}

impl Judgement {
    /// The worst verdict.
    pub fn verdict(&self) -> Verdict {
        self.rulings.iter().map(|ruling| ruling.verdict).max().unwrap_or(Verdict::Unclear)
    }
}

/// Holds `recording` against the thresholds of `scenario`.
///
/// # Errors
/// When the recording is of a run which did not measure.
pub fn judge(scenario: &Scenario, recording: &Recording) -> Result<Judgement, JudgeError> {
    let measured = series::read(scenario, recording)?;
    let warm_up = measured.warm_up(scenario);
    let rulings = scenario.thresholds().iter().map(|threshold| rule::rule(threshold, &measured, warm_up)).collect();
    let tags = measured.tags().map(|(key, series)| TagFigures {
        key: key.clone(),
        levels: measured.levels(series),
        evidence: measured.evidence(series, warm_up),
    });
    Ok(Judgement { rulings, tags: tags.collect(), notes: measured.notes() })
}
