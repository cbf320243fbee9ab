//! `report.json`: the whole report for programs. Fields may be added but never change their type. The JSON Schema is
//! generated from these structs (`poolgate schema --report`) and committed as docs/report.schema.json.

use jiff::Timestamp;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use super::{Driver, Host, Outcome, Report};
use crate::failure::Failure;
use crate::judge::{Finding, Ignored, Ruling, Verdict};
use crate::record::TimeSource;

mod growth;
mod tag;

pub(super) use growth::LogGrowth;

/// Returns the report as JSON, one object, ending with a newline.
pub fn json(report: &Report) -> String {
    text_of(&JsonReport::new(report))
}

/// Serializes a report as JSON that ends with a newline.
pub(super) fn text_of(whole: &impl Serialize) -> String {
    // Serialization cannot fail for structs of texts and numbers.
    let text = serde_json::to_string_pretty(whole);
    debug_assert!(text.is_ok(), "{text:?}");
    text.unwrap_or_default() + "\n"
}

/// Returns the JSON Schema of a report, in draft 2020-12.
pub fn schema() -> Value {
    schema_of::<JsonReport<'_>>()
}

/// Returns the JSON Schema of `T` as serialized, in draft 2020-12.
pub(super) fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

/// The result of a run.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "A report of poolgate")]
struct JsonReport<'a> {
    /// Always `poolgate report`.
    #[schemars(extend("const" = "poolgate report"))]
    format: &'static str,
    /// The version of this format. Within a version fields may be added, but never change.
    version: u32,
    /// The version of poolgate.
    program: &'static str,
    /// The scenario's name.
    scenario: &'a str,
    /// The run's name, which is also the name of its folder.
    run: &'a str,
    /// The time when the run began.
    #[schemars(with = "String")]
    started: Timestamp,
    /// The time when the run ended, or when this report was made.
    #[schemars(with = "String")]
    ended: Timestamp,
    /// The worst of the verdicts. `error` if there are no verdicts, or if the flags were not restored.
    outcome: Outcome,
    /// The tags with the largest growth in a log without stages that is judged without thresholds; null for other
    /// inputs.
    growth: Option<LogGrowth<'a>>,
    /// The machine of the run. Null if unknown, as for a recording or log that is judged on another machine.
    host: Option<&'a Host>,
    /// The driver under test, if the scenario names one.
    driver: Option<&'a Driver>,
    /// The source of the measurements.
    source: &'a str,
    /// The sources of the times of a log's samples, each source once. Empty for runs, because poolgate times their
    /// samples with its own clock, and for a log of one table without a time. If `unknown` is among them, the log has
    /// no rates.
    times: &'a [TimeSource],
    /// The boot in which the measurements were made.
    boot: &'a str,
    /// The reason why there is no judgement; null if there is one.
    failure: Option<&'a Failure>,
    /// The reason why the flags were not restored; null if they were. The outcome is then `error`.
    not_restored: Option<&'a Failure>,
    /// Notes on the run for the reader.
    notes: Vec<&'a str>,
    /// Problems that need action.
    warnings: Vec<String>,
    /// The entries of the scenario that ignore tags.
    ignored: Option<&'a [Ignored]>,
    /// One verdict for each threshold, in the scenario's order.
    thresholds: Option<Vec<JsonThreshold<'a>>>,
    /// Every tag of the recording.
    tags: Option<Vec<tag::JsonTag<'a>>>,
}

/// The verdict on a threshold.
#[derive(Serialize, JsonSchema)]
pub(super) struct JsonThreshold<'a> {
    /// The threshold's text.
    threshold: String,
    /// The worst verdict of its findings.
    verdict: Verdict,
    /// The findings for single tags or totals.
    findings: Vec<JsonFinding<'a>>,
}

/// A finding about a threshold, for a tag or a pool's total.
#[derive(Serialize, JsonSchema)]
struct JsonFinding<'a> {
    /// The tag with its pool, or the total.
    subject: &'a str,
    /// The verdict.
    verdict: Verdict,
    /// The reason, in words and figures.
    because: &'a str,
    /// The base's figure in a comparison; null otherwise.
    base: Option<&'a str>,
}

impl<'a> JsonReport<'a> {
    fn new(report: &'a Report) -> JsonReport<'a> {
        let judgement = report.result.as_ref().ok();
        JsonReport {
            format: "poolgate report",
            version: 1,
            program: env!("CARGO_PKG_VERSION"),
            scenario: &report.scenario,
            run: &report.run,
            started: report.started,
            ended: report.ended,
            outcome: report.outcome(),
            growth: judgement.and_then(|judgement| judgement.ranking.as_ref()).map(LogGrowth::new),
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
            tags: judgement.map(|judgement| judgement.tags.iter().map(|tag| tag::JsonTag::new(tag, report)).collect()),
        }
    }
}

pub(super) fn thresholds(rulings: &[Ruling]) -> Vec<JsonThreshold<'_>> {
    rulings.iter().map(JsonThreshold::new).collect()
}

impl<'a> JsonThreshold<'a> {
    fn new(ruling: &'a Ruling) -> JsonThreshold<'a> {
        let said = |finding: &'a Finding| JsonFinding {
            subject: &finding.subject,
            verdict: finding.verdict,
            because: &finding.because,
            base: finding.base.as_deref(),
        };
        JsonThreshold {
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
