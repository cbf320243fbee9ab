//! Judging a recording: every tag and sum by every threshold.

use std::rc::Rc;

use super::amounts::Amounts;
use super::case::Case;
use super::completeness::Completeness;
use super::evidence::{Extension, History};
use super::kernel::KernelFindings;
use super::lockstep::Lockstep;
use super::series::Measured;
use super::survivors::TagSurvivors;
use super::verdict::{Finding, Judgement, Ruling, TagFigures, Verdict};
use super::{Ignored, JudgeError, ignored, ranking, rule, series, slabs, survivors, suspects};
use crate::pool::{Counters, Key};
use crate::record::Recording;
use crate::scenario::{Scenario, Subject, Threshold};

/// Judges `recording` by the thresholds of `scenario`.
///
/// # Errors
/// When the recording has no end, has no samples of the workload or was changed, or the kernel reported a fault.
pub fn judge(scenario: &Scenario, recording: &Recording) -> Result<Judgement, JudgeError> {
    let measured = series::read(scenario, recording);
    measured.is_complete()?;
    let judged = Judged::new(scenario, recording, &measured);
    let thresholds = scenario.thresholds();
    let mut rulings: Vec<Ruling> = thresholds
        .iter()
        .zip(&judged.reported)
        .map(|(threshold, reported)| rule::rule(threshold, &judged, reported))
        .collect();
    let mut notes = measured.notes();
    notes.extend(judged.ignored.iter().filter_map(Ignored::note));
    notes.extend(judged.kernel.notes(&thresholds));
    notes.extend(measured.survivors.iter().flat_map(survivors::notes));
    notes.extend(slabs::notes(&thresholds, &judged.tags, &judged.sums));
    let ignored = judged.ignored.clone();
    let ranking = measured
        .tables()
        .and_then(|tables| ranking::ranking(tables, recording.header().times_are_known(), &judged.tags));
    let tags = judged.figures(&thresholds, &measured);
    tags.iter().for_each(|tag| tell_all_it_broke(tag, &mut rulings));
    Ok(Judgement { rulings, notes, ignored, tags, ranking })
}

/// Appends the other thresholds that `tag` broke to its finding under the first.
fn tell_all_it_broke(tag: &TagFigures, rulings: &mut [Ruling]) {
    let Some((first, others @ [_, ..])) = tag.broke.split_first() else { return };
    let others: Vec<String> =
        others.iter().filter_map(|at| rulings.get(*at)).map(|ruling| ruling.threshold.words()).collect();
    let findings = rulings.get_mut(*first).into_iter().flat_map(|ruling| &mut ruling.findings);
    if let Some(finding) = findings.into_iter().find(|finding| finding.key.as_ref() == Some(&tag.key)) {
        finding.because.push_str(&format!("; it also broke `{}`", others.join("` and `")));
    }
}

/// Everything known about each tag and sum.
pub(super) struct Judged {
    pub(super) tags: Vec<Case>,
    pub(super) sums: Vec<Together>,
    pub(super) lockstep: Lockstep,
    pub(super) ignored: Vec<Ignored>,
    pub(super) shown: Completeness,
    pub(super) kernel: KernelFindings,
    /// Findings from the kernel's own report, one list for each of the scenario's thresholds.
    pub(super) reported: Vec<Vec<Finding>>,
}

/// The figures of several tags together.
pub(super) struct Together {
    pub(super) of: Subject,
    pub(super) case: Case,
    /// The number of tags in the sum.
    pub(super) tags: usize,
    /// One of the tags is a candidate or ignored.
    pub(super) seen_alone: bool,
}

impl Judged {
    pub(super) fn new(scenario: &Scenario, recording: &Recording, measured: &Measured) -> Judged {
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
        let lockstep = Lockstep::new(&tags, history);
        let known = |key: &Key| tags.iter().any(|case| case.key.pool == key.pool && case.key.tag == key.tag);
        let driver = scenario.driver.as_ref().map(|driver| driver.as_str());
        let kernel = measured.kernel.clone();
        let reported = scenario.thresholds();
        let reported = reported.iter().map(|threshold| kernel.findings(threshold, known, &scenario.ignore, driver));
        let reported = reported.collect();
        Judged { tags, sums, lockstep, ignored, shown: measured.shown(), kernel, reported }
    }

    /// All cases: each tag and sum, and their whole slabs if those were measured.
    pub(super) fn cases(&self) -> impl Iterator<Item = &Case> {
        let cases = self.tags.iter().chain(self.sums.iter().map(|sum| &sum.case));
        cases.flat_map(|case| std::iter::once(case).chain(case.slabs.as_deref()))
    }

    pub(super) fn figures(self, thresholds: &[Threshold], measured: &Measured) -> Vec<TagFigures> {
        let Judged { tags, lockstep, .. } = self;
        let figures = tags.into_iter().map(|case| {
            let verdicts: Vec<(usize, Verdict)> = rule::verdicts(thresholds, &case);
            let broke = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Broken);
            let mut in_lockstep_with: Vec<Key> = lockstep.with(&case.key).cloned().collect();
            in_lockstep_with.sort_unstable();
            TagFigures {
                verdict: verdicts.iter().map(|(_, verdict)| *verdict).max(),
                broke: broke.map(|(at, _)| *at).collect(),
                threshold: verdicts.first().map(|(at, _)| *at),
                generic: suspects::is_generic(&case.key),
                survivors: TagSurvivors::new(&case.key, measured),
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
