//! `poolgate judge`: the verdicts on recordings, computed again.

use std::path::PathBuf;

use super::{terminal, trouble};
use crate::exit::Exit;
use crate::judge::judge;
use crate::record::{Event, Recording};
use crate::report::{self, Failure, Host, Outcome, Report};
use crate::scenario::Scenario;

/// Judges recordings.
#[derive(Debug, clap::Args)]
pub(super) struct Judge {
    /// Recordings, or folders of runs
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Judge by this scenario's thresholds; without it each by the one it was run with
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// Print a JSON report for each instead of a table
    #[arg(long)]
    json: bool,
}

impl Judge {
    pub(super) fn run(self) -> Exit {
        let mut worst = Outcome::Held;
        for file in &self.files {
            let recording = if file.is_dir() { file.join("recording.pgr") } else { file.clone() };
            let scenario = self.scenario.clone().unwrap_or_else(|| recording.with_file_name("scenario.yaml"));
            let Some(loaded) = trouble::load(&scenario) else { return Exit::Usage };
            let report = match Recording::open(&recording) {
                Ok(opened) => report(&loaded.scenario, &opened),
                Err(error) => {
                    trouble::tell(error, Some("give a recording.pgr, or the folder of a run"));
                    worst = Outcome::Error;
                    continue;
                }
            };
            if self.json {
                anstream::print!("{}", report::json(&report));
            } else {
                anstream::println!("{}", report::table(&report, terminal::width()));
            }
            worst = worst.max(report.outcome());
        }
        worst.into()
    }
}

/// The report on a recording; where it was made is known only as far as the recording says.
fn report(scenario: &Scenario, recording: &Recording) -> Report {
    let header = recording.header();
    let judged = judge(scenario, recording);
    Report {
        scenario: scenario.scenario.as_str().to_owned(),
        thresholds: scenario.thresholds().iter().map(|threshold| threshold.words()).collect(),
        run: header.run.clone(),
        started: header.started,
        ended: header.started + length(recording),
        host: Host::default(),
        driver: None,
        source: header.source.clone(),
        boot: header.boot.clone(),
        result: judged.map_err(|error| Failure { message: error.to_string(), help: None, output: String::new() }),
        notes: Vec::new(),
    }
}

fn length(recording: &Recording) -> std::time::Duration {
    let mut length = std::time::Duration::ZERO;
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, .. } => length = info.at,
            Event::Mark { at, .. } | Event::End { at } => length = at,
            Event::Damaged { .. } => {}
        }
    }
    length
}
