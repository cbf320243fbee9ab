//! What a run came to, in the forms its readers want: one file a format.
//!
//! `junit.xml` is for CI and exists from a run's first second, saying that the run did not finish; it is replaced at the
//! end, so CI finds the truth even if the machine never comes back. `report.json` is for programs, the table for people.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::judge::{Ignored, Judgement, Verdict};
use crate::record::TimeSource;

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
pub use driver::{Driver, Found};
pub use host::Host;
pub use json::{json, schema};
pub use junit::{junit, junit_of, junit_together};
pub use series::{LeftOut, write_series};
pub use suspect::{Suspect, Suspected};
pub use table::{Rows, table};

/// How every report is written.
pub use crate::record::replace;

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every threshold held.
    Held,
    /// The evidence allows no verdict.
    Unclear,
    /// A threshold is broken.
    Broken,
    /// The harness or the machine failed, so nothing is known.
    Error,
}

impl std::str::FromStr for Outcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Outcome, String> {
        let all = [Outcome::Held, Outcome::Unclear, Outcome::Broken, Outcome::Error];
        all.into_iter().find(|outcome| outcome.to_string() == text).ok_or_else(|| format!("{text:?} is no outcome"))
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

/// Everything there is to report of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// The thresholds in their own words, in the scenario's order: the names of the test cases.
    pub thresholds: Vec<String>,
    /// The run's name, which is its folder's.
    pub run: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, or this report was made.
    pub ended: Timestamp,
    /// The machine it ran on; `None` where that is not known.
    pub host: Option<Host>,
    /// The driver under test, where the scenario names one and it is a real machine's.
    pub driver: Option<Driver>,
    /// What the figures come from: `linux slabinfo`.
    pub source: String,
    /// Where the times of a log's samples come from; empty for runs, which time their own.
    pub times: Vec<TimeSource>,
    /// The boot it was measured in.
    pub boot: String,
    /// How it ended.
    pub result: Result<Judgement, Failure>,
    /// Why the flags are not put back, with the commands for what is left, if they are not.
    pub not_restored: Option<Failure>,
    /// What happened on the way that a reader should know.
    pub notes: Vec<String>,
    /// Whose the tags are which are accused, where they were looked up.
    pub suspects: Vec<Suspected>,
}

/// Why there is no judgement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Failure {
    /// What happened.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The last lines of the command which failed.
    pub output: String,
}

impl Failure {
    /// What `junit.xml` says until the run is over.
    pub fn not_finished() -> Failure {
        Failure {
            message: "the run did not finish".to_owned(),
            help: Some("the machine or poolgate went down, or the run is still going on: see run.log".to_owned()),
            output: String::new(),
        }
    }
}

impl Report {
    /// What a reader should know, of the run and of its recording.
    pub fn all_notes(&self) -> impl Iterator<Item = &String> {
        self.notes.iter().chain(self.result.iter().flat_map(|judgement| &judgement.notes))
    }

    /// What somebody should do something about.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.ignored().filter_map(Ignored::warning)
    }

    /// What was ignored, entry by entry, with the reason.
    pub fn ignored(&self) -> impl Iterator<Item = &Ignored> {
        self.result.iter().flat_map(|judgement| &judgement.ignored)
    }

    /// The worst of the verdicts; `error` when there is none, or when the flags are not put back.
    pub fn outcome(&self) -> Outcome {
        match (&self.result, &self.not_restored) {
            (Ok(judgement), None) => judgement.verdict().into(),
            (Err(_), _) | (_, Some(_)) => Outcome::Error,
        }
    }
}
