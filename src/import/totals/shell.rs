//! The use of the pools as PowerShell prints it: a `Format-Table` of counters with the time in the first column, or the
//! output of `Get-Counter` itself (Microsoft Learn, "Get-Counter").
//!
//! ```text
//! Time                PagedPoolMB NonpagedPoolMB
//! ----                ----------- --------------
//! 2026-07-15 20:59:08        1225          922,5
//! ```
//!
//! The unit is in a column's name. The decimal mark is determined from all numbers of a log: an ambiguous number
//! (`1,225`) is refused unless another number decides.

use std::io::Read;

use super::super::data::looks_like_row;
use super::super::lines::LogLines;
use super::super::passed::shown;
use super::super::tables::ImportedTables;
use super::super::when::Stamp;
use super::super::{ImportError, LogProblem, when};
use super::amount::{Marks, bytes, unit};
use super::{Pools, pool_of, time};
use crate::pool::Pool;

const SOURCE: &str = "a table of PowerShell";
/// The header that `Get-Counter` prints above its samples.
const SAMPLES: [&str; 2] = ["Timestamp", "CounterSamples"];

/// Whether a line is a header of such a table.
pub(in crate::import) fn begins(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&text[..text.len().min(400)]);
    text.split_whitespace().eq(SAMPLES) || columns(&text).is_some()
}

/// The pool of a column, and the bytes in its unit.
type PoolColumn = Option<(Pool, f64)>;

/// The columns after the time. Names that contain spaces are separated by two spaces.
fn columns(text: &str) -> Option<Vec<(String, PoolColumn)>> {
    let names: Vec<&str> = text.split("  ").flat_map(words).collect();
    let (first, rest) = names.split_first()?;
    let is_time = ["time", "timestamp", "date", "datetime", "when"].iter().any(|name| first.eq_ignore_ascii_case(name));
    let columns: Vec<(String, PoolColumn)> =
        rest.iter().map(|name| ((*name).to_owned(), pool_of(name).zip(unit(name)))).collect();
    (is_time && columns.iter().any(|(_, column)| column.is_some())).then_some(columns)
}

/// The names in a part of a header. A name that contains a space is kept whole if it names a pool.
fn words(part: &str) -> Vec<&str> {
    let part = part.trim();
    match part.contains(' ') && pool_of(part).is_some() && !part.split(' ').any(|word| pool_of(word).is_some()) {
        true => vec![part],
        false => part.split_whitespace().collect(),
    }
}

/// Reads all tables of a text. Its beginning determines the marks in its numbers.
pub(in crate::import) fn read(
    lines: &mut LogLines<impl Read>,
    beginning: &[u8],
    tables: &mut ImportedTables,
) -> Result<(), ImportError> {
    let marks = marks(beginning).map_err(|number| tables.wrong(0, ambiguous(&number)))?;
    let mut log = ShellLog { marks, columns: None, pools: Pools::default(), counter: None, stamp: None };
    while let Some(line) = lines.next()? {
        let text = String::from_utf8_lossy(line.bytes).into_owned();
        log.line(line.number, text.trim(), tables)?;
    }
    tables.end_file("table of PowerShell")
}

fn ambiguous(number: &str) -> LogProblem {
    let number = shown(number.as_bytes());
    let what = format!(
        "has `{number}`, which has either decimals or a thousands separator, and no other number shows the format"
    );
    LogProblem::new(
        what,
        "write whole numbers without separators, or export the counters: `typeperf \"\\Memory\\Pool Nonpaged Bytes\" -o FILE`",
    )
}

/// Determines the marks from the numbers in the beginning.
fn marks(beginning: &[u8]) -> Result<Marks, String> {
    let mut lines = LogLines::new(beginning, beginning);
    let mut numbers: Vec<String> = Vec::new();
    let mut columns = None;
    // Reading from memory does not fail.
    while let Ok(Some(line)) = lines.next() {
        let text = String::from_utf8_lossy(line.bytes).into_owned();
        if let Some(found) = self::columns(&text) {
            columns = Some(found.len());
        } else if let Some(count) = columns {
            let words: Vec<&str> = text.split_whitespace().collect();
            let first = words.len().saturating_sub(count);
            numbers.extend(
                words[first..]
                    .iter()
                    .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
                    .map(|word| (*word).to_owned()),
            );
        }
    }
    Marks::from_numbers(numbers.iter().map(String::as_str)).map_err(str::to_owned)
}

