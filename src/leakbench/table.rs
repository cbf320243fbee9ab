//! The figures as tables for a terminal, beside those of the rules in use today.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table};

use super::figures::{BenchFigures, Called, Nanoseconds};
use super::rules;
use crate::table::borderless;

const LEGEND: &str = "\
N: iterations of the first look. candidates: of the tags, after the first look. looks: runs which took a second look.
alarms: runs in which a tag was called a leak; at most: upper end of the 95 % interval of Clopper and Pearson.
";

/// Limits of poolgate that no figure above shows.
const BLIND: &str = "\
What poolgate cannot see:
  - a leak of fewer than about 8 objects over the whole run: chance makes as many
  - growth which comes to an end only after the second look, which is three times as long as the first: it is called a leak
  - a leak which the workload causes but which shows only while the workload rests, or only after the last sample
";

/// All figures as text, `width` columns wide.
pub(crate) fn table(figures: &BenchFigures, width: u16) -> String {
    let mut text = format!("leakbench, {} size, seeds leakbench/{}/…\n{LEGEND}", figures.size, figures.seeds);
    let mut section = |heading: &str, table: Table| {
        let _ = write!(text, "\n{heading}\n{}\n", table.trim_fmt());
    };
    section("False alarms: runs of 3,000 tags, 1,000 of which move and none of which leaks", alarms(figures, width));
    section("Growth which ends or is taken back: tags called a leak", called(&figures.hard, width));
    section("Growth without end which is not the workload's", called(&figures.background, width));
    section("The smallest leak found with 95 % power, objects an iteration", smallest(figures, width));
    section(
        "Leaks of all rates, kinds and noise levels found at one false alarm in a hundred runs",
        recall(figures, width),
    );
    section("Rates of the leaks which were called", intervals(figures, width));
    section("Odd counters and samples", odd(figures, width));
    let Nanoseconds { at_first, then, lowest_alone } = figures.nanoseconds;
    let _ = write!(
        text,
        "\nTo judge a sample of a tag takes {then:.1} ns on this machine, and {at_first:.1} ns as a run begins, when all of its \
         memory is taken and flows are learned. To keep each tag's lowest Bytes and nothing else takes {lowest_alone:.2} ns.\n\n\
         {BLIND}"
    );
    text
}

/// A table with numbers in the columns from `words` on.
fn new(width: u16, header: &[&str], words: usize) -> Table {
    let mut table = borderless(width);
    table.set_header(header);
    for column in table.column_iter_mut().skip(words) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A header with the rules' names at its end.
fn with_rules<'a>(own: &[&'a str]) -> Vec<&'a str> {
    own.iter().copied().chain(rules::NAMES).collect()
}

fn alarms(figures: &BenchFigures, width: u16) -> Table {
    let own = ["family", "N", "runs", "candidates", "looks", "unclear", "alarms", "at most"];
    let mut table = new(width, &with_rules(&own), 1);
    for row in &figures.false_alarms {
        let mut cells = vec![
            row.family.clone(),
            row.iterations.to_string(),
            row.runs.to_string(),
            percent(row.candidates, row.tags),
            percent(row.alarmed, row.runs),
            percent(row.unclear, row.tags),
            percent(row.false_alarms, row.runs),
            format!("{:.2} %", 100.0 * row.at_most),
        ];
        cells.extend(row.rules.iter().map(|runs| percent(*runs, row.runs)));
        table.add_row(cells);
    }
    table
}

fn called(rows: &[Called], width: u16) -> Table {
    let own = ["family", "driven by", "N", "tags", "candidates", "leak", "background", "unclear"];
    let mut table = new(width, &with_rules(&own), 2);
    for row in rows {
        let mut cells = vec![
            row.family.clone(),
            row.driven_by.clone(),
            row.iterations.to_string(),
            row.tags.to_string(),
            percent(row.candidates, row.tags),
            percent(row.leak, row.tags),
            percent(row.background, row.tags),
            percent(row.unclear, row.tags),
        ];
        cells.extend(row.rules.iter().map(|tags| percent(*tags, row.tags)));
        table.add_row(cells);
    }
    table
}

/// One row per noise level and kind, one column per length.
fn smallest(figures: &BenchFigures, width: u16) -> Table {
    let mut lengths: Vec<u64> = figures.smallest.iter().map(|row| row.iterations).collect();
    lengths.sort_unstable();
    lengths.dedup();
    let headings: Vec<String> = lengths.iter().map(|length| format!("N = {length}")).collect();
    let header: Vec<&str> = ["noise", "leak"].into_iter().chain(headings.iter().map(String::as_str)).collect();
    let mut table = new(width, &header, 2);
    for row in figures.smallest.iter().filter(|row| Some(&row.iterations) == lengths.first()) {
        let mut cells = vec![row.noise.clone(), row.leak.clone()];
        for length in &lengths {
            let same = figures
                .smallest
                .iter()
                .find(|other| (&other.noise, &other.leak, &other.iterations) == (&row.noise, &row.leak, length));
            let rate = same.and_then(|same| same.rate);
            cells.push(rate.map_or_else(|| "none".to_owned(), |rate| format!("{rate:.*}", places(rate))));
        }
        table.add_row(cells);
    }
    table
}

fn recall(figures: &BenchFigures, width: u16) -> Table {
    let mut table = new(width, &with_rules(&["N", "leaks", "poolgate"]), 0);
    for row in &figures.recall {
        let mut cells = vec![row.iterations.to_string(), row.leaks.to_string(), share(row.poolgate)];
        cells.extend(row.rules.iter().map(|found| found.map_or_else(|| "no cut-off".to_owned(), share)));
        table.add_row(cells);
    }
    table
}

fn intervals(figures: &BenchFigures, width: u16) -> Table {
    let mut table = new(width, &["noise", "N", "called", "interval has the truth", "median error"], 1);
    for row in &figures.intervals {
        let (iterations, called) = (row.iterations.to_string(), row.called.to_string());
        table.add_row([row.noise.clone(), iterations, called, share(row.covered), share(row.median_error)]);
    }
    table
}

fn odd(figures: &BenchFigures, width: u16) -> Table {
    let mut table = new(width, &["what", "N", "leaks", "found", "nulls", "called a leak"], 1);
    for row in &figures.odd {
        let (iterations, leaks, nulls) = (row.iterations.to_string(), row.leaks.to_string(), row.nulls.to_string());
        let (found, called) = (percent(row.found, row.leaks), percent(row.called, row.nulls));
        table.add_row([row.what.clone(), iterations, leaks, found, nulls, called]);
    }
    table
}

/// Decimal places for about two significant digits.
fn places(rate: f64) -> usize {
    match rate {
        rate if rate < 0.1 => 3,
        rate if rate < 1.0 => 2,
        rate if rate < 10.0 => 1,
        _ => 0,
    }
}

fn percent(part: u64, whole: u64) -> String {
    share(part as f64 / whole.max(1) as f64)
}

/// A share as a percentage; a share above zero is never shown as zero.
fn share(share: f64) -> String {
    match share {
        0.0 => "0 %".to_owned(),
        share if share < 0.001 => format!("{:.3} %", 100.0 * share),
        share if share < 0.1 => format!("{:.2} %", 100.0 * share),
        share => format!("{:.1} %", 100.0 * share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_shares_are_not_shown_as_zero() {
        assert_eq!([0.0, 0.000_02, 0.004_2, 0.5, 1.0].map(share), ["0 %", "0.002 %", "0.42 %", "50.0 %", "100.0 %"]);
    }
}
