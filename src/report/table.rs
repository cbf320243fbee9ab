//! The table shown in the terminal at the end of a run.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, Width};

use super::growth::growth;
use super::headline::headlines;
use super::{Outcome, Report};
use crate::failure::Failure;
use crate::judge::{Evidence, Finding, Judgement, Ruling, Verdict};
use crate::plain::plain;
use crate::pool::Key;
use crate::record::TimeSource;
use crate::table::borderless;

/// The number of rows shown of a long list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowLimit {
    /// All of them.
    All,
    /// The first ones. The text names the place of the other rows for a reader of the table.
    First(&'static str),
}

impl RowLimit {
    /// The first rows of a run's report; the rest are in its `report.json`.
    pub const OF_RUN: RowLimit = RowLimit::First("see report.json");

    /// Returns the number of rows to show of `all` rows, if `usual` rows are usually shown.
    pub(super) fn of(self, usual: usize, all: usize) -> usize {
        match self {
            RowLimit::All => all,
            // A line about one more row takes as much room as the row.
            RowLimit::First(_) if all == usual + 1 => all,
            RowLimit::First(_) => usual.min(all),
        }
    }

    /// Returns a line about the rows that are not shown; `None` if there are none.
    pub(super) fn more(self, left: usize) -> Option<String> {
        match self {
            RowLimit::First(place) if left > 0 => Some(format!("and {left} more, {place}")),
            RowLimit::First(_) | RowLimit::All => None,
        }
    }
}

/// The number of findings shown for one threshold.
const SHOWN: usize = 8;

/// Narrower than this, each finding is a paragraph and not a row.
const NARROW: u16 = 100;

/// Formats the report as text, `width` columns wide, with the statistics of each tag if `verbose`. Text from outside is
/// made safe for a terminal before colours are added.
pub fn table(report: &Report, width: u16, rows: RowLimit, verbose: bool) -> String {
    let outcome = report.outcome();
    let style = colour(outcome);
    let after = match report.times.contains(&TimeSource::Unknown) {
        true => ", times unknown".to_owned(),
        false => format!(" after {:.0} s", report.ended.duration_since(report.started).as_secs_f64()),
    };
    let mut text = format!("{}: {style}{outcome}{style:#}{after}\n", plain(&report.scenario));
    for (word, rest) in report.result.iter().flat_map(headlines) {
        let line = format!("{word}  {}", plain(&rest));
        let options = textwrap::Options::new(width.into()).subsequent_indent("      ").break_words(false);
        let _ =
            writeln!(text, "{}", textwrap::fill(&line, options).replacen(word, &format!("{style}{word}{style:#}"), 1));
    }
    text.push_str(&coloured(&plain(&body(report, width, rows))));
    if verbose {
        text.push_str(&plain(&report.result.as_ref().map_or(String::new(), statistics)));
    }
    text
}

/// The body with a colour for the verdict at the beginning of a line.
fn coloured(body: &str) -> String {
    let mut text = String::new();
    for line in body.split_inclusive('\n') {
        let of = |outcome: &&Outcome| line.trim_start_matches(' ').starts_with(&format!("{outcome}  "));
        let found = [Outcome::Held, Outcome::Unclear, Outcome::Broken].iter().find(of).copied();
        match found.filter(|_| line.starts_with(' ') && !line.starts_with("  ")) {
            Some(outcome) => {
                let (style, word) = (colour(outcome), outcome.to_string());
                text.push_str(&line.replacen(&word, &format!("{style}{word}{style:#}"), 1));
            }
            None => text.push_str(line),
        }
    }
    text
}

/// The test statistics of each tag that a threshold names or that grew steadily. report.json has them too.
fn statistics(judgement: &Judgement) -> String {
    let mut text = String::new();
    for tag in judgement.tags.iter().filter(|tag| tag.verdict.is_some()) {
        let Evidence::Trend(trend) = &tag.evidence else { continue };
        let _ = write!(text, "{}: T {:.1}, cut-off {:.1}", tag.key, trend.t, trend.cut_off);
        if !trend.failed.is_empty() {
            let _ = write!(text, ", guards {:?}", trend.failed);
        }
        if let Some(p) = tag.confirmation.as_ref().and_then(|confirmation| confirmation.p) {
            let _ = write!(text, ", p {p:.3}");
        }
        text.push('\n');
    }
    text
}