struct ShellLog {
    marks: Marks,
    columns: Option<Vec<(String, PoolColumn)>>,
    pools: Pools,
    /// The counter of the value in the next line.
    counter: Option<Pool>,
    /// The time of a sample without a value of a pool so far.
    stamp: Option<Stamp>,
}

impl ShellLog {
    fn line(&mut self, number: u64, text: &str, tables: &mut ImportedTables) -> Result<(), ImportError> {
        let is_rule = !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'-' | b' '));
        if text.is_empty() || is_rule || text.split_whitespace().eq(SAMPLES) {
            return Ok(());
        }
        if let Some(columns) = columns(text) {
            let others: Vec<&str> =
                columns.iter().filter(|(_, column)| column.is_none()).map(|(name, _)| name.as_str()).collect();
            if !others.is_empty() && self.columns.is_none() {
                tables.note(&format!(
                    "columns without a pool or without a unit are not read: {}",
                    shown(others.join(", ").as_bytes())
                ));
            }
            self.columns = Some(columns);
            return Ok(());
        }
        match self.columns.take() {
            Some(columns) => {
                let read = self.row(number, text, &columns, tables);
                self.columns = Some(columns);
                read
            }
            None => self.sample(number, text, tables),
        }
    }

    fn row(
        &mut self,
        number: u64,
        text: &str,
        columns: &[(String, PoolColumn)],
        tables: &mut ImportedTables,
    ) -> Result<(), ImportError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let at = words.len().checked_sub(columns.len()).filter(|at| *at > 0);
        let stamp = at.and_then(|at| time(&words[..at].join(" ")).map(|stamp| (stamp, at)));
        let Some((stamp, at)) = stamp else {
            let why = || format!("is not a time and {} numbers: `{}`", columns.len(), shown(text.as_bytes()));
            match looks_like_row(text.as_bytes(), true) {
                true => tables.unread(number, why),
                false => tables.pass(number, why),
            }
            return Ok(());
        };
        let amounts =
            words[at..].iter().zip(columns).filter_map(|(word, (_, column))| column.map(|column| (*word, column)));
        let read = |(word, (pool, unit)): (&str, (Pool, f64))| {
            let amount = self.marks.read(word).and_then(|amount| bytes(amount, unit));
            amount
                .map(|bytes| (pool, bytes))
                .ok_or_else(|| format!("has `{}` instead of a number", shown(word.as_bytes())))
        };
        match amounts.map(read).collect::<Result<Vec<_>, String>>() {
            Err(why) => tables.unread(number, || why),
            Ok(read) => {
                tables.set_source(SOURCE, None, false);
                tables.stamp(stamp);
                tables.begin(number)?;
                read.into_iter().for_each(|(pool, bytes)| self.pools.add(pool, bytes, tables));
            }
        }
        Ok(())
    }

    /// Handles a line printed by `Get-Counter`: the time and a counter's path, then its value.
    fn sample(&mut self, number: u64, text: &str, tables: &mut ImportedTables) -> Result<(), ImportError> {
        if let Some(path) = text.strip_suffix(':').map(str::trim_end).filter(|path| path.contains("\\\\")) {
            let (before, path) = path.split_once("\\\\").unwrap_or(("", path));
            if let Some(stamp) = time(before).map(Stamp::from).or_else(|| when::line(before.as_bytes())) {
                tables.set_source(SOURCE, None, false);
                tables.end()?;
                self.stamp = Some(stamp);
            } else if !before.trim().is_empty() {
                tables.pass(number, || format!("has an unreadable time: `{}`", shown(before.as_bytes())));
            }
            // The machine is followed by the object, which is the whole machine's memory or one process.
            let counter = path.split_once('\\').map_or(path, |(_, counter)| counter);
            self.counter = pool_of(counter).filter(|_| counter.to_ascii_lowercase().starts_with("memory\\"));
            // A sample without a pool's counter is not a table.
            if let (Some(_), Some(stamp)) = (self.counter, self.stamp) {
                self.stamp = None;
                tables.stamp(stamp);
                tables.begin(number)?;
            }
            return Ok(());
        }
        let value = Marks::from_numbers(std::iter::once(text))
            .ok()
            .and_then(|marks| marks.read(text))
            .and_then(|value| bytes(value, 1.0));
        match (self.counter.take(), value) {
            (Some(pool), Some(bytes)) if tables.is_open() => self.pools.add(pool, bytes, tables),
            (None, Some(_)) => {}
            _ => tables.pass(number, || format!("belongs to no table: `{}`", shown(text.as_bytes()))),
        }
        Ok(())
    }
}
