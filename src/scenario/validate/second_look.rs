//! Checks the time limit of a second look.

use crate::scenario::mistake::MistakeText;
use crate::scenario::place::{DocumentPath, PathMistake};
use crate::scenario::quantity::Duration;
use crate::scenario::types::{Plan, Sampling, Workload};

/// Checks a time limit. `workload` is `None` if its plan is unknown.
pub(super) fn time_limit(
    limit: Option<Duration>,
    confirm: bool,
    sampling: &Sampling,
    workload: Option<&Workload>,
) -> Option<PathMistake> {
    let limit = limit?;
    let place = DocumentPath::new("time_limit");
    if !confirm {
        let help = "remove it: with `confirm: false` every run has one look, as long as its workload";
        let message = "`time_limit` limits second looks, but `confirm: false` has none";
        return Some(place.name().is(MistakeText::new(message, "beside `confirm: false`", help)));
    }
    let needed = shortest(sampling, workload);
    let wrong = || {
        let message = format!("`time_limit` ({limit}) ends before the workload");
        let help = format!("write more than {needed}, the minimum for lead-in, workload and cool-down");
        MistakeText::new(message, "too short", help)
    };
    (limit <= needed).then(|| place.is(wrong()))
}

/// Returns the shortest time of one look.
fn shortest(sampling: &Sampling, workload: Option<&Workload>) -> Duration {
    let work = match workload.map(|workload| &workload.plan) {
        Some(Plan::Lasting { duration, .. }) => duration.as_std(),
        Some(Plan::Iterations { count, .. }) => {
            sampling.settle.as_std().saturating_mul(u32::try_from(*count).unwrap_or(u32::MAX))
        }
        None => std::time::Duration::ZERO,
    };
    let around = sampling.lead_in.as_std().saturating_add(sampling.cool_down.as_std());
    around.saturating_add(work).into()
}
