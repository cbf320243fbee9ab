//! A mistake in a scenario: the error, its place, and the correction.
//!
//! A check creates a [`MistakeText`] without a place; [`Mistake`] adds the place. [`Mistakes`] adds the text, which makes it
//! a diagnostic with the offending text underlined. Text from the file is quoted only through [`shown`], so that a file
//! cannot send control characters to a terminal.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use crate::plain::acts;

/// An error and its correction, without the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MistakeText {
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: String,
}

impl MistakeText {
    /// `message` is the headline, `label` stands under the offending text, `help` describes the correction.
    pub(super) fn new(message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> MistakeText {
        MistakeText { message: message.into(), label: label.into(), help: help.into() }
    }

    /// Makes the mistake at `span`, in bytes.
    pub(super) fn at(self, span: Range<usize>) -> Mistake {
        Mistake { wrong: self, span }
    }
}

/// One mistake and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    wrong: MistakeText,
    span: Range<usize>,
}

impl Mistake {
    /// Returns the headline of the error.
    pub fn message(&self) -> &str {
        &self.wrong.message
    }

    /// Returns the text that describes the correction.
    pub fn help(&self) -> &str {
        &self.wrong.help
    }

    /// Returns the offending bytes of [`Mistakes::text`].
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wrong.message)
    }
}

impl std::error::Error for Mistake {}

impl Diagnostic for Mistake {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.wrong.help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_primary_with_span(Some(self.wrong.label.clone()), self.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}

/// All the mistakes found in one scenario, at least one, with its text.
///
/// As a [`Diagnostic`] it is its first mistake; the others are related diagnostics.
#[derive(Debug)]
pub struct Mistakes {
    source: Source,
    found: Vec<Mistake>,
}

impl Mistakes {
    /// Makes the mistakes in `text`. Replaces control characters in it.
    pub(super) fn new(source: &str, text: &str, found: Vec<Mistake>) -> Mistakes {
        Mistakes { source: Source { name: source.to_owned(), text: harmless(text) }, found }
    }

    /// Returns the mistakes, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.found.iter()
    }

    /// Returns the text of the file, with each control character replaced by the same number of bytes. Spans refer to
    /// it.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// Renders the mistakes for people, 100 columns wide and without colour.
    pub fn render(&self) -> String {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
        let mut rendered = String::new();
        match handler.render_report(&mut rendered, self) {
            Ok(()) => rendered,
            // A span outside the text is a bug in poolgate. The message alone is better than nothing.
            Err(fmt::Error) => self.to_string(),
        }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.found.iter().take(1).try_for_each(|first| first.fmt(f))
    }
}

impl std::error::Error for Mistakes {}

impl Diagnostic for Mistakes {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.found.first().and_then(Diagnostic::help)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.found.first()?.labels()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let rest = self.found.get(1..).filter(|rest| !rest.is_empty())?;
        Some(Box::new(rest.iter().map(|mistake| mistake as &dyn Diagnostic)))
    }
}

/// The file for miette. miette's own named source counts columns in bytes, but editors and people count characters.
#[derive(Debug)]
struct Source {
    name: String,
    text: String,
}

impl SourceCode for Source {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let read = self.text.read_span(span, lines_before, lines_after)?;
        let start = read.span().offset();
        let line = start.checked_sub(read.column()).and_then(|line_start| self.text.get(line_start..start));
        let column = line.map_or(read.column(), |line| line.chars().count());
        let (data, line, lines) = (read.data(), read.line(), read.line_count());
        Ok(Box::new(MietteSpanContents::new_named(self.name.clone(), data, *read.span(), line, column, lines)))
    }
}

/// Makes text from the file fit for a message: one line, no control characters, at most 60 characters.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(60) {
        if acts(c) || c.is_control() || !is_printable(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    if text.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns whether YAML allows `c` in a file (YAML 1.2.2, 5.1, `c-printable`, but of C1 not even NEL).
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// Replaces characters that are not printable or change the direction of text by the same number of bytes, so that
/// spans stay valid.
fn harmless(text: &str) -> String {
    let replace = |c: char| match c.len_utf8() {
        _ if is_printable(c) && !(acts(c) && c != '\r') => c,
        1 => '?',
        2 => '¿',
        _ => char::REPLACEMENT_CHARACTER,
    };
    text.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_the_file_s_control_characters() {
        let text = "run: \u{1b}[31m\u{9b}31m\u{ffff}\n";
        let wrong = MistakeText::new(shown(text), "here", "remove it");
        let mistakes = Mistakes::new("x.yaml", text, vec![wrong.at(5..6)]);
        assert_eq!(mistakes.text().len(), text.len());
        assert!(mistakes.render().chars().all(is_printable), "{}", mistakes.render());
    }

    #[test]
    fn every_mistake_is_rendered_with_its_place() {
        let wrong = |message: &str| MistakeText::new(message, "here", "do better");
        let text = "one: 1\ntwo: 2\n";
        let rendered = Mistakes::new("x.yaml", text, vec![wrong("first").at(0..3), wrong("second").at(7..10)]).render();
        assert!(rendered.contains("x.yaml:1:1") && rendered.contains("x.yaml:2:1"), "{rendered}");
    }

    #[test]
    fn a_column_counts_characters() {
        let wrong = MistakeText::new("wrong", "here", "do better");
        let rendered = Mistakes::new("x.yaml", "a: 1\né→: 2\n", vec![wrong.at(12..13)]).render();
        assert!(rendered.contains("x.yaml:2:5"), "{rendered}");
    }
}
