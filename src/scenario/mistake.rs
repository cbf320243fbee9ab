//! A mistake in a scenario: what is wrong, where it stands, and what would be right.
//!
//! [`Wrong`] is said by whoever notices (a quantity, a check across keys) and knows no place; [`Mistake`] adds the place,
//! and [`Mistakes`] the text, which makes it a diagnostic with the offending text underlined. Text from the file is
//! quoted only through [`shown`]: a file must not be able to send control characters to a terminal.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use crate::plain::acts;

/// What is wrong and what would be right, without the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(super) message: String,
    pub(super) label: String,
    pub(super) help: String,
}

impl Wrong {
    /// `message` is the headline, `label` stands under the offending text, `help` says what would be right.
    pub(super) fn new(message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Wrong {
        Wrong { message: message.into(), label: label.into(), help: help.into() }
    }

    /// The mistake at `span`, in bytes.
    pub(super) fn at(self, span: Range<usize>) -> Mistake {
        Mistake { wrong: self, span }
    }
}

/// One mistake and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    wrong: Wrong,
    span: Range<usize>,
}

impl Mistake {
    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.wrong.message
    }

    /// What would be right.
    pub fn help(&self) -> &str {
        &self.wrong.help
    }

    /// The offending bytes of [`Mistakes::text`].
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

/// All the mistakes found in one scenario, at least one, with the text they are in.
///
/// As a [`Diagnostic`] it is its first mistake, and the others are related to it.
#[derive(Debug)]
pub struct Mistakes {
    source: Source,
    found: Vec<Mistake>,
}

impl Mistakes {
    /// `text` is what the spans of `found` count in; its control characters are made harmless here.
    pub(super) fn new(source: &str, text: &str, found: Vec<Mistake>) -> Mistakes {
        Mistakes { source: Source { name: source.to_owned(), text: harmless(text) }, found }
    }

    /// The mistakes, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.found.iter()
    }

    /// The text the spans count in: the file, with control characters replaced by as many other bytes.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The mistakes as a person sees them, 100 columns wide and without colour.
    pub fn render(&self) -> String {
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
        let mut rendered = String::new();
        match handler.render_report(&mut rendered, self) {
            Ok(()) => rendered,
            // A span outside the text is a bug of ours; the message is still worth more than nothing.
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

/// The file, for miette, whose own named source counts columns in bytes; editors and people count characters.
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

/// Text from the file, fit for a message: one line, no control characters, at most 60 characters.
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

/// Whether YAML allows `c` in a file (YAML 1.2.2, 5.1, `c-printable`; of C1 not even NEL, which nobody types).
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// `text` with what is not printable, and what turns the direction of text, replaced by as many bytes, so that spans stay true.
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
        let wrong = Wrong::new(shown(text), "here", "remove it");
        let mistakes = Mistakes::new("x.yaml", text, vec![wrong.at(5..6)]);
        assert_eq!(mistakes.text().len(), text.len());
        assert!(mistakes.render().chars().all(is_printable), "{}", mistakes.render());
    }

    #[test]
    fn every_mistake_is_rendered_with_its_place() {
        let wrong = |message: &str| Wrong::new(message, "here", "do better");
        let text = "one: 1\ntwo: 2\n";
        let rendered = Mistakes::new("x.yaml", text, vec![wrong("first").at(0..3), wrong("second").at(7..10)]).render();
        assert!(rendered.contains("x.yaml:1:1") && rendered.contains("x.yaml:2:1"), "{rendered}");
    }

    #[test]
    fn a_column_counts_characters() {
        let wrong = Wrong::new("wrong", "here", "do better");
        let rendered = Mistakes::new("x.yaml", "a: 1\né→: 2\n", vec![wrong.at(12..13)]).render();
        assert!(rendered.contains("x.yaml:2:5"), "{rendered}");
    }
}