fn body(report: &Report, width: u16, rows: RowLimit) -> String {
    let mut text = String::new();
    match &report.result {
        Ok(judgement) => {
            let ranking = judgement.ranking.iter();
            ranking.for_each(|ranking| text.push_str(&format!("\n{}", growth(ranking, width, rows))));
            let listed = if width < NARROW { paragraphs } else { rulings };
            let _ = writeln!(text, "\n{}", listed(report, &judgement.rulings, width, rows));
        }
        Err(failure) => text.push_str(&failed(failure)),
    }
    report.not_restored.iter().for_each(|failure| text.push_str(&failed(failure)));
    for entry in report.ignored().filter(|entry| !entry.expired && !entry.tags.is_empty()) {
        text.push_str(&format!("ignored: {entry}\n"));
    }
    if !report.times.is_empty() {
        let sources: Vec<String> = report.times.iter().map(TimeSource::to_string).collect();
        text.push_str(&format!("times: {}\n", sources.join("; ")));
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

fn rulings(report: &Report, rulings: &[Ruling], width: u16, rows: RowLimit) -> String {
    let mut table = borderless(width);
    // Only a comparison has a base.
    let based = rulings.iter().flat_map(|ruling| &ruling.findings).any(|finding| finding.base.is_some());
    let row = |verdict: String, words: String, subject: String, base: Option<&str>, because: String| {
        let base = based.then(|| base.unwrap_or_default().to_owned());
        [verdict, words, subject].into_iter().chain(base).chain([because]).collect::<Vec<_>>()
    };
    let heading = |text: &str| text.to_owned();
    table.set_header(row(heading("verdict"), heading("threshold"), heading("tag"), Some("base"), heading("why")));
    let mut explained = Vec::new();
    for ruling in rulings {
        let words = ruling.threshold.words();
        if ruling.findings.is_empty() {
            table.add_row(row(ruling.verdict.to_string(), words.clone(), String::new(), None, "all tags".to_owned()));
        }
        let shown = rows.of(SHOWN, ruling.findings.len());
        for (at, finding) in ruling.findings.iter().take(shown).enumerate() {
            let words = if at == 0 { words.clone() } else { String::new() };
            let because = std::iter::once(finding.because.clone())
                .chain(first_origins(report, finding, &mut explained))
                .collect::<Vec<_>>();
            // Must be plain before the layout counts columns.
            let because = plain(&because.join("\n")).into_owned();
            let base = finding.base.as_deref();
            table.add_row(row(finding.verdict.to_string(), words, finding.subject.clone(), base, because));
        }
        if let Some(more) = rows.more(ruling.findings.len() - shown) {
            table.add_row(row(String::new(), String::new(), String::new(), None, more));
        }
    }
    // Keeps the verdict on one line.
    if let Some(verdict) = table.column_mut(0) {
        verdict.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(9)));
    }
    table.trim_fmt()
}

/// The origins of a finding's memory, unless they are below an earlier finding on the same tag.
fn first_origins<'a>(report: &Report, finding: &'a Finding, explained: &mut Vec<&'a Key>) -> Vec<String> {
    let Some(key) = finding.key.as_ref().filter(|_| finding.verdict != Verdict::Held) else { return Vec::new() };
    if explained.contains(&key) {
        return Vec::new();
    }
    explained.push(key);
    report.origins(finding)
}

/// The same for a narrow terminal: under each threshold its findings, each wrapped to `width`.
fn paragraphs(report: &Report, rulings: &[Ruling], width: u16, rows: RowLimit) -> String {
    let mut text = String::new();
    let wrapped = |line: &str| {
        let options = textwrap::Options::new(width.into()).initial_indent("   ").subsequent_indent("     ");
        textwrap::fill(line, options.break_words(false))
    };
    let mut explained = Vec::new();
    for ruling in rulings {
        let _ = writeln!(text, " {}  {}", ruling.verdict, ruling.threshold.words());
        if ruling.findings.is_empty() {
            text.push_str("   all tags\n");
        }
        let shown = rows.of(SHOWN, ruling.findings.len());
        for finding in ruling.findings.iter().take(shown) {
            let verdict = (finding.verdict != ruling.verdict).then(|| format!("{}, ", finding.verdict));
            let base = finding.base.as_ref().map_or(String::new(), |base| format!(" (base: {base})"));
            let line = format!("{}: {}{}{base}", finding.subject, verdict.unwrap_or_default(), finding.because);
            let _ = writeln!(text, "{}", wrapped(&plain(&line)));
            first_origins(report, finding, &mut explained).into_iter().for_each(|origin| {
                let _ = writeln!(text, "{}", wrapped(&plain(&origin)));
            });
        }
        rows.more(ruling.findings.len() - shown).into_iter().for_each(|more| {
            let _ = writeln!(text, "   {more}");
        });
    }
    text.trim_end().to_owned()
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
