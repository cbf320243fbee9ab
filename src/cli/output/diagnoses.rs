//! The table of the diagnoses of doctor.

use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, Width};

use crate::doctor::{Diagnosis, Level};
use crate::plain::plain;
use crate::table::borderless;

/// Formats the diagnoses as a table, `width` columns wide, followed by the number of problems.
pub(in crate::cli) fn table(diagnoses: &[Diagnosis], width: u16) -> String {
    let mut table = borderless(width);
    for diagnosis in diagnoses {
        let help = diagnosis.help.as_ref().map_or(String::new(), |help| format!("\nhelp: {help}"));
        let says = plain(&format!("{}{help}", diagnosis.says)).into_owned();
        table.add_row([diagnosis.level.to_string(), diagnosis.what.to_owned(), says]);
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
    format!("{lines}\n{}", sum(diagnoses))
}

/// Colours the first word of a line if it is a level.
fn coloured(line: &str) -> String {
    let words = line.trim_start();
    let indent = &line[..line.len() - words.len()];
    // Only the first line of a diagnosis has text in the first column.
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
