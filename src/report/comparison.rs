//! A comparison of two builds, in the forms its readers want. As a table and as JUnit it is the candidate's report, with the
//! base among its facts; as JSON it has each side's rate for every tag, by the schema docs/comparison.schema.json.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::json::{Growth, Threshold, schema_of, text_of, thresholds};
use super::{Failure, Outcome, Report};
use crate::judge::{Compared, Comparison, Interval, Judgement};
use crate::scenario::Per;

/// The comparison as a report on the candidate: what [`table`](super::table()) and [`junit`](super::junit()) show.
pub fn compared(candidate: Report, base: &str, result: Result<&Comparison, Failure>) -> Report {
    let mut notes = vec![format!("compared with the base {base}")];
    notes.extend(candidate.notes);
    let result = result.map(|comparison| Judgement {
        rulings: comparison.rulings.clone(),
        tags: Vec::new(),
        notes: comparison.notes.clone(),
        ignored: comparison.ignored.clone(),
        ranking: comparison.ranking.clone(),
    });
    Report { notes, result, ..candidate }
}

/// The comparison as JSON, one object, ending with a newline; `report` is what [`compared`] made of it.
pub fn comparison_json(report: &Report, base: &Report, comparison: Option<&Comparison>) -> String {
    text_of(&Whole {
        format: "poolgate comparison",
        version: 1,
        program: env!("CARGO_PKG_VERSION"),
        scenario: &report.scenario,
        outcome: report.outcome(),
        base: Build::of(base),
        candidate: Build::of(report),
        growth: comparison.and_then(|comparison| comparison.ranking.as_ref()).map(Growth::of),
        failure: report.result.as_ref().err(),
        notes: report.all_notes().map(String::as_str).collect(),
        thresholds: comparison.map(|comparison| thresholds(&comparison.rulings)),
        tags: comparison.map(|comparison| comparison.tags.iter().map(Tag::of).collect()),
    })
}

/// The JSON Schema of a comparison, in draft 2020-12.
pub fn comparison_schema() -> Value {
    schema_of::<Whole<'_>>()
}

/// What a candidate build came to beside a base build.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "A comparison of poolgate")]
struct Whole<'a> {
    /// Always `poolgate comparison`.
    #[schemars(extend("const" = "poolgate comparison"))]
    format: &'static str,
    /// The version of this format. Within a version fields are added, and none changes.
    version: u32,
    /// The version of poolgate.
    program: &'static str,
    /// The scenario's name.
    scenario: &'a str,
    /// The worst of the verdicts, or `error`.
    outcome: Outcome,
    /// What it is compared with.
    base: Build<'a>,
    /// What is judged.
    candidate: Build<'a>,
    /// What grew most from the base to the candidate, where each is one table of a log; null elsewhere, and where
    /// thresholds are given.
    growth: Option<Growth<'a>>,
    /// Why there is no judgement, where there is none.
    failure: Option<&'a Failure>,
    /// What a reader should know.
    notes: Vec<&'a str>,
    /// One verdict for each threshold, in the scenario's order.
    thresholds: Option<Vec<Threshold<'a>>>,
    /// Every tag of the candidate.
    tags: Option<Vec<Tag>>,
}

/// One side.
#[derive(Serialize, JsonSchema)]
struct Build<'a> {
    /// The run's name, or the log's.
    run: &'a str,
    /// When it began.
    #[schemars(with = "String")]
    started: jiff::Timestamp,
    /// The driver under test, where the scenario names one.
    driver: Option<&'a super::Driver>,
}

impl<'a> Build<'a> {
    fn of(report: &'a Report) -> Build<'a> {
        Build { run: &report.run, started: report.started, driver: report.driver.as_ref() }
    }
}

/// A tag on both sides. Rates are bytes per `per`, with their 95 % intervals; null is not known.
#[derive(Serialize, JsonSchema)]
struct Tag {
    /// Its canonical text.
    tag: String,
    pool: crate::pool::Pool,
    /// The session whose own pool it is; null for the system's.
    session: Option<u32>,
    /// `iteration` or `h`.
    per: &'static str,
    base: Option<Interval>,
    candidate: Option<Interval>,
    /// How much faster the candidate grows, in standard errors; null when one of the rates is not known.
    z: Option<f64>,
    /// What that is held against.
    cut_off: Option<f64>,
    /// The candidate grows steadily.
    growing: bool,
}

impl Tag {
    fn of(compared: &Compared) -> Tag {
        Tag {
            tag: compared.key.tag.as_str().to_owned(),
            pool: compared.key.pool,
            session: compared.key.session,
            per: match compared.per {
                Per::Iteration => "iteration",
                Per::Hour => "h",
            },
            base: compared.base,
            candidate: compared.candidate,
            z: compared.z,
            cut_off: compared.cut_off,
            growing: compared.growing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::assert_is_committed;

    #[test]
    fn the_committed_schema_is_the_one_of_the_code() {
        assert_is_committed("docs/comparison.schema.json", &comparison_schema());
    }
}
