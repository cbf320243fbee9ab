//! The table of the diagnoses of doctor.

use std::iter::once;

use anstyle::{AnsiColor, Style};

use crate::doctor::{Diagnosis, Level};
use crate::plain::plain;

/// The length of the longest level.
const LEVEL: usize = "problem".len();
/// The narrowest column of text, however narrow the terminal is.
const NARROWEST: usize = 20;

/// Formats the diagnoses in columns, `width` wide, followed by the number of problems.
pub(in crate::cli) fn table(diagnoses: &[Diagnosis], width: u16) -> String {
    let subject = diagnoses.iter().map(|diagnosis| diagnosis.what.len()).max().unwrap_or(0);
    let margin = " ".repeat(1 + LEVEL + 2 + subject + 2);
    // A break inside a path or a command would change it.
    let options = textwrap::Options::new(usize::from(width).saturating_sub(margin.len()).max(NARROWEST))
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let rows = diagnoses.iter().flat_map(|Diagnosis { level, what, message, help }| {
        let help = help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
        let message = plain(&format!("{message}{help}")).into_owned();
        let style = style(*level);
        let begin = format!(" {style}{level:LEVEL$}{style:#}  {what:subject$}  ");
        let lines: Vec<String> = textwrap::wrap(&message, &options).into_iter().map(String::from).collect();
        let margins = once(begin).chain(std::iter::repeat(margin.clone()));
        margins.zip(lines).map(|(margin, line)| margin + &line + "\n").collect::<Vec<_>>()
    });
    format!("{}\n{}", rows.collect::<String>(), sum(diagnoses))
}

fn style(level: Level) -> Style {
    let colour = match level {
        Level::Ok => AnsiColor::Green,
        Level::Note => AnsiColor::Yellow,
        Level::Problem => AnsiColor::Red,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

fn sum(diagnoses: &[Diagnosis]) -> String {
    match problems(diagnoses) {
        0 => "no problems found".to_owned(),
        1 => "1 problem found".to_owned(),
        more => format!("{more} problems found"),
    }
}

/// Returns the number of diagnoses that prevent a run.
pub(in crate::cli) fn problems(diagnoses: &[Diagnosis]) -> usize {
    diagnoses.iter().filter(|diagnosis| diagnosis.level == Level::Problem).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Diagnosis> {
        vec![
            Diagnosis::ok("pool tags", "windows pool tags: 2712"),
            Diagnosis::note("ok", "note that problem words stand anywhere").help("ok"),
            Diagnosis::problem("boot loader", "word ".repeat(30).trim_end()).help("ok it once more, ".repeat(9)),
        ]
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn every_diagnosis_fits_the_terminal_and_begins_with_its_level() {
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
