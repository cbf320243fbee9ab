//! Runs as rows of one CSV file. Other programs can find the run in which a rate changed (docs/csv.md).
//!
//! There is one row for each run and tag; runs are in order of time. A tag without a known rate in a run has no row
//! there, because other programs treat an empty field as an error. [`LeftOut`] counts the missing rows.

use std::io::Write;

use crate::judge::{Evidence, TagFigures, Trend};
use crate::pool::TagPattern;
use crate::record::cell;
use crate::scenario::Per;

use super::Report;

const COLUMNS: [&str; 18] = [
    "time",
    "scenario",
    "run",
    "driver_version",
    "driver_build",
    // Apache Otava distinguishes the series of one file by the column of this name.
    "branch",
    "tag",
    "pool",
    "verdict",
    "bytes_per_iteration",
    "bytes_per_iteration_low",
    "bytes_per_iteration_high",
    "bytes_per_hour",
    "objects_per_iteration",
    "objects_per_hour",
    "t",
    "growth_bytes",
    "bytes_after",
];

/// The data without a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Runs without a judgement.
    pub runs: usize,
    /// Tags without a rate in the other runs, counted once per run.
    pub tags: usize,
}

/// Writes `reports`, for the tags that match `meant`; for all tags if it is empty.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_series(reports: &[Report], meant: &[TagPattern], out: impl Write) -> csv::Result<LeftOut> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(COLUMNS)?;
    let mut left_out = LeftOut::default();
    let mut by_time: Vec<&Report> = reports.iter().collect();
    by_time.sort_by_key(|report| report.started);
    for report in by_time {
        let Ok(judgement) = &report.result else {
            left_out.runs += 1;
            continue;
        };
        for tag in &judgement.tags {
            if !meant.is_empty() && !meant.iter().any(|pattern| pattern.matches(&tag.key)) {
                continue;
            }
            match &tag.evidence {
                Evidence::Trend(trend) => rows.write_record(row(report, tag, trend))?,
                Evidence::TooFew { .. } | Evidence::Interrupted(_) | Evidence::Untimed => left_out.tags += 1,
            }
        }
    }
    rows.flush()?;
    Ok(left_out)
}

fn row(report: &Report, tag: &TagFigures, trend: &Trend) -> [String; COLUMNS.len()] {
    let found = report.driver.as_ref().and_then(|driver| driver.found.as_ref());
    let (bytes, hourly) = (trend.bytes(Per::Iteration), trend.bytes(Per::Hour));
    let objects = |per| trend.objects(per).map(|interval| interval.rate);
    let text = |text: &str| cell(text).into_owned();
    [
        report.started.to_string(),
        text(&report.scenario),
        text(&report.run),
        text(&known(found.and_then(|found| found.version.as_ref()))),
        text(&known(found.and_then(|found| found.build.as_ref()))),
        text(&format!("{} {}", report.scenario, tag.key)),
        text(tag.key.tag.as_str()),
        tag.key.pool.to_string(),
        known(tag.verdict),
        known(bytes.map(|interval| interval.rate)),
        known(bytes.map(|interval| interval.low)),
        known(bytes.map(|interval| interval.high)),
        known(hourly.map(|interval| interval.rate)),
        known(objects(Per::Iteration)),
        known(objects(Per::Hour)),
        trend.t.to_string(),
        known(tag.levels.map(|levels| levels.growth())),
        known(tag.levels.map(|levels| levels.bytes_after)),
    ]
}

/// Returns the value's text; empty if it is unknown.
fn known(value: Option<impl ToString>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}
