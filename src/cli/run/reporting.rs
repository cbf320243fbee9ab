//! Reports a run: judges its recording, writes the reports, and hands them over to their folder.

use jiff::Timestamp;

use super::aftermath;
use super::host::{host, kept};
use super::job::Job;
use crate::cli::output::stdout::styled;
use crate::cli::output::talk::is_verbose;
use crate::cli::output::terminal;
use crate::failure::Failure;
use crate::judge::{Judgement, judge, kernel_notes};
use crate::machine::{MachineError, native};
use crate::record::{RecordError, Recording};
use crate::report::{self, Report};
use crate::run::RunFolder;
use crate::run::drive::State;
use crate::scenario::Scenario;

impl Job {
    /// Writes every report, and prints the table.
    pub(super) fn write_reports(&mut self, state: &State) -> Result<(), Failure> {
        let mut report = self.whole_report(state);
        self.suspect(&mut report);
        self.story.0.borrow_mut().end_bar();
        let outcome = report.outcome();
        self.outcome = Some(outcome);
        styled(&format!("\n{}", report::table(&report, terminal::width(), report::RowLimit::OF_RUN, is_verbose())));
        let written = report::replace(&self.folder.report(), report::json(&report).as_bytes())
            .and_then(|()| report::replace(&self.folder.junit(), &report::junit(&report)));
        self.story.0.borrow_mut().line(&format!("{outcome}: {}", self.created.reports.display()));
        written
            .map_err(|error| Failure::with_help(error, "junit.xml still reports an unfinished run; free some space"))?;
        Ok(self.hand_over()?)
    }

    /// Returns the result of the run. It is computed from the recording's file, so that `poolgate judge` later gives
    /// the same result.
    fn result(&self, state: &State, recording: Result<&Recording, &RecordError>) -> Result<Judgement, Failure> {
        if let Some(trouble) = &state.trouble {
            return Err(trouble.clone());
        }
        let scenario = self.scenario.as_ref().ok_or_else(no_scenario)?;
        let recording = recording.map_err(Failure::new)?;
        self.made_by_this_run(state, recording).map_err(Failure::new)?;
        judge(scenario, recording).map_err(Failure::from)
    }

    /// Refuses a recording that is not the one that this run closed.
    fn made_by_this_run(&self, state: &State, recording: &Recording) -> Result<(), String> {
        let recorded = state.recorded.as_ref();
        let boot = recorded.map(|recorded| recorded.boot.0.as_str());
        let belongs = recording.belongs_to(&self.created.run, &self.created.scenario_sha256, boot);
        belongs.map_err(|error| error.to_string())?;
        match recorded {
            Some(recorded) if recording.seal() != Some(&recorded.seal) => {
                Err("the recording was changed after the run had closed it".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn notes(&self, state: &State, recording: Option<&Recording>) -> Vec<String> {
        let mut notes = state.notes.clone();
        notes.extend(state.later.iter().map(|trouble| trouble.message.clone()));
        if state.trouble.is_some() {
            // A simulated kernel leaves no such files, and those of the real kernel are unrelated.
            let places = if self.is_simulated() { Vec::new() } else { native::last_words(&self.root) };
            notes.extend(aftermath::known(recording, &self.created, &places, self.bugchecks()));
            notes.extend(self.kernel.clone().map(kernel_notes).unwrap_or_default());
        }
        if state.owes_teardown {
            let steps = self.scenario.iter().flat_map(|scenario| &scenario.teardown);
            let commands: Vec<String> = steps.map(|step| format!("`{}`", step.run.as_str())).collect();
            notes.push(format!("teardown did not finish; run the rest of it by hand: {}", commands.join(", ")));
        }
        notes
    }

    fn whole_report(&self, state: &State) -> Report {
        let opened = Recording::open(&self.folder.recording());
        let recording = opened.as_ref().ok();
        let scenario = self.scenario.as_ref();
        // The checkpoint of an older poolgate lacks these values, so take them from the scenario.
        let name = scenario.map(|scenario| scenario.name.as_str()).filter(|_| self.created.scenario_name.is_empty());
        let thresholds = scenario.filter(|_| self.created.thresholds.is_empty()).map(Scenario::thresholds);
        let words = thresholds.map(|found| found.iter().map(|threshold| threshold.words()).collect());
        Report {
            thresholds: words.unwrap_or_else(|| self.created.thresholds.clone()),
            started: self.created.at,
            ended: Timestamp::now(),
            host: Some(host()),
            driver: kept(&self.folder.driver()).or_else(|| self.driver_now()),
            source: recording.map_or(String::new(), |recording| recording.header().source.clone()),
            boot: recording.map_or(state.boot.0.clone(), |recording| recording.header().boot.clone()),
            result: self.result(state, opened.as_ref()),
            not_restored: state.not_restored.clone(),
            notes: self.notes(state, recording),
            ..Report::new(name.unwrap_or(&self.created.scenario_name), &self.created.run)
        }
    }

    /// Copies the run's files to its reports folder, if that is another folder.
    fn hand_over(&self) -> Result<(), MachineError> {
        if self.created.reports == self.folder.path() {
            return Ok(());
        }
        native::hand_over(self.folder.path(), &self.created.reports, &RunFolder::OUTPUTS)
    }
}

pub(super) fn no_scenario() -> Failure {
    Failure::new("the run's copy of its scenario cannot be read any more")
}
