//! Performance counters as CSV: `(PDH-CSV 4.0)`, written by typeperf, Performance Monitor and `relog -f CSV`, and
//! `(PDH-TSV 4.0)` with tabs (Microsoft Learn, "relog", "typeperf").
//!
//! The first column is the time; its header names the zone and the offset from UTC in minutes. Each other column is one
//! counter of one machine. A counter without a value at a time is blank.

use std::io::Read;

use jiff::{SignedDuration, Timestamp};

use super::super::lines::{LogLine, LogLines};
use super::super::passed::shown;
use super::super::tables::ImportedTables;
use super::super::{ImportError, LogProblem};
use super::amount::{Marks, bytes};
use super::{Pools, pool_of, time};
use crate::pool::Pool;

const SOURCE: &str = "performance counters";

/// Whether a line is the header of such a log.
pub(in crate::import) fn begins(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"\"").unwrap_or(text).trim_ascii_start();
    text.starts_with(b"(PDH-CSV ") || text.starts_with(b"(PDH-TSV ")
}

/// The columns of a log.
struct CounterColumns {
    separator: char,
    count: usize,
    /// Add this to a time of the log to get UTC.
    bias: SignedDuration,
    pools: Vec<(usize, Pool)>,
}

/// Reads all rows of a text.
pub(in crate::import) fn read(lines: &mut LogLines<impl Read>, tables: &mut ImportedTables) -> Result<(), ImportError> {
    let (mut columns, mut pools): (Option<CounterColumns>, Pools) = (None, Pools::default());
    while let Some(line) = lines.next()? {
        let text = String::from_utf8_lossy(line.bytes.trim_ascii());
        if text.is_empty() {
            continue;
        }
        if begins(text.as_bytes()) {
            let found = header(&text).map_err(|wrong| tables.wrong(line.number, wrong))?;
            if let Some(left_out) = found.1.filter(|_| columns.is_none()) {
                tables.note(&left_out);
            }
            columns = Some(found.0);
            continue;
        }
        let Some(columns) = &columns else {
            tables.pass(line.number, || format!("comes before the header: `{}`", shown(text.as_bytes())));
            continue;
        };
        row(columns, line, &text, &mut pools, tables)?;
    }
    tables.end_file("row of performance counters")
}

/// Parses the columns. Also returns a note about the columns that are not read.
fn header(text: &str) -> Result<(CounterColumns, Option<String>), LogProblem> {
    let separator = ['\t', ';', ','].into_iter().find(|separator| text.contains(*separator)).unwrap_or(',');
    let names = fields(text, separator);
    let mut found: Vec<(usize, Pool)> = Vec::new();
    let mut others = Vec::new();
    let mut machine: Option<&str> = None;
    for (place, name) in names.iter().enumerate().skip(1) {
        let (host, counter) = counter(name);
        match pool_of(counter).filter(|_| counter.to_ascii_lowercase().starts_with("memory\\")) {
            Some(pool) => {
                if machine.is_some_and(|machine| !machine.eq_ignore_ascii_case(host)) {
                    let what = format!("has the pools of two machines, {} and {}", machine.unwrap_or_default(), host);
                    let help = "put each into its own file: `relog FILE -c \"\\\\HOST\\Memory\\*\" -f CSV -o HOST.csv`";
                    return Err(LogProblem::new(shown(what.as_bytes()), help));
                }
                machine = Some(host);
                found.push((place, pool));
            }
            None => others.push(counter),
        }
    }
    if found.is_empty() {
        let first = others.first().map(|name| shown(name.as_bytes())).unwrap_or_default();
        let what = format!("has no pool counter among {}; the first is `{first}`", others.len());
        let help = "log `\\Memory\\Pool Nonpaged Bytes` and `\\Memory\\Pool Paged Bytes`, with their English names";
        return Err(LogProblem::new(what, help));
    }
    let note = others.first().map(|first| {
        format!(
            "{} of {} counters are not read, because they do not belong to a pool: `{}` and so on",
            others.len(),
            names.len() - 1,
            shown(first.as_bytes())
        )
    });
    let bias = names[0].rsplit('(').next().and_then(|minutes| minutes.trim_end_matches(')').parse::<i64>().ok());
    let bias = SignedDuration::from_mins(bias.filter(|minutes| minutes.abs() < 1440).unwrap_or(0));
    Ok((CounterColumns { separator, count: names.len(), bias, pools: found }, note))
}

/// Splits a counter's path into the machine and the rest: `\\\\HOST\\Memory\\Pool Paged Bytes`.
fn counter(name: &str) -> (&str, &str) {
    match name.strip_prefix("\\\\") {
        Some(rest) => rest.split_once('\\').unwrap_or(("", rest)),
        None => ("", name.trim_start_matches('\\')),
    }
}

fn fields(text: &str, separator: char) -> Vec<&str> {
    text.split(separator).map(|field| field.trim().trim_matches('"').trim()).collect()
}

fn row(
    columns: &CounterColumns,
    line: LogLine<'_>,
    text: &str,
    pools: &mut Pools,
    tables: &mut ImportedTables,
) -> Result<(), ImportError> {
    let fields = fields(text, columns.separator);
    let at = fields.first().and_then(|first| time(first)).and_then(|at: Timestamp| at.checked_add(columns.bias).ok());
    let Some(at) = at else {
        tables.pass(line.number, || format!("does not begin with a time: `{}`", shown(text.as_bytes())));
        return Ok(());
    };
    if fields.len() != columns.count {
        tables.unread(line.number, || format!("has {} fields, but the header has {}", fields.len(), columns.count));
        return Ok(());
    }
    let mut read = Vec::with_capacity(columns.pools.len());
    for (place, pool) in &columns.pools {
        let field = fields[*place];
        if field.is_empty() {
            continue;
        }
        let marks = Marks::from_numbers(std::iter::once(field)).unwrap_or(Marks::Point);
        match marks.read(field).and_then(|amount| bytes(amount, 1.0)) {
            Some(bytes) => read.push((*pool, bytes)),
            None => {
                tables.pass(line.number, || format!("has `{}` instead of a number of bytes", shown(field.as_bytes())));
                return Ok(());
            }
        }
    }
    // A row of blanks is a gap, not an empty pool.
    if !read.is_empty() {
        tables.set_source(SOURCE, None, false);
        tables.stamp(at);
        tables.begin(line.number)?;
        read.into_iter().for_each(|(pool, bytes)| pools.add(pool, bytes, tables));
    }
    Ok(())
}
