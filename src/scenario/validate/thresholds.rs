//! Checks that each threshold has exactly one subject and at least one limit, and that no two are equal.

use std::collections::HashSet;

use crate::pool::Pool;
use crate::scenario::mistake::{MistakeText, shown};
use crate::scenario::place::{DocumentPath, PathMistake};
use crate::scenario::quantity::{Amount, Per};
use crate::scenario::scalar::ScalarText;
use crate::scenario::threshold::{Limit, Measure, Subject, Threshold};
use crate::scenario::types::Workload;
use crate::scenario::written::WrittenThreshold;

/// Returns the checked thresholds. `workload` is `None` if it is unknown whether it counts iterations.
pub(super) fn thresholds(
    written: Vec<WrittenThreshold>,
    workload: Option<&Workload>,
    found: &mut Vec<PathMistake>,
) -> Vec<Threshold> {
    let counted = workload.is_none_or(Workload::counts_iterations);
    let mut names = HashSet::new();
    let mut thresholds = Vec::new();
    for (index, written) in written.into_iter().enumerate() {
        let place = DocumentPath::new("thresholds").item(index);
        let limits = limits(&written, &place, counted, found);
        let measure = written.measure;
        measure_goes_with(&written, &place, found);
        let Some(subject) = subject(written, &place, found) else { continue };
        let threshold = Threshold { subject, limits, measure };
        let words = threshold.words();
        if !names.insert(words.clone()) {
            let message = format!("the threshold `{}` is given twice", shown(&words));
            found.push(place.is(MistakeText::new(message, "the second one", "remove one of the two")));
        }
        thresholds.push(threshold);
    }
    thresholds
}

fn subject(written: WrittenThreshold, place: &DocumentPath, found: &mut Vec<PathMistake>) -> Option<Subject> {
    let WrittenThreshold { tag, except, pool, total, .. } = written;
    match (tag, total) {
        (Some(ScalarText(tag)), None) => {
            Some(Subject::Tags { tag, except: except.into_iter().map(|ScalarText(tag)| tag).collect(), pool })
        }
        (None, Some(total)) => {
            for (key, written) in [("pool", pool.is_some()), ("except", !except.is_empty())] {
                if written {
                    let message = format!("`{key}` needs `tag`");
                    let help = format!("remove it: `total: {total}` is all of that pool");
                    found.push(place.clone().key(key).name().is(MistakeText::new(message, "beside `total`", help)));
                }
            }
            Some(Subject::Total(total))
        }
        (Some(_), Some(_)) => {
            let help = "write two thresholds, one for the `tag` and one for the `total`";
            let wrong = MistakeText::new("`tag` and `total` cannot be combined", "beside `tag`", help);
            found.push(place.clone().key("total").name().is(wrong));
            None
        }
        (None, None) => {
            let help = "write `tag: \"MyD?\"` for tags one by one, or `total: nonpaged` for a pool";
            let wrong = MistakeText::new("this threshold has no subject", "neither `tag` nor `total`", help);
            found.push(place.clone().is(wrong));
            None
        }
    }
}

/// Checks that only slab caches have a measure, and that a rate in objects is not measured in slabs.
fn measure_goes_with(written: &WrittenThreshold, place: &DocumentPath, found: &mut Vec<PathMistake>) {
    for (key, pool) in [("pool", written.pool), ("total", written.total)] {
        match (pool, written.measure) {
            (Some(Pool::Slabs), _) => {
                let help = format!("write `{key}: slab` and `measure: slabs`");
                let wrong = MistakeText::new("`slabs` is a measure of the pool `slab`, not a pool", "not a pool", help);
                found.push(place.clone().key(key).is(wrong));
            }
            (Some(pool), Some(measure)) if pool != Pool::Slab => {
                let message = format!("the {pool} pool has no slabs to measure");
                let help = "remove it: only the pool `slab`, of Linux, has `objects` and `slabs`";
                found.push(place.clone().key("measure").is(MistakeText::new(
                    message,
                    format!("{measure} of {pool}"),
                    help,
                )));
            }
            (Some(_) | None, _) => {}
        }
    }
    let of_objects = written.max_rate.is_some_and(|rate| matches!(rate.amount, Amount::Objects(_)));
    if of_objects && written.measure == Some(Measure::Slabs) {
        let help = "give the rate in bytes, or write `measure: objects`";
        let wrong = MistakeText::new("a rate in objects cannot be measured in slabs", "objects, not slabs", help);
        found.push(place.clone().key("max_rate").is(wrong));
    }
}

fn limits(written: &WrittenThreshold, place: &DocumentPath, counted: bool, found: &mut Vec<PathMistake>) -> Vec<Limit> {
    let limits: Vec<Limit> = [
        written.max_growth.map(Limit::MaxGrowth),
        written.max_rate.map(Limit::MaxRate),
        written.max_bytes.map(Limit::MaxBytes),
        written.after_teardown.map(Limit::AfterTeardown),
    ]
    .into_iter()
    .flatten()
    .collect();
    if limits.is_empty() {
        let help = "add `max_growth: 64 KiB`, `max_rate: 16 B/iteration` or `max_bytes: 1 MiB`";
        found.push(place.clone().is(MistakeText::new("this threshold limits nothing", "no limit", help)));
    }
    if written.max_rate.is_some_and(|rate| rate.per == Per::Iteration) && !counted {
        let help = "write a rate per hour, such as `1 MiB/h`, or add `count_lines` under `workload`";
        let message = "a rate per iteration needs counted iterations";
        found.push(place.clone().key("max_rate").is(MistakeText::new(message, "no iterations are counted", help)));
    }
    limits
}
