//! Judging: a pure function of a scenario and a recording, so any verdict can be computed again anywhere.
//!
//! In reading order: `series` reads the recording once and keeps, for each tag, its levels at rest and its history
//! under the workload. [`evidence`] decides from a history whether the tag leaks, at which rate, and how certain that
//! is. `case` compares this with single limits, and `rule` with the scenario's thresholds. `again` plans second looks.
//! A threshold without any measurement is never held; it is unclear.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pool::{Counters, Key};
use crate::record::Recording;
use crate::scenario::{Scenario, Subject, Threshold};

mod again;
mod amounts;
mod case;
mod clock;
mod compare;
mod coverage;
mod doubts;
mod error;
pub mod evidence;
mod ignored;
mod kernel;
mod left;
mod level;
mod limits;
mod lockstep;
mod look;
mod overflow;
mod ranking;
mod rule;
mod said;
mod series;
mod shown;
mod slabs;
mod sums;
mod suspects;
mod tables;
mod witness;
mod words;

use amounts::Amounts;
use case::Case;
use evidence::{Extension, History};
use kernel::KernelSaid;
use lockstep::Lockstep;
use series::Measured;
use shown::Shown;

pub use again::second_look;
pub use compare::{CompareError, Compared, Comparison, compare};
pub use error::JudgeError;
pub use evidence::{Confirmation, Early, Evidence, Interval, Trend};
pub use ignored::Ignored;
pub use kernel::kernel_notes;
pub use level::Levels;
pub use ranking::{Grown, Ranking};
pub use suspects::is_generic;

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
    /// The threshold.
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
    /// The tag.
    pub key: Key,
    /// Its settled levels before and after the workload; `None` if it was not measured at rest.
    pub levels: Option<Levels>,
    /// The settled levels of a cache's whole slabs, if they were measured; objects are 0.
    pub slabs: Option<Levels>,
    /// Whether it grew with the workload, and how fast.
    pub evidence: Evidence,
    /// The result of the second look, if the tag was a candidate and was looked at again.
    pub confirmation: Option<Confirmation>,
    /// Tags that grow in lockstep with it.
    pub in_lockstep_with: Vec<Key>,
    /// Many drivers allocate under this tag, so its growth points to none of them.
    pub generic: bool,
    /// The worst verdict of the thresholds that apply to it; `None` if none does.
    pub verdict: Option<Verdict>,
    /// The text of the first such threshold.
    pub threshold: Option<String>,
    /// All thresholds it broke.
    pub broke: Vec<String>,
    /// Why it is ignored, if it is.
    pub ignored: Option<String>,
}

impl Judgement {
    /// The worst verdict.
    pub fn verdict(&self) -> Verdict {
        self.rulings.iter().map(|ruling| ruling.verdict).max().unwrap_or(Verdict::Unclear)
    }
}

/// Judges `recording` by the thresholds of `scenario`.
///
/// # Errors
/// When the recording has no end, has no samples of the workload or was changed, or the kernel reported a fault.
pub fn judge(scenario: &Scenario, recording: &Recording) -> Result<Judgement, JudgeError> {
    let measured = series::read(scenario, recording);
    measured.is_complete()?;
    let judged = Judged::of(scenario, recording, &measured);
    let thresholds = scenario.thresholds();
    let mut rulings: Vec<Ruling> = thresholds
        .iter()
        .zip(&judged.reported)
        .map(|(threshold, reported)| rule::rule(threshold, &judged, reported))
        .collect();
    let mut notes = measured.notes();
    notes.extend(judged.ignored.iter().filter_map(Ignored::note));
    notes.extend(judged.kernel.notes(&thresholds));
    notes.extend(slabs::notes(&thresholds, &judged.tags, &judged.sums));
    let ignored = judged.ignored.clone();
    let ranking = measured
        .tables()
        .and_then(|tables| ranking::ranking(tables, recording.header().times_are_known(), &judged.tags));
    let tags = judged.figures(&thresholds);
    tags.iter().for_each(|tag| tell_all_it_broke(tag, &mut rulings));
    Ok(Judgement { rulings, notes, ignored, tags, ranking })
}

/// Appends the other thresholds that `tag` broke to its finding under the first.
fn tell_all_it_broke(tag: &TagFigures, rulings: &mut [Ruling]) {
    let Some((first, others @ [_, ..])) = tag.broke.split_first() else { return };
    let ruling = rulings.iter_mut().find(|ruling| ruling.threshold.words() == *first);
    let finding =
        ruling.and_then(|ruling| ruling.findings.iter_mut().find(|finding| finding.key.as_ref() == Some(&tag.key)));
    if let Some(finding) = finding {
        finding.because.push_str(&format!("; it also broke `{}`", others.join("` and `")));
    }
}

