//! Reports on a comparison of two builds. The table and the JUnit file are those of the candidate's report, with the
//! base as one of its facts. The JSON has each side's rate for every tag; its schema is docs/comparison.schema.json.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::json::{JsonThreshold, LogGrowth, schema_of, text_of, thresholds};
use super::{Outcome, Report};
use crate::failure::Failure;
use crate::judge::{Compared, Comparison, Interval, Judgement};
use crate::scenario::Per;

/// Makes the report on the candidate that [`table`](super::table()) and [`junit`](super::junit()) show.
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

/// Returns the comparison as JSON, one object, ending with a newline; `report` is the result of [`compared`].
pub fn comparison_json(report: &Report, base: &Report, comparison: Option<&Comparison>) -> String {
    text_of(&JsonComparison {
        format: "poolgate comparison",
        version: 1,
        program: env!("CARGO_PKG_VERSION"),
        scenario: &report.scenario,
        outcome: report.outcome(),
        base: Build::new(base),
        candidate: Build::new(report),
        growth: comparison.and_then(|comparison| comparison.ranking.as_ref()).map(LogGrowth::new),
        failure: report.result.as_ref().err(),
        notes: report.all_notes().map(String::as_str).collect(),
        thresholds: comparison.map(|comparison| thresholds(&comparison.rulings)),
        tags: comparison.map(|comparison| comparison.tags.iter().map(ComparedTag::new).collect()),
    })
}

/// Returns the JSON Schema of a comparison, in draft 2020-12.
pub fn comparison_schema() -> Value {
    schema_of::<JsonComparison<'_>>()
}

/// The result of comparing a candidate build with a base build.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "A comparison of poolgate")]
struct JsonComparison<'a> {
    /// Always `poolgate comparison`.
    #[schemars(extend("const" = "poolgate comparison"))]
    format: &'static str,
    /// The version of this format. Within a version fields may be added, but never change.
    version: u32,
    /// The version of poolgate.
    program: &'static str,
    /// The scenario's name.
    scenario: &'a str,
    /// The worst of the verdicts, or `error`.
    outcome: Outcome,
    /// The build that the candidate is compared with.
    base: Build<'a>,
    /// The build that is judged.
    candidate: Build<'a>,
    /// The tags with the largest growth from the base to the candidate, if each is one table of a log. Null for other
    /// inputs, and if there are thresholds.
    growth: Option<LogGrowth<'a>>,
    /// The reason why there is no judgement; null if there is one.
    failure: Option<&'a Failure>,
    /// Notes for the reader.
    notes: Vec<&'a str>,
    /// One verdict for each threshold, in the scenario's order.
    thresholds: Option<Vec<JsonThreshold<'a>>>,
    /// Every tag of the candidate.
    tags: Option<Vec<ComparedTag>>,
}

/// One build of the comparison.
#[derive(Serialize, JsonSchema)]
struct Build<'a> {
    /// The name of the run or log.
    run: &'a str,
    /// The time when it began.
    #[schemars(with = "String")]
    started: jiff::Timestamp,
    /// The driver under test, if the scenario names one.
    driver: Option<&'a super::Driver>,
}

impl<'a> Build<'a> {
    fn new(report: &'a Report) -> Build<'a> {
        Build { run: &report.run, started: report.started, driver: report.driver.as_ref() }
    }
}

/// A tag in both builds. Rates are bytes per `per`, with their 95 % intervals; null if unknown.
#[derive(Serialize, JsonSchema)]
struct ComparedTag {
    /// The tag's canonical text.
    tag: String,
    pool: crate::pool::Pool,
    /// The session that owns the pool; null for the system's pool.
    session: Option<u32>,
    /// `iteration` or `h`.
    per: &'static str,
    base: Option<Interval>,
    candidate: Option<Interval>,
    /// How much faster the candidate grows, in standard errors; null if one of the rates is unknown.
    z: Option<f64>,
    /// The value that `z` is compared with.
    cut_off: Option<f64>,
    /// Whether the candidate grows steadily.
    growing: bool,
}

impl ComparedTag {
    fn new(compared: &Compared) -> ComparedTag {
        ComparedTag {
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
