//! A finding of doctor, and the table of findings.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, Width};

use crate::failure;
use crate::machine::MachineError;
use crate::plain::plain;
use crate::table::borderless;

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// The subject of the check, such as `boot loader`.
    pub(super) what: &'static str,
    pub(super) says: String,
    /// Advice for the user.
    pub(super) help: Option<String>,
}

/// The meaning of a finding for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Ok,
    /// Useful to know; does not prevent a run.
    Note,
    /// Prevents a run.
    Problem,
}

/// Whether the machine will have to be restarted, according to the scenarios. With several scenarios, the greatest
/// value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reboots {
    /// No scenario changes a flag.
    Never,
    /// No scenario was given, or its needs cannot be determined.
    Unknown,
    /// At least one scenario changes a flag.
    Needed,
}

impl Reboots {
    /// Returns the level of a finding about a missing feature that only reboots need, or `None` if no scenario needs
    /// it.
    pub(super) fn lack(self) -> Option<Level> {
        match self {
            Reboots::Never => None,
            Reboots::Unknown => Some(Level::Note),
            Reboots::Needed => Some(Level::Problem),
        }
    }
}

impl Finding {
    pub(super) fn ok(what: &'static str, says: impl Into<String>) -> Finding {
        Finding::at(Level::Ok, what, says)
    }

    pub(super) fn note(what: &'static str, says: impl Into<String>) -> Finding {
        Finding::at(Level::Note, what, says)
    }

    pub(super) fn problem(what: &'static str, says: impl Into<String>) -> Finding {
        Finding::at(Level::Problem, what, says)
    }

    pub(super) fn at(level: Level, what: &'static str, says: impl Into<String>) -> Finding {
        Finding { level, what, says: says.into(), help: None }
    }

    /// Returns a finding of this `level` for a check that failed with an error.
    pub(super) fn failed(level: Level, what: &'static str, error: &MachineError) -> Finding {
        Finding { level, what, says: error.to_string(), help: failure::help(error) }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }
}

impl Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Problem => "problem",
        })
    }
}

/// Formats the findings as a table, `width` columns wide, followed by the number of problems.
pub(super) fn table(findings: &[Finding], width: u16) -> String {
    let mut table = borderless(width);
    for finding in findings {
        let help = finding.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
        let says = plain(&format!("{}{help}", finding.says)).into_owned();
        table.add_row([finding.level.to_string(), finding.what.to_owned(), says]);
    }
    // Never break the first two columns, because users search for their words.
    for column in [0, 1] {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    if let Some(says) = table.column_mut(2) {
        says.set_constraint(ColumnConstraint::UpperBoundary(Width::Percentage(100)));
    }
    let lines: String = table.trim_fmt().lines().map(|line| coloured(line) + "\n").collect();
    format!("{lines}\n{}", sum(findings))
}

/// Colours the first word of a line if it is a level.
fn coloured(line: &str) -> String {
    let words = line.trim_start();
    let indent = &line[..line.len() - words.len()];
    // Only the first line of a finding has text in the first column.
    let level = [Level::Ok, Level::Note, Level::Problem].into_iter().find(|level| {
        indent.len() <= 1 && words.strip_prefix(&level.to_string()).is_some_and(|rest| rest.starts_with(' '))
    });
    let Some(level) = level else { return line.to_owned() };
    let (word, style) = (level.to_string(), style(level));
    format!("{indent}{style}{word}{style:#}{}", &words[word.len()..])
}

fn style(level: Level) -> Style {
    let colour = match level {
        Level::Ok => AnsiColor::Green,
        Level::Note => AnsiColor::Yellow,
        Level::Problem => AnsiColor::Red,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

fn sum(findings: &[Finding]) -> String {
    match problems(findings) {
        0 => "no problems found".to_owned(),
        1 => "1 problem found".to_owned(),
        more => format!("{more} problems found"),
    }
}

/// Returns the number of findings that prevent a run.
pub(super) fn problems(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.level == Level::Problem).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Finding> {
        vec![
            Finding::ok("pool tags", "windows pool tags: 2712"),
            Finding::note("ok", "note that problem words stand anywhere").help("ok"),
            Finding::problem("boot loader", "word ".repeat(30).trim_end()).help("ok it once more, ".repeat(9)),
        ]
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn every_finding_fits_the_terminal_and_begins_with_its_level() {
        for width in [60, 80, 120] {
            let text = plain(&table(&some(), width));
            assert!(text.lines().all(|line| line.chars().count() <= width.into()), "{width}:\n{text}");
            let first: Vec<&str> = text.lines().filter(|line| !line.starts_with("  ")).collect();
            let begin = |line: &&str, word: &str| line.trim_start().starts_with(word);
            assert!(begin(&first[0], "ok ") && begin(&first[1], "note ") && begin(&first[2], "problem "), "{text}");
            assert!(text.ends_with("\n\n1 problem found"), "{text}");
        }
    }

    #[test]
    fn only_levels_are_coloured() {
        let text = table(&some(), 80);
        assert_eq!(text.matches('\u{1b}').count(), 3 * 3, "{text:?}");
    }

    #[test]
    fn problems_are_counted() {
        assert_eq!(sum(&[]), "no problems found");
        assert_eq!(sum(&some()[..2]), "no problems found");
        assert_eq!(sum(&[some(), some()].concat()), "2 problems found");
    }
}
