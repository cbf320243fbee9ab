//! Checks how often or how long a workload runs, and which keys exclude each other.

use crate::counted::counted;
use crate::scenario::mistake::MistakeText;
use crate::scenario::place::{DocumentPath, PathMistake};
use crate::scenario::types::{Pause, Plan, WarmUp, Workload, command_timeout};
use crate::scenario::written::WrittenWorkload;

/// Returns the checked workload; `None` if it has no plan.
pub(super) fn workload(written: WrittenWorkload, found: &mut Vec<PathMistake>) -> Option<Workload> {
    let plan = plan(&written, found)?;
    if let Some(warm_up) = written.warm_up {
        found.extend(warm_up_of(warm_up, &plan).map(|wrong| at("warm_up").is(wrong)));
    }
    if written.pause == Pause::HalfSpeed && matches!(plan, Plan::Lasting { .. }) {
        let message = "`half_speed` needs a command that is run repeatedly";
        let help = "write `pause: idle` (the command is stopped and restarted) or `pause: never`";
        found.push(at("pause").is(MistakeText::new(message, "without `iterations`", help)));
    }
    Some(Workload { run: written.run, plan, warm_up: written.warm_up, pause: written.pause })
}

fn at(key: &'static str) -> DocumentPath {
    DocumentPath::new("workload").key(key)
}

fn plan(written: &WrittenWorkload, found: &mut Vec<PathMistake>) -> Option<Plan> {
    let WrittenWorkload { iterations, timeout, duration, count_lines, .. } = written;
    match (iterations, duration) {
        (None, None) => {
            let help = "write `iterations: 300`, or `duration: 10 min` for one command that keeps running";
            let wrong = MistakeText::new("the workload never ends", "neither `iterations` nor `duration`", help);
            found.push(DocumentPath::new("workload").name().is(wrong));
            None
        }
        (Some(_), Some(_)) => {
            let help = "keep `iterations` (one command each) or `duration` (one command that keeps running)";
            let wrong = MistakeText::new("`iterations` and `duration` cannot be combined", "beside `iterations`", help);
            found.push(at("duration").name().is(wrong));
            None
        }
        (Some(count), None) => {
            if count_lines.is_some() {
                let help = "remove it: each run of the command is one iteration";
                found.push(only_with("count_lines", "duration", help));
            }
            if *count == 0 {
                let wrong =
                    MistakeText::new("a workload of 0 iterations does nothing", "at least 1", "write 1 or more");
                found.push(at("iterations").is(wrong));
            }
            Some(Plan::Iterations { count: *count, timeout: timeout.unwrap_or_else(command_timeout) })
        }
        (None, Some(duration)) => {
            if timeout.is_some() {
                let help = "remove it: the command is stopped when `duration` is over";
                found.push(only_with("timeout", "iterations", help));
            }
            Some(Plan::Lasting { duration: *duration, count_lines: count_lines.clone() })
        }
    }
}

fn only_with(key: &'static str, other: &str, help: &str) -> PathMistake {
    let message = format!("`{key}` needs `{other}`");
    at(key).name().is(MistakeText::new(message, format!("without `{other}`"), help))
}

fn warm_up_of(warm_up: WarmUp, plan: &Plan) -> Option<MistakeText> {
    let wrong = |message: String, label: &str, help: &str| Some(MistakeText::new(message, label, help));
    match (warm_up, plan) {
        (WarmUp::Iterations(warm), Plan::Iterations { count, .. }) if warm >= *count => wrong(
            format!("a warm-up of {} leaves none of the {count} to judge", counted(warm, "iteration", "iterations")),
            "not fewer than `iterations`",
            "write fewer, or more `iterations`: the warm-up is part of them",
        ),
        (WarmUp::Time(warm), Plan::Lasting { duration, .. }) if warm >= *duration => wrong(
            format!("a warm-up of {warm} leaves none of {duration} to judge"),
            "not shorter than `duration`",
            "write a shorter warm-up, or a longer `duration`: the warm-up is part of it",
        ),
        (WarmUp::Iterations(_), Plan::Lasting { count_lines: None, .. }) => wrong(
            "a warm-up in iterations needs counted iterations".to_owned(),
            "no iterations are counted",
            "write a length of time, such as `5 min`, or add `count_lines`",
        ),
        (WarmUp::Time(warm), Plan::Iterations { .. }) => wrong(
            format!("a warm-up of {warm} does not suit a workload in iterations"),
            "a length of time",
            "write a number of iterations, such as `60`",
        ),
        (WarmUp::Iterations(_), Plan::Iterations { .. } | Plan::Lasting { count_lines: Some(_), .. })
        | (WarmUp::Time(_), Plan::Lasting { .. }) => None,
    }
}