/// Everything known about each tag and sum.
struct Judged {
    tags: Vec<Case>,
    sums: Vec<Together>,
    lockstep: Lockstep,
    ignored: Vec<Ignored>,
    shown: Shown,
    kernel: KernelSaid,
    /// Findings from the kernel's own report, one list for each of the scenario's thresholds.
    reported: Vec<Vec<Finding>>,
}

/// The figures of several tags together.
struct Together {
    of: Subject,
    case: Case,
    /// Number of tags.
    tags: usize,
    /// One of the tags is a candidate or ignored.
    seen_alone: bool,
}

impl Judged {
    fn of(scenario: &Scenario, recording: &Recording, measured: &Measured) -> Judged {
        let ignored = ignored::entries(&scenario.ignore, recording.header().started, measured.keys());
        let window = measured.clock().window();
        let timed = recording.header().times_are_known();
        let (doubts, thin) = (Rc::new(measured.doubts().with_times(timed)), measured.thin_look());
        let log = measured.tables().is_some();
        let case = |key: Key, amounts: Amounts, history: &History, looks: &[Extension]| {
            let case = Case::new(scenario, key, amounts, history, window, looks);
            case.early(measured.early(history), log).timed(timed).doubted(&doubts).thin(thin.clone())
        };
        let tags = measured.keys().iter().enumerate().map(|(row, key)| {
            let history = measured.history(row);
            let case = case(key.clone(), measured.amounts(row, &history), &history, &measured.looks_at(row));
            let case = case.unsound(measured.overflowed()).hidden(measured.hidden(row));
            let case = case.left(measured.left_of(row)).remaining(measured.kernel.remaining_in(key));
            case.ignored(ignored::reason(&scenario.ignore, &ignored, key))
        });
        let tags: Vec<Case> = tags.collect();
        let sums = measured.sums().filter_map(|(at, sum, history)| {
            let amounts = match measured.reported(sum) {
                Some(row) => measured.amounts(row, &history),
                None => measured.amounts_of_sum(at, &history),
            };
            let case = case(sum.key()?, amounts, &history, &measured.looks_at_sum(at));
            let rows = || sum.rows().iter().filter_map(|row| tags.get(*row));
            // A sum counts no objects if one of its tags does not.
            let counts = rows().all(|tag| tag.key.counters != Counters::BytesOnly);
            // A sum with an ignored tag gives no information about the others.
            let seen_alone = rows().any(|tag| tag.is_candidate() || tag.ignored.is_some());
            let case = case.left(measured.left_of_sum(sum)).of_several(counts);
            let case = case.hidden(measured.sum_hidden(sum)).reported(measured.reported(sum).is_some());
            Some(Together { of: sum.of.clone(), case, tags: sum.rows().len(), seen_alone })
        });
        let sums = slabs::joined_sums(sums.collect());
        let (tags, rows) = slabs::joined(tags);
        let history = |at: usize| measured.history(rows.get(at).copied().unwrap_or(at));
        let lockstep = Lockstep::of(&tags, history);
        let known = |key: &Key| tags.iter().any(|case| case.key.pool == key.pool && case.key.tag == key.tag);
        let driver = scenario.driver.as_ref().map(|driver| driver.as_str());
        let kernel = measured.kernel.clone();
        let reported = scenario.thresholds();
        let reported = reported.iter().map(|threshold| kernel.findings(threshold, known, &scenario.ignore, driver));
        let reported = reported.collect();
        Judged { tags, sums, lockstep, ignored, shown: measured.shown(), kernel, reported }
    }

    /// All cases: each tag and sum, and their whole slabs if those were measured.
    fn cases(&self) -> impl Iterator<Item = &Case> {
        let cases = self.tags.iter().chain(self.sums.iter().map(|sum| &sum.case));
        cases.flat_map(|case| std::iter::once(case).chain(case.slabs.as_deref()))
    }

    fn figures(self, thresholds: &[Threshold]) -> Vec<TagFigures> {
        let Judged { tags, lockstep, .. } = self;
        let figures = tags.into_iter().map(|case| {
            let verdicts: Vec<(String, Verdict)> = rule::verdicts(thresholds, &case);
            let broke = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Broken);
            let mut in_lockstep_with: Vec<Key> = lockstep.with(&case.key).cloned().collect();
            in_lockstep_with.sort_unstable();
            TagFigures {
                verdict: verdicts.iter().map(|(_, verdict)| *verdict).max(),
                broke: broke.map(|(words, _)| words.clone()).collect(),
                threshold: verdicts.into_iter().next().map(|(words, _)| words),
                generic: suspects::is_generic(&case.key),
                key: case.key,
                ignored: case.ignored,
                levels: case.amounts.levels.ok(),
                slabs: case.slabs.and_then(|slabs| slabs.amounts.levels.ok()),
                evidence: case.evidence,
                confirmation: case.confirmation,
                in_lockstep_with,
            }
        });
        figures.collect()
    }
}
