//! `report.json`: the whole report for programs. Fields are added, never re-typed; the JSON Schema is made from these very
//! structs (`poolgate schema --report`) and committed as docs/report.schema.json.

use jiff::Timestamp;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use super::{Driver, Failure, Host, Outcome, Report};
use crate::judge::{Finding, Ignored, Ruling, Verdict};
use crate::record::TimeSource;

mod growth;
mod tag;

pub(super) use growth::Growth;

/// The report as JSON, one object, ending with a newline.
pub fn json(report: &Report) -> String {
    text_of(&Whole::of(report))
}

/// What is written, as JSON which ends with a newline.
pub(super) fn text_of(whole: &impl Serialize) -> String {
    // Structs of texts and numbers can always be written.
    let text = serde_json::to_string_pretty(whole);
    debug_assert!(text.is_ok(), "{text:?}");
    text.unwrap_or_default() + "\n"
}

/// The JSON Schema of a report, in draft 2020-12.
pub fn schema() -> Value {
    schema_of::<Whole<'_>>()
}

/// The JSON Schema of what is written, in draft 2020-12.
pub(super) fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// What a run came to.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "A report of poolgate")]
struct Whole<'a> {
    /// Always `poolgate report`.
    #[schemars(extend("const" = "poolgate report"))]
    format: &'static str,
    /// The version of this format. Within a version fields are added, and none changes.
    version: u32,
    /// The version of poolgate.
    program: &'static str,
    /// The scenario's name.
    scenario: &'a str,
    /// The run's name, which is its folder's.
    run: &'a str,
    /// When it began.
    #[schemars(with = "String")]
    started: Timestamp,
    /// When it ended, or this report was made.
    #[schemars(with = "String")]
    ended: Timestamp,
    /// The worst of the verdicts; `error` when there is none, or when the flags are not put back.
    outcome: Outcome,
    /// What grew most, of a log without stages that is judged without thresholds; null elsewhere.
    growth: Option<Growth<'a>>,
    /// The machine it ran on; null where that is not known, as of a recording or log that is judged elsewhere.
    host: Option<&'a Host>,
    /// The driver under test, where the scenario names one.
    driver: Option<&'a Driver>,
    /// What the figures come from.
    source: &'a str,
    /// Where the times of a log's samples come from, each source once. Empty for runs, whose samples are timed by a clock of
    /// poolgate's, and for a log of one table without a time. With `unknown` among them the log has no rates.
    times: &'a [TimeSource],
    /// The boot it was measured in.
    boot: &'a str,
    /// Why there is no judgement, where there is none.
    failure: Option<&'a Failure>,
    /// Why the flags are not put back, if they are not. The outcome is `error` then.
    not_restored: Option<&'a Failure>,
    /// What happened that a reader should know.
    notes: Vec<&'a str>,
    /// What somebody should do something about.
    warnings: Vec<String>,
    /// What the scenario ignores.
    ignored: Option<&'a [Ignored]>,
    /// One verdict for each threshold, in the scenario's order.
    thresholds: Option<Vec<Threshold<'a>>>,
    /// Every tag of the recording.
    tags: Option<Vec<tag::Tag<'a>>>,
}

/// The verdict on a threshold.
#[derive(Serialize, JsonSchema)]
pub(super) struct Threshold<'a> {
    /// The threshold in its own words.
    threshold: String,
    /// The worst of the findings'.
    verdict: Verdict,
    /// The tags it rests on.
    findings: Vec<Said<'a>>,
}

/// What one tag, or a pool's total, says about a threshold.
#[derive(Serialize, JsonSchema)]
struct Said<'a> {
    /// The tag with its pool, or the total.
    subject: &'a str,
    /// The verdict.
    verdict: Verdict,
    /// Why, in words and figures.
    because: &'a str,
    /// The base's figure, in a comparison; null elsewhere.
    base: Option<&'a str>,
}

impl<'a> Whole<'a> {
    fn of(report: &'a Report) -> Whole<'a> {
        let judgement = report.result.as_ref().ok();
        Whole {
            format: "poolgate report",
            version: 1,
            program: env!("CARGO_PKG_VERSION"),
            scenario: &report.scenario,
            run: &report.run,
            started: report.started,
            ended: report.ended,
            outcome: report.outcome(),
            growth: judgement.and_then(|judgement| judgement.ranking.as_ref()).map(Growth::of),
            host: report.host.as_ref(),
            driver: report.driver.as_ref(),
            source: &report.source,
            times: &report.times,
            boot: &report.boot,
            failure: report.result.as_ref().err(),
            not_restored: report.not_restored.as_ref(),
            notes: report.all_notes().map(String::as_str).collect(),
            warnings: report.warnings().collect(),
            ignored: judgement.map(|judgement| judgement.ignored.as_slice()),
            thresholds: judgement.map(|judgement| thresholds(&judgement.rulings)),
            tags: judgement.map(|judgement| judgement.tags.iter().map(|tag| tag::Tag::of(tag, report)).collect()),
        }
    }
}

pub(super) fn thresholds(rulings: &[Ruling]) -> Vec<Threshold<'_>> {
    rulings.iter().map(Threshold::of).collect()
}

impl<'a> Threshold<'a> {
    fn of(ruling: &'a Ruling) -> Threshold<'a> {
        let said = |finding: &'a Finding| Said {
            subject: &finding.subject,
            verdict: finding.verdict,
            because: &finding.because,
            base: finding.base.as_deref(),
        };
        Threshold {
            threshold: ruling.threshold.words(),
            verdict: ruling.verdict,
            findings: ruling.findings.iter().map(said).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::assert_is_committed;

    #[test]
    fn the_committed_schema_is_the_one_of_the_code() {
        assert_is_committed("docs/report.schema.json", &schema());
    }
}
