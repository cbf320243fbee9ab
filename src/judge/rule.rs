//! Judges one threshold by the measurements.

use super::case::Case;
use super::completeness::Completeness;
use super::judged::{Judged, Together};
use super::limit_verdict::{LimitVerdict, doubt};
use super::{Finding, Ruling, Verdict};
use crate::pool::TagPattern;
use crate::scenario::{Amount, Limit, Measure, Rate, Subject, Threshold};

/// The verdict on `threshold`, with the findings it rests on; `reported` are those of the kernel itself.
pub(super) fn rule(threshold: &Threshold, judged: &Judged, reported: &[Finding]) -> Ruling {
    let (mut cases, mut of_all) = (Vec::new(), OfAll::default());
    for (case, limits) in meant(threshold, judged) {
        if of_all.takes(threshold, &limits) {
            continue;
        }
        let (verdict, because) = worst(limits.into_iter().map(|limit| (limit.verdict, limit.because)).collect());
        cases.push((case, verdict, because));
    }
    of_all.add(judged.shown.hidden_from(&threshold.subject));
    put_in_order(threshold, &mut cases);
    let all = of_all.finding(threshold);
    let verdicts = cases.iter().map(|(_, verdict, _)| *verdict);
    let verdicts = verdicts.chain(all.iter().chain(reported).map(|finding| finding.verdict));
    let verdict = verdicts.max().unwrap_or(Verdict::Unclear);
    let none = (cases.is_empty() && all.is_none() && reported.is_empty())
        .then(|| nothing_meant(&threshold.subject, &judged.shown));
    if !names(threshold) {
        // A threshold on all tags lists only those that were not held.
        cases.retain(|(_, verdict, _)| *verdict != Verdict::Held);
    }
    let findings = judged.lockstep.gathered(cases).into_iter().map(|(_, finding)| finding).collect();
    let findings = reported.iter().cloned().chain(joined(findings, all.or(none))).collect();
    Ruling { threshold: threshold.clone(), verdict, findings }
}

/// Inserts the finding on no particular tag after the broken ones and before the others.
pub(super) fn joined(mut findings: Vec<Finding>, of_none: Option<Finding>) -> Vec<Finding> {
    let broken = findings.iter().take_while(|finding| finding.verdict == Verdict::Broken).count();
    of_none.into_iter().for_each(|finding| findings.insert(broken, finding));
    findings
}

/// Sorts the worst first; within a verdict, steady growth first, then the largest. Long lists are cut at the end.
pub(super) fn put_in_order(threshold: &Threshold, cases: &mut [(&Case, Verdict, String)]) {
    let size = |case: &Case| {
        let of = |limit| case.measured(threshold, limit).unwrap_or(case).size(limit);
        threshold.limits.first().map_or(f64::NEG_INFINITY, of)
    };
    cases.sort_by(|(one, verdict, _), (other, other_verdict, _)| {
        let order = other_verdict.cmp(verdict).then_with(|| other.is_candidate().cmp(&one.is_candidate()));
        order.then_with(|| size(other).total_cmp(&size(one)))
    });
}

/// Reasons that make every tag unclear alike. A threshold on all tags reports them as one finding, not as thousands.
#[derive(Default)]
pub(super) struct OfAll(Vec<String>);

impl OfAll {
    /// Takes the doubt about a tag if it applies to every tag, and returns whether it did.
    pub(super) fn takes(&mut self, threshold: &Threshold, limits: &[LimitVerdict]) -> bool {
        let Some(doubt) = doubt(limits).filter(|_| !names(threshold)) else { return false };
        self.add(Some(doubt));
        true
    }

    /// Adds a reason that concerns no single tag.
    pub(super) fn add(&mut self, doubt: Option<String>) {
        self.0.extend(doubt.filter(|doubt| !self.0.contains(doubt)));
    }

    /// The doubts, as one finding.
    pub(super) fn finding(self, threshold: &Threshold) -> Option<Finding> {
        let because = self.0.join("; ");
        (!because.is_empty()).then(|| Finding {
            key: None,
            subject: name(&threshold.subject),
            verdict: Verdict::Unclear,
            because,
            base: None,
        })
    }
}

