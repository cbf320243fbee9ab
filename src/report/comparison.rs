//! A comparison of two builds, in the forms its readers want. As a table and as JUnit it is the candidate's report, with the
//! base among its facts; as JSON it has each side's rate for every tag.

use serde::Serialize;

use super::json::{Threshold, thresholds};
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
    });
    Report { notes, result, ..candidate }
}

/// The comparison as JSON, one object, ending with a newline; `report` is what [`compared`] made of it.
pub fn comparison_json(report: &Report, base: &Report, comparison: Option<&Comparison>) -> String {
    let whole = Whole {
        format: "poolgate comparison",
        version: 1,
        program: env!("CARGO_PKG_VERSION"),
        scenario: &report.scenario,
        outcome: report.outcome(),
        base: Build::of(base),
        candidate: Build::of(report),
        failure: report.result.as_ref().err(),
        notes: report.all_notes().map(String::as_str).collect(),
        thresholds: comparison.map(|comparison| thresholds(&comparison.rulings)),
        tags: comparison.map(|comparison| comparison.tags.iter().map(Tag::of).collect()),
    };
    // Structs of texts and numbers can always be written.
    let text = serde_json::to_string_pretty(&whole);
    debug_assert!(text.is_ok(), "{text:?}");
    text.unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct Whole<'a> {
    format: &'static str,
    version: u32,
    program: &'static str,
    scenario: &'a str,
    outcome: Outcome,
    base: Build<'a>,
    candidate: Build<'a>,
    failure: Option<&'a Failure>,
    notes: Vec<&'a str>,
    thresholds: Option<Vec<Threshold<'a>>>,
    tags: Option<Vec<Tag>>,
}

/// One side.
#[derive(Serialize)]
struct Build<'a> {
    run: &'a str,
    started: jiff::Timestamp,
    driver: Option<&'a super::Driver>,
}

impl<'a> Build<'a> {
    fn of(report: &'a Report) -> Build<'a> {
        Build { run: &report.run, started: report.started, driver: report.driver.as_ref() }
    }
}

/// A tag on both sides. Rates are bytes per `per`, with their 95 % intervals; null is not known.
#[derive(Serialize)]
struct Tag {
    tag: String,
    pool: crate::pool::Pool,
    session: Option<u32>,
    per: &'static str,
    base: Option<Interval>,
    candidate: Option<Interval>,
    z: Option<f64>,
    cut_off: Option<f64>,
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
