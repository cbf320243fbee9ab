//! `poolgate check`: previews a run on this machine. It only reads and changes nothing.

use std::path::{Path, PathBuf};

use crate::cli::args::root::Root;
use crate::cli::output::change::lines;
use crate::cli::output::errors;
use crate::cli::output::stdout::say;
use crate::cli::output::verbosity::is_verbose;
use crate::counted::counted;
use crate::doctor::Obstacles;
use crate::exit::Exit;
use crate::gate::planned;
use crate::machine::{MachineError, native};
use crate::pool::{Pool, Snapshot};
use crate::run::full_path;
use crate::scenario::{Duration, Pause, Plan, Sampling, Scenario, Subject, Threshold};

#[derive(Debug, clap::Args)]
pub(super) struct CheckCommand {
    /// Scenarios: YAML files, folders of them, or wildcards
    #[arg(required = true, value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Check only the scenarios, not whether this machine can run them; for scenarios that run elsewhere
    #[arg(long)]
    elsewhere: bool,
    #[command(flatten)]
    root: Root,
}

impl CheckCommand {
    pub(super) fn run(self) -> Exit {
        let Some(scenarios) = errors::load_all(&self.scenarios) else { return Exit::Usage };
        let mut can_pass = true;
        for (path, loaded) in &scenarios {
            say!("{}: scenario {} is valid", path.display(), loaded.scenario.name.as_str());
            plan(&loaded.scenario);
            if self.elsewhere {
                loaded.scenario.thresholds().iter().for_each(|threshold| say!("  must hold: {}", threshold.words()));
            } else {
                can_pass &= self.here(path, &loaded.scenario);
            }
            say!("");
        }
        if can_pass { Exit::Held } else { Exit::Usage }
    }

    /// Prints what a run would do on this machine, and every reason why it would fail. Returns false if the run can
    /// only end unclear or in an error.
    fn here(&self, path: &Path, scenario: &Scenario) -> bool {
        let mut found = Obstacles::default();
        let needs_boot = self.changes(scenario, &mut found);
        let now = self.thresholds(scenario);
        let snapshot = match &now {
            // If the run's flags turn tagging on, it reads the tags only after its boot.
            Some(Err(MachineError::TaggingOff)) if needs_boot => None,
            Some(Err(error)) => {
                found.meets(error);
                None
            }
            Some(Ok(snapshot)) => Some(snapshot),
            None => None,
        };
        let home = path.parent().unwrap_or(Path::new(""));
        let home = full_path(if home.as_os_str().is_empty() { Path::new(".") } else { home });
        found.look(scenario, &home.unwrap_or_default(), snapshot);
        found.certain.iter().for_each(|why| say!("  cannot pass: {why}"));
        found.for_now.iter().for_each(|why| say!("  note: a run started now, with these rights, would fail: {why}"));
        let removed = "unless an earlier command removes this obstacle";
        found.likely.iter().for_each(|why| say!("  note: cannot pass {removed}: {why}"));
        found.certain.is_empty()
    }

    /// Prints the changes to the machine, setting by setting. Returns whether they need a boot.
    fn changes(&self, scenario: &Scenario, found: &mut Obstacles) -> bool {
        match planned(scenario, self.root.folder()) {
            Err(error) => found.meets(&error),
            Ok(changes) if changes.is_empty() => say!("  sets no flags and needs no reboot"),
            Ok(changes) => {
                for change in &changes {
                    say!("  flag {}", lines(change).join("\n    "));
                }
                say!("  reboots the machine, restores the original flags, and reboots again");
                return true;
            }
        }
        false
    }

    /// Prints the thresholds, each with the tags it covers now. Returns the machine's pools; `None` for a simulated
    /// machine, because its tags exist only during a run.
    fn thresholds(&self, scenario: &Scenario) -> Option<Result<Snapshot, MachineError>> {
        let mut machine = native::machine(self.root.folder());
        let now = scenario.machine.is_none().then(|| machine.pool.sample().cloned());
        for threshold in scenario.thresholds() {
            let tags = match (&threshold.subject, &now) {
                (_, Some(Ok(snapshot))) if threshold.measure.is_some() && !has_slabs(snapshot) => {
                    " (this system has no slab caches to measure: the verdict is unclear)".to_owned()
                }
                (Subject::Tags { .. }, Some(Ok(snapshot))) => meant(&threshold, snapshot),
                (Subject::Tags { .. } | Subject::Total(_), _) => String::new(),
            };
            say!("  must hold: {}{tags}", threshold.words());
        }
        now
    }
}