/// The worst verdict on several limits, and its reasons; unclear if there are none.
pub(super) fn worst(limits: Vec<(Verdict, String)>) -> (Verdict, String) {
    let worst = limits.iter().map(|(verdict, _)| *verdict).max().unwrap_or(Verdict::Unclear);
    let because = limits.into_iter().filter(|(verdict, _)| *verdict == worst).map(|(_, because)| because);
    (worst, because.collect::<Vec<_>>().join("; "))
}

/// The indices of the thresholds that apply to a tag, with their verdicts on it.
pub(super) fn verdicts(thresholds: &[Threshold], case: &Case) -> Vec<(usize, Verdict)> {
    let meant = thresholds.iter().enumerate().filter(|(_, threshold)| is_about(threshold, case));
    let verdict = |threshold| against(threshold, case).iter().map(|limit| limit.verdict).max();
    meant.filter_map(|(at, threshold)| Some((at, verdict(threshold)?))).collect()
}

/// Judges `case` by each limit of `threshold`.
pub(super) fn against(threshold: &Threshold, case: &Case) -> Vec<LimitVerdict> {
    threshold.limits.iter().map(|limit| case.against_measured(threshold, limit, names(threshold))).collect()
}

/// The cases a threshold is about, judged by each of its limits.
pub(super) fn meant<'a>(
    threshold: &'a Threshold,
    judged: &'a Judged,
) -> impl Iterator<Item = (&'a Case, Vec<LimitVerdict>)> {
    let tags = judged.tags.iter().filter(|case| is_about(threshold, case));
    let tags = tags.map(|case| (case, against(threshold, case)));
    let sums = judged.sums.iter().filter(|sum| sum.of == threshold.subject);
    tags.chain(sums.filter_map(|sum| match threshold.subject {
        Subject::Total(_) => Some((&sum.case, against(threshold, &sum.case))),
        Subject::Tags { .. } => Some((&sum.case, together(threshold, sum)?)),
    }))
}

/// Whether a threshold is about a tag by itself.
fn is_about(threshold: &Threshold, tag: &Case) -> bool {
    matches!(threshold.subject, Subject::Tags { .. }) && threshold.means(&tag.key)
}

/// Judges the tags of a threshold together, if their sum is a candidate and none of them is.
fn together(threshold: &Threshold, sum: &Together) -> Option<Vec<LimitVerdict>> {
    // Only objects are summed, not whole slabs.
    let of_slabs = threshold.measure == Some(Measure::Slabs);
    if sum.tags < 2 || sum.seen_alone || of_slabs || !sum.case.is_candidate() {
        return None;
    }
    // The limit is multiplied by the number of tags. If the sum exceeds that, at least one tag exceeds the original
    // limit.
    let times = sum.tags as f64;
    let limits = threshold.limits.iter().filter_map(|limit| match limit {
        Limit::MaxRate(Rate { amount, per }) => {
            let amount = match amount {
                Amount::Bytes(bytes) => Amount::Bytes(bytes * times),
                Amount::Objects(objects) => Amount::Objects(objects * times),
            };
            Some(Limit::MaxRate(Rate { amount, per: *per }))
        }
        Limit::MaxGrowth(_) | Limit::MaxBytes(_) | Limit::AfterTeardown(_) => None,
    });
    Some(limits.map(|limit| sum.case.against(&limit, true)).collect())
}

/// Whether a threshold names its subject as the driver's own.
pub(super) fn names(threshold: &Threshold) -> bool {
    match &threshold.subject {
        Subject::Total(_) => true,
        Subject::Tags { tag, .. } => tag.names_tags(),
    }
}

/// The finding for a threshold without any tag. It was not held: most likely the tag is misspelt, or its cache was
/// merged.
pub(super) fn nothing_meant(subject: &Subject, shown: &Completeness) -> Finding {
    let mut because = match subject {
        Subject::Total(pool) => format!("this kernel has no {pool} pool"),
        Subject::Tags { tag, .. } => absent(tag),
    };
    shown.incomplete().into_iter().for_each(|incomplete| because.push_str(&format!("; {incomplete}")));
    Finding { key: None, subject: name(subject), verdict: Verdict::Unclear, because, base: None }
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Total(pool) => format!("total {pool}"),
        Subject::Tags { tag, .. } => tag.to_string(),
    }
}

fn absent(tag: &TagPattern) -> String {
    let which = if tag.is_literal() { "no tag of this name" } else { "no tag that matches" };
    format!(
        "{which} was seen in the whole run; check the spelling, and check that the driver was loaded (on Linux a cache may be merged into another of its size)"
    )
}
