//! The table a person sees in the terminal at the end.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::{Failure, Outcome, Report};
use crate::judge::Ruling;
use crate::plain::plain;

/// Findings shown for one threshold; the others are in report.json.
const SHOWN: usize = 8;

/// The report as text, `width` columns wide. Only the outcome has a colour; text from outside is made [`plain`] here.
pub fn table(report: &Report, width: u16) -> String {
    let outcome = report.outcome();
    let (style, seconds) = (colour(outcome), report.ended.duration_since(report.started).as_secs_f64());
    let head = format!("{}: {style}{outcome}{style:#} after {seconds:.0} s\n", plain(&report.scenario));
    head + &plain(&body(report, width))
}

fn body(report: &Report, width: u16) -> String {
    let mut text = String::new();
    match &report.result {
        Ok(judgement) => {
            let _ = writeln!(text, "\n{}", rulings(report, &judgement.rulings, width));
        }
        Err(failure) => text.push_str(&failed(failure)),
    }
    report.not_restored.iter().for_each(|failure| text.push_str(&failed(failure)));
    for entry in report.ignored().filter(|entry| !entry.expired && !entry.tags.is_empty()) {
        text.push_str(&format!("ignored: {entry}\n"));
    }
    report.warnings().for_each(|warning| text.push_str(&format!("warning: {warning}\n")));
    report.all_notes().for_each(|note| text.push_str(&format!("note: {note}\n")));
    text
}

fn failed(failure: &Failure) -> String {
    let mut text = format!("{}\n", failure.message);
    if !failure.output.is_empty() {
        let _ = writeln!(text, "its last output:\n{}", indent(&failure.output));
    }
    if let Some(help) = &failure.help {
        let _ = writeln!(text, "help: {help}");
    }
    text
}

fn rulings(report: &Report, rulings: &[Ruling], width: u16) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table.set_header(["verdict", "threshold", "tag", "why"]);
    for ruling in rulings {
        let words = ruling.threshold.words();
        if ruling.findings.is_empty() {
            table.add_row([ruling.verdict.to_string(), words.clone(), String::new(), "all tags".to_owned()]);
        }
        for (at, finding) in ruling.findings.iter().take(SHOWN).enumerate() {
            let words = if at == 0 { words.clone() } else { String::new() };
            let suspected = report.suspected(finding);
            let because = format!("{}{}", finding.because, suspected.map_or(String::new(), |who| format!("\n{who}")));
            // Before the layout, which counts columns.
            let because = plain(&because).into_owned();
            table.add_row([finding.verdict.to_string(), words, finding.subject.clone(), because]);
        }
        if ruling.findings.len() > SHOWN {
            let more = format!("and {} more, see report.json", ruling.findings.len() - SHOWN);
            table.add_row([String::new(), String::new(), String::new(), more]);
        }
    }
    // The words that matter most are never broken over two lines.
    if let Some(verdict) = table.column_mut(0) {
        verdict.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(9)));
    }
    table.trim_fmt()
}

fn colour(outcome: Outcome) -> Style {
    let colour = match outcome {
        Outcome::Held => AnsiColor::Green,
        Outcome::Unclear => AnsiColor::Yellow,
        Outcome::Broken | Outcome::Error => AnsiColor::Red,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