fn plan(scenario: &Scenario) {
    match &scenario.machine {
        Some(choice) => say!("  runs on a simulated kernel (seed {})", choice.simulated.seed),
        None => say!("  runs on this machine"),
    }
    let line = |what: &str, command: &str| say!("  {what}: {command}");
    scenario.setup.iter().for_each(|step| line("setup", step.run.as_str()));
    let sampling = &scenario.sampling;
    say!("  lead-in: {}, a sample every {}", sampling.lead_in, sampling.every);
    let run = scenario.workload.run.as_str();
    match &scenario.workload.plan {
        Plan::Iterations { count, .. } => line(&format!("workload, {}", counted(*count, "time", "times")), run),
        Plan::Lasting { duration, .. } => line(&format!("workload, for {duration}"), run),
    }
    say!("  cool-down: {}", sampling.cool_down);
    scenario.teardown.iter().for_each(|step| line("teardown", step.run.as_str()));
    line("takes", &takes(scenario));
}

/// Estimates the run's duration from the scenario, with and without a second look.
fn takes(scenario: &Scenario) -> String {
    let Sampling { lead_in, cool_down, .. } = scenario.sampling;
    let rest = lead_in.as_std() + cool_down.as_std();
    // The length of a second look, as a multiple of the first (`judge/evidence/order.rs`).
    let times: u32 = if scenario.workload.pause == Pause::Never { 2 } else { 3 };
    let (once, more) = match &scenario.workload.plan {
        Plan::Iterations { count, .. } => {
            let more = count.saturating_mul(times.into());
            let iterations = counted(*count, "iteration", "iterations");
            (format!("{} and {iterations}", Duration::from(rest)), format!("as long as {more} more iterations"))
        }
        Plan::Lasting { duration, .. } => {
            let more = duration.as_std().saturating_mul(times);
            (Duration::from(rest + duration.as_std()).to_string(), format!("{} more", Duration::from(more)))
        }
    };
    match (scenario.confirm, scenario.time_limit) {
        (false, _) => format!("{once}, without a second look"),
        (true, None) => format!("{once}; if a tag grows, a second look takes {more}"),
        (true, Some(limit)) => {
            format!("{once}; if a tag grows, a second look takes {more}, provided that it fits into {limit}")
        }
    }
}

fn has_slabs(snapshot: &Snapshot) -> bool {
    snapshot.present().any(|(key, _)| key.pool == Pool::Slabs)
}

fn meant(threshold: &Threshold, snapshot: &Snapshot) -> String {
    let meant: Vec<&str> =
        snapshot.present().filter(|(key, _)| threshold.means(key)).map(|(key, _)| key.tag.as_str()).collect();
    match meant.as_slice() {
        [] => " (no such tag now: it must appear during the run, or the verdict is unclear)".to_owned(),
        [one] => format!(" (now: {one})"),
        all if is_verbose() => format!(" (now {} tags: {})", all.len(), all.join(", ")),
        [first, second, ..] => format!(" (now {} tags: {first}, {second} …)", meant.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_takes_longer_if_something_grew() {
        for (scenario, time) in [
            (
                "workload: { run: w, iterations: 300 }",
                "40 s and 300 iterations; if a tag grows, a second look takes as long as 900 more iterations",
            ),
            (
                "workload: { run: w, duration: 10 min, pause: never }",
                "640 s; if a tag grows, a second look takes 20 min more",
            ),
            (
                "workload: { run: w, duration: 10 min }\ntime_limit: 1 h",
                "640 s; if a tag grows, a second look takes 30 min more, provided that it fits into 1 h",
            ),
            ("workload: { run: w, iterations: 9 }\nconfirm: false", "40 s and 9 iterations, without a second look"),
        ] {
            let text = format!("scenario: test\n{scenario}\n");
            let loaded = crate::scenario::parse("test.yaml", text.as_bytes()).unwrap();
            assert_eq!(takes(&loaded.scenario), time);
        }
    }
}
