//! Lines that were not read: all are counted, and the first few are listed with the reason. Unreadable rows are counted
//! separately from other lines, because only rows are data that a verdict lacks.

use super::LogProblem;
use crate::counted::counted;

/// The number of lines that are listed.
const LISTED: usize = 3;
/// The number of characters shown of a line.
const SHOWN: usize = 40;

/// The words for one counted line, and for several.
type Wording = [&'static str; 2];

/// Lines that are not rows.
pub(super) const LINES: Wording = ["line was not read", "lines were not read"];
/// Lines that look like rows of data.
pub(super) const ROWS: Wording = ["row of data was not read", "rows of data were not read"];
/// Rows that were read and may be wrong.
pub(super) const DOUBTS: Wording = ["row was read and may be wrong", "rows were read and may be wrong"];

/// The lines of one file that were not read.
#[derive(Debug)]
pub(super) struct Passed {
    wording: Wording,
    count: u64,
    first: Vec<(u64, String)>,
}

impl Passed {
    pub(super) fn new(wording: Wording) -> Passed {
        Passed { wording, count: 0, first: Vec::new() }
    }

    /// Counts a line, and keeps the reason if it is among the first.
    pub(super) fn add(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push((line, why()));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Lists the lines: `line 7 …; line 9 …; and 12 more`.
    pub(super) fn list(&self) -> String {
        let mut list: Vec<String> = self.first.iter().map(|(line, why)| format!("line {line} {why}")).collect();
        let more = self.count - self.first.len() as u64;
        if more > 0 {
            list.push(format!("and {more} more"));
        }
        list.join("; ")
    }

    /// A note for the user; `None` if no line was counted.
    pub(super) fn note(&self, name: &str) -> Option<String> {
        let [one, several] = self.wording;
        (self.count > 0).then(|| format!("{name}: {}: {}", counted(self.count, one, several), self.list()))
    }

    /// The error for a file without any readable `what`, a kind of table.
    pub(super) fn nothing(&self, what: &str) -> LogProblem {
        let help = "give a whole table with its header; docs/logs.md lists the supported logs";
        match self.is_empty() {
            true => LogProblem::new(format!("has no readable {what}"), help),
            false => LogProblem::new(format!("has no readable {what}: {}", self.list()), help),
        }
    }
}

/// Formats text from a file for a message.
pub(super) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.trim_ascii());
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lines_are_counted_and_the_first_are_listed() {
        let mut passed = Passed::new(LINES);
        assert_eq!(passed.note("x.log"), None);
        passed.add(7, || "is no row".to_owned());
        assert_eq!(passed.note("x.log").as_deref(), Some("x.log: 1 line was not read: line 7 is no row"));
        (8..100).for_each(|line| passed.add(line, || "is cut off".to_owned()));
        let note = "x.log: 93 lines were not read: line 7 is no row; line 8 is cut off; line 9 is cut off; and 90 more";
        assert_eq!(passed.note("x.log").as_deref(), Some(note));
    }

    #[test]
    fn text_of_a_file_reaches_no_terminal_as_it_is() {
        assert_eq!(shown(b" \x1b[31mIrp \xff "), "\\u{1b}[31mIrp \u{fffd}");
        assert_eq!(shown(&[b'x'; 50]), format!("{}…", "x".repeat(40)));
    }
}
