//! Reports on a run, one file per format.
//!
//! `junit.xml` is for CI. It exists from a run's first second and reports that the run did not finish, until the end
//! replaces it. So CI gets a true result even if the machine never comes back. `report.json` is for programs, the table
//! for people.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::failure::Failure;
use crate::judge::{Ignored, Judgement, Verdict};
use crate::record::TimeSource;

mod call_paths;
mod comparison;
mod driver;
mod growth;
mod headline;
mod host;
mod json;
mod junit;
mod series;
mod suspect;
mod table;

pub use comparison::{compared, comparison_json, comparison_schema};
pub use driver::{Driver, FoundDriver};
pub use host::Host;
pub use json::{json, schema};
pub use junit::{junit, junit_of, junit_together};
pub use series::{LeftOut, write_series};
pub use suspect::{Suspect, Suspected};
pub use table::{RowLimit, table};

/// Writes a report file.
pub use crate::record::replace;

/// The outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every threshold held.
    Held,
    /// The evidence allows no verdict.
    Unclear,
    /// A threshold is broken.
    Broken,
    /// poolgate or the machine failed, so there is no result.
    Error,
}

impl std::str::FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Outcome, String> {
        let all = [Outcome::Held, Outcome::Unclear, Outcome::Broken, Outcome::Error];
        all.into_iter().find(|outcome| outcome.to_string() == text).ok_or_else(|| format!("{text:?} is not an outcome"))
    }
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Outcome {
        match verdict {
            Verdict::Held => Outcome::Held,
            Verdict::Unclear => Outcome::Unclear,
            Verdict::Broken => Outcome::Broken,
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Outcome::Held => "held",
            Outcome::Unclear => "unclear",
            Outcome::Broken => "broken",
            Outcome::Error => "error",
        })
    }
}

/// All data for reports on a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The texts of the thresholds, in the scenario's order. They are the names of the test cases.
    pub thresholds: Vec<String>,
    /// The run's name, which is also the name of its folder.
    pub run: String,
    /// The time when the run began.
    pub started: Timestamp,
    /// The time when the run ended, or when this report was made.
    pub ended: Timestamp,
    /// The machine of the run; `None` if it is unknown.
    pub host: Option<Host>,
    /// The driver under test, if the scenario names one and the machine is real.
    pub driver: Option<Driver>,
    /// The source of the measurements: `linux slabinfo`.
    pub source: String,
    /// The sources of the times of a log's samples; empty for runs, which have their own clock.
    pub times: Vec<TimeSource>,
    /// The boot in which the measurements were made.
    pub boot: String,
    /// The judgement, or the failure that prevented it.
    pub result: Result<Judgement, Failure>,
    /// The reason why the flags were not restored, with the commands to restore them; `None` if they were.
    pub not_restored: Option<Failure>,
    /// Notes on the run for the reader.
    pub notes: Vec<String>,
    /// The suspected drivers of the accused tags, if they were looked up.
    pub suspects: Vec<Suspected>,
}

/// The failure that `junit.xml` shows until the run is over.
pub fn not_finished() -> Failure {
    Failure::with_help(
        "the run did not finish",
        "the machine or poolgate stopped unexpectedly, or the run is still in progress: see run.log",
    )
}

impl Report {
    /// Returns a report on a run that did not finish. Everything but the names is unknown or empty.
    pub fn new(scenario: impl Into<String>, run: impl Into<String>) -> Report {
        Report {
            scenario: scenario.into(),
            thresholds: Vec::new(),
            run: run.into(),
            started: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            host: None,
            driver: None,
            source: String::new(),
            times: Vec::new(),
            boot: String::new(),
            result: Err(not_finished()),
            not_restored: None,
            notes: Vec::new(),
            suspects: Vec::new(),
        }
    }

    /// Returns the notes on the run and on its recording.
    pub fn all_notes(&self) -> impl Iterator<Item = &String> {
        self.notes.iter().chain(self.result.iter().flat_map(|judgement| &judgement.notes))
    }

    /// Returns the problems that need action.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.ignored().filter_map(Ignored::warning)
    }

    /// Returns the scenario's entries that ignore tags, with their reasons.
    pub fn ignored(&self) -> impl Iterator<Item = &Ignored> {
        self.result.iter().flat_map(|judgement| &judgement.ignored)
    }

    /// Returns the worst of the verdicts. `error` if there are none, or if the flags were not restored.
    pub fn outcome(&self) -> Outcome {
        match (&self.result, &self.not_restored) {
            (Ok(judgement), None) => judgement.verdict().into(),
            (Err(_), _) | (_, Some(_)) => Outcome::Error,
        }
    }
}
