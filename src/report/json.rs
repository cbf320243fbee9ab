//! `report.json`: the whole report for programs. Fields are added, never re-typed.

use serde::Serialize;
use serde_json::{Value, json as value};

use super::Report;
use crate::judge::{Evidence, Finding, Interval, Ruling, TagFigures, Trend};
use crate::scenario::Per;

/// The report as JSON, one object, ending with a newline.
pub fn json(report: &Report) -> String {
    let (judgement, failure) = match &report.result {
        Ok(judgement) => (Some(judgement), None),
        Err(failure) => (None, Some(failure)),
    };
    let whole = value!({
        "format": "poolgate report",
        "version": 1,
        "program": env!("CARGO_PKG_VERSION"),
        "scenario": report.scenario,
        "run": report.run,
        "started": report.started,
        "ended": report.ended,
        "outcome": report.outcome(),
        "host": report.host,
        "driver": report.driver,
        "source": report.source,
        "boot": report.boot,
        "failure": failure,
        "notes": report.all_notes().collect::<Vec<_>>(),
        "thresholds": judgement.map(|judgement| judgement.rulings.iter().map(ruling).collect::<Vec<_>>()),
        "tags": judgement.map(|judgement| judgement.tags.iter().map(tag).collect::<Vec<_>>()),
    });
    format!("{whole:#}\n")
}

fn ruling(ruling: &Ruling) -> Value {
    value!({
        "threshold": ruling.threshold.words(),
        "verdict": ruling.verdict,
        "findings": ruling.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    value!({ "subject": finding.subject, "verdict": finding.verdict, "because": finding.because })
}

fn tag(figures: &TagFigures) -> Value {
    value!({
        "tag": figures.key.tag,
        "pool": figures.key.pool,
        "session": figures.key.session,
        "reclaimable": figures.key.reclaimable,
        "levels": figures.levels,
        "growth_bytes": figures.levels.map(|levels| levels.growth()),
        "evidence": evidence(&figures.evidence),
    })
}

fn evidence(evidence: &Evidence) -> Value {
    match evidence {
        Evidence::TooFew { .. } | Evidence::Interrupted => value!({ "growing": null, "because": evidence.to_string() }),
        Evidence::Trend(trend) => value!({
            "growing": trend.growing,
            "t": trend.t,
            "cut_off": trend.cut_off,
            "failed_guards": trend.failed,
            "object_size": trend.object_size,
            "bytes_per_iteration": rate(trend, Trend::bytes, Per::Iteration),
            "bytes_per_hour": rate(trend, Trend::bytes, Per::Hour),
            "objects_per_iteration": rate(trend, Trend::objects, Per::Iteration),
            "objects_per_hour": rate(trend, Trend::objects, Per::Hour),
            "smallest_visible_objects_per_iteration": trend.smallest(Per::Iteration),
            "smallest_visible_objects_per_hour": trend.smallest(Per::Hour),
        }),
    }
}

fn rate(trend: &Trend, of: impl Fn(&Trend, Per) -> Option<Interval>, per: Per) -> impl Serialize {
    of(trend, per)
}
