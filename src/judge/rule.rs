//! One threshold held against what was measured.

use super::case::{Case, Said};
use super::{Finding, Judged, Ruling, Verdict};
use crate::pool::TagPattern;
use crate::scenario::{Subject, Threshold};

/// The verdict on `threshold`, with the findings it rests on.
pub(super) fn rule(threshold: &Threshold, judged: &Judged) -> Ruling {
    let mut told: Vec<(&Case, Verdict, String)> = meant(threshold, judged)
        .map(|case| {
            let said = against(threshold, case);
            let verdict = said.iter().map(|said| said.verdict).max().unwrap_or(Verdict::Unclear);
            let worst = said.into_iter().filter(|said| said.verdict == verdict).map(|said| said.because);
            (case, verdict, worst.collect::<Vec<_>>().join("; "))
        })
        .collect();
    told.sort_by_key(|(_, verdict, _)| std::cmp::Reverse(*verdict));
    let verdict = told.iter().map(|(_, verdict, _)| *verdict).max().unwrap_or(Verdict::Unclear);
    let none = told.is_empty().then(|| nothing_meant(&threshold.subject));
    if !names(threshold) {
        // Of a whole table only what did not hold is worth a line.
        told.retain(|(_, verdict, _)| *verdict != Verdict::Held);
    }
    let findings = judged.lockstep.gathered(told);
    Ruling { threshold: threshold.clone(), verdict, findings: findings.into_iter().chain(none).collect() }
}

/// The thresholds which mean a tag, with their verdicts on it.
pub(super) fn verdicts(thresholds: &[Threshold], case: &Case) -> Vec<(String, Verdict)> {
    let meant = thresholds.iter().filter(|threshold| threshold.subject.means(&case.key));
    let verdict = |threshold| against(threshold, case).iter().map(|said| said.verdict).max();
    meant.filter_map(|threshold| Some((threshold.words(), verdict(threshold)?))).collect()
}

/// What each limit of `threshold` comes to for `case`.
pub(super) fn against(threshold: &Threshold, case: &Case) -> Vec<Said> {
    threshold.limits.iter().map(|limit| case.against(limit, names(threshold))).collect()
}

/// The cases a threshold is about.
pub(super) fn meant<'a>(threshold: &'a Threshold, judged: &'a Judged) -> impl Iterator<Item = &'a Case> {
    let (tags, totals) = match &threshold.subject {
        Subject::Tags { .. } => (judged.tags.as_slice(), &[][..]),
        Subject::Total(_) => (&[][..], judged.totals.as_slice()),
    };
    let tags = tags.iter().filter(|case| threshold.subject.means(&case.key));
    tags.chain(totals.iter().filter(|case| threshold.subject == Subject::Total(case.key.pool)))
}

/// Whether a threshold names what it is about as the driver's own.
fn names(threshold: &Threshold) -> bool {
    match &threshold.subject {
        Subject::Total(_) => true,
        Subject::Tags { tag, .. } => tag.names_tags(),
    }
}

/// A threshold that nothing fell under was not held: most likely the tag is misspelt, or its cache was merged away.
fn nothing_meant(subject: &Subject) -> Finding {
    let (subject, because) = match subject {
        Subject::Total(pool) => (format!("total {pool}"), format!("this kernel has no {pool} pool")),
        Subject::Tags { tag, .. } => (tag.to_string(), absent(tag)),
    };
    Finding { subject, verdict: Verdict::Unclear, because }
}

fn absent(tag: &TagPattern) -> String {
    let which = if tag.is_literal() { "no tag of this name" } else { "no tag that matches" };
    format!(
        "{which} was seen in the whole run; check the spelling, and whether the driver was loaded (on Linux a cache may be merged into another of its size)"
    )
}
