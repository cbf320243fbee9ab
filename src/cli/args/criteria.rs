//! The thresholds to judge recordings by: those of each recording's own scenario, of one scenario for all, or from the
//! command line.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::cli::args::default_rules;
use crate::cli::args::recorded_file::RecordedFile;
use crate::cli::output::errors;
use crate::failure::Failure;
use crate::import::ImportError;
use crate::judge::{Judgement, judge};
use crate::report::Report;
use crate::scenario::{Scenario, Threshold};

/// The thresholds given on the command line.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct CriteriaArgs {
    /// Use the thresholds of this scenario; by default those of each recording's own scenario, or else a
    /// default rule that fits the log, usually that no tag may leak
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// Use this threshold, written as in reports: `tag MyD? nonpaged max_growth 64 KiB`; may be repeated
    #[arg(long = "threshold", value_name = "THRESHOLD", long_help = THRESHOLD)]
    thresholds: Vec<String>,
    /// Report growth as a leak without a second look, like `confirm: false` in a scenario
    #[arg(long)]
    no_confirm: bool,
}

const THRESHOLD: &str = "\
Use this threshold instead of the scenario's; may be repeated. Write it as in reports and JUnit:

  tag MyD1 max_rate 0 B/iteration
  tag MyD? nonpaged max_growth 64 KiB, max_bytes 1 MiB
  tag * except MmSt, Ntf? max_rate 1 MiB/h
  total nonpaged max_growth 5 %
  tag MyD1 after_teardown 0 B";

/// The parsed form of [`CriteriaArgs`].
pub(in crate::cli) struct Criteria {
    scenario: Option<Scenario>,
    thresholds: Vec<Threshold>,
    no_confirm: bool,
}

impl CriteriaArgs {
    /// Parses the options. Reports mistakes before it returns `None`.
    pub(in crate::cli) fn read(&self) -> Option<Criteria> {
        let scenario = match &self.scenario {
            Some(path) => Some(errors::load(path)?.scenario),
            None => None,
        };
        let given = self.thresholds.iter().map(|text| Threshold::given("--threshold", text));
        // Report all mistakes, not only the first.
        let read: Vec<Option<Threshold>> = given.map(|read| read.map_err(errors::tell_mistakes).ok()).collect();
        let thresholds = read.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Criteria { scenario, thresholds, no_confirm: self.no_confirm })
    }
}

impl Criteria {
    /// Returns criteria that judge each recording by its own scenario.
    pub(in crate::cli) fn own() -> Criteria {
        Criteria { scenario: None, thresholds: Vec::new(), no_confirm: false }
    }

    /// Returns the scenario to judge `recorded` by. If its own scenario has mistakes, reports them and returns `None`.
    pub(in crate::cli) fn scenario_of(&self, recorded: &RecordedFile) -> Option<Scenario> {
        let mut scenario = match (&self.scenario, recorded.scenario()) {
            (Some(given), _) => given.clone(),
            (None, Some(own)) => errors::load(&own)?.scenario,
            (None, None) => {
                let name = recorded.path.file_name().unwrap_or_default().to_string_lossy();
                let mut scenario = Scenario::offline(&name, recorded.shown());
                scenario.thresholds.extend(default_rules::rules(&recorded.recording));
                scenario
            }
        };
        if !self.thresholds.is_empty() {
            scenario.thresholds.clone_from(&self.thresholds);
        }
        scenario.confirm &= !self.no_confirm;
        Some(scenario)
    }

    /// Returns the report on `recorded`.
    pub(in crate::cli) fn report(&self, scenario: &Scenario, recorded: &RecordedFile) -> Report {
        let judged = || judge(scenario, &recorded.recording).map_err(Failure::from);
        let refused = self.refused(recorded);
        let mut notes = recorded.notes.clone();
        notes.extend(recorded.misplaced.clone().filter(|_| refused.is_none()));
        let asked = self.has_thresholds_for(recorded);
        let result = refused.map_or_else(judged, Err);
        let result = result.map(|it| Judgement { ranking: it.ranking.filter(|_| !asked), ..it });
        if !asked {
            notes.push(match default_rules::rules(&recorded.recording).as_slice() {
                [] => "no scenario lies next to the recording, so it was judged by the rule that no tag may leak"
                    .to_owned(),
                rules => format!(
                    "no scenario lies next to the recording, so it was judged by `{}`",
                    words(rules).join("` and `")
                ),
            });
        }
        Report { result, notes, suspects: recorded.suspects(), ..Criteria::facts(scenario, recorded) }
    }

    /// Returns whether a scenario or thresholds for `recorded` exist.
    pub(in crate::cli) fn has_thresholds_for(&self, recorded: &RecordedFile) -> bool {
        self.scenario.is_some() || !self.thresholds.is_empty() || recorded.scenario().is_some()
    }

    /// Returns the reason why `recorded` cannot be judged: the files next to it are of another run, and the command
    /// line gives no thresholds.
    pub(in crate::cli) fn refused(&self, recorded: &RecordedFile) -> Option<Failure> {
        if self.scenario.is_some() || !self.thresholds.is_empty() {
            return None;
        }
        let help = "put the run's own recording.pgr and scenario.yaml back, or give --scenario or --threshold";
        recorded.misplaced.as_ref().map(|why| Failure::with_help(why, help))
    }

    /// Returns the known facts about `recorded` without judging it. Facts about its machine are limited to those in the
    /// recording.
    pub(in crate::cli) fn facts(scenario: &Scenario, recorded: &RecordedFile) -> Report {
        let header = recorded.recording.header();
        Report {
            thresholds: words(&scenario.thresholds()),
            started: header.started,
            ended: header.started.checked_add(recorded.length()).unwrap_or(Timestamp::MAX),
            driver: recorded.driver(),
            source: header.source.clone(),
            times: header.times.clone(),
            boot: header.boot.clone(),
            ..Report::new(scenario.name.as_str(), &header.run)
        }
    }

    /// Returns the report on a file that cannot be read. Every threshold counts as an error.
    pub(in crate::cli) fn unreadable(&self, file: &std::path::Path, error: &ImportError) -> Report {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let known = self.scenario.as_ref();
        let thresholds = match (self.thresholds.as_slice(), known) {
            ([], Some(scenario)) => words(&scenario.thresholds()),
            ([], None) => vec!["the recording can be read".to_owned()],
            (given, _) => words(given),
        };
        let scenario = known.map_or(name, |scenario| scenario.name.as_str().to_owned());
        let result = Err(Failure::from_error(error));
        Report { thresholds, result, ..Report::new(scenario, file.display().to_string()) }
    }
}

fn words(thresholds: &[Threshold]) -> Vec<String> {
    thresholds.iter().map(Threshold::words).collect()
}
