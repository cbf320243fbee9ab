//! The checks across keys, and the conversion from written to checked types.
//!
//! All checks run, so that an author sees every mistake at once. A [`Scenario`] is returned only if there are none.
//! Each check gives its place as a path; lines and columns are not known here.

mod flags;
mod reboot;
mod second_look;
mod thresholds;
mod workload;

use super::mistake::MistakeText;
use super::place::{DocumentPath, PathMistake};
use super::quantity::Duration;
use super::scalar::not_empty;
use super::simulated::MachineChoice;
use super::types::{Ignore, Plan, Sampling, Scenario, Workload};
use super::written::Document;

/// Returns the scenario of a document, or all its mistakes in the order of the keys.
pub(super) fn validate(document: Document) -> Result<Scenario, Vec<PathMistake>> {
    let mut found = without_teardown(&document);
    found.extend(document.machine.as_ref().and_then(machine));
    found.extend(document.flags.iter().flat_map(flags::flags));
    found.extend(reboot::after_panic(document.reboot.as_ref(), document.flags.as_ref()));
    let workload = workload::workload(document.workload, &mut found);
    sampling(&document.sampling, workload.as_ref(), &mut found);
    found.extend(second_look::time_limit(document.time_limit, document.confirm, &document.sampling, workload.as_ref()));
    let thresholds = thresholds::thresholds(document.thresholds, workload.as_ref(), &mut found);
    ignore(&document.ignore, &mut found);
    match workload {
        Some(workload) if found.is_empty() => Ok(Scenario {
            name: document.scenario,
            description: document.description,
            driver: document.driver,
            machine: document.machine,
            flags: reboot::with_panic(document.flags, document.reboot.as_ref()),
            reboot: document.reboot,
            setup: document.setup,
            workload,
            teardown: document.teardown,
            sampling: document.sampling,
            confirm: document.confirm,
            time_limit: document.time_limit,
            stacks: document.stacks,
            thresholds,
            ignore: document.ignore,
        }),
        _ => Err(found),
    }
}

/// Finds limits on memory left after teardown in a scenario without teardown.
fn without_teardown(document: &Document) -> Vec<PathMistake> {
    let limited = document.thresholds.iter().enumerate().filter(|(_, threshold)| threshold.after_teardown.is_some());
    let refused = |(index, _)| {
        let help = "write the commands that unload the driver under `teardown`";
        let message = "`after_teardown` limits memory left after teardown, but there is no `teardown`";
        DocumentPath::new("thresholds").item(index).key("after_teardown").name().is(MistakeText::new(
            message,
            "no `teardown`",
            help,
        ))
    };
    if document.teardown.is_empty() { limited.map(refused).collect() } else { Vec::new() }
}

fn machine(machine: &MachineChoice) -> Option<PathMistake> {
    let tags = machine.simulated.tags;
    let wrong =
        || MistakeText::new(format!("{tags} background tags are too many"), "at most 10000", "write 10000 or less");
    (tags > 10_000).then(|| DocumentPath::new("machine").key("simulated").key("tags").is(wrong()))
}

fn sampling(sampling: &Sampling, workload: Option<&Workload>, found: &mut Vec<PathMistake>) {
    const SHORTEST: Duration = Duration::from_millis(10);
    const LONGEST_SETTLE: Duration = Duration::from_secs(10 * 60);
    let Sampling { every, settle, lead_in, cool_down, shrink: _ } = *sampling;
    let at = |key| DocumentPath::new("sampling").key(key);
    if every < SHORTEST {
        let wrong = MistakeText::new(
            format!("{every} between two samples is too short"),
            format!("shorter than {SHORTEST}"),
            format!("write {SHORTEST} or more: reading the pools takes time and must not become the load"),
        );
        found.push(at("every").is(wrong));
        return;
    }
    if settle > LONGEST_SETTLE {
        let help = format!("write {LONGEST_SETTLE} or less; memory freed later counts as leaked");
        let wrong = MistakeText::new(format!("{settle} is too long to settle"), format!("over {LONGEST_SETTLE}"), help);
        found.push(at("settle").is(wrong));
    }
    if let Some(Plan::Lasting { duration, .. }) = workload.map(|workload| &workload.plan) {
        if settle >= *duration {
            let message = format!("`settle` ({settle}) is not shorter than the run itself ({duration})");
            let help = format!("write less than {duration}, or a longer `duration` under `workload`");
            let wrong = MistakeText::new(message, "longer than the run", help);
            found.push(at("settle").is(wrong).or_at(DocumentPath::new("workload").key("duration")));
        }
        if every > *duration {
            let message = format!("the run ({duration}) ends before its first sample (`every` {every})");
            let help = format!("write {every} or more, or a shorter `every` under `sampling`");
            let wrong = MistakeText::new(message, "too short to be sampled", help);
            found.push(DocumentPath::new("workload").key("duration").is(wrong));
        }
    }
    for (key, span) in [("lead_in", lead_in), ("cool_down", cool_down)] {
        let needed = Duration::from(every.as_std().saturating_mul(4));
        if span < needed {
            let message = format!("`{key}` ({span}) is too short for four samples (`every` {every})");
            let help = format!("write `{key}: {needed}` or more, or a shorter `every`");
            found.push(at(key).is(MistakeText::new(message, "too short", help)).or_at(at("every")));
        }
    }
}

fn ignore(ignored: &[Ignore], found: &mut Vec<PathMistake>) {
    for (index, Ignore { because, .. }) in ignored.iter().enumerate() {
        if let Err(wrong) = not_empty(because, "the reason", "write why the growth is known and harmless") {
            found.push(DocumentPath::new("ignore").item(index).key("because").is(wrong));
        }
    }
}
