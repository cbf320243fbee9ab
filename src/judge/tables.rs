//! Amounts in a log without stages, and so without samples known to be at rest: its first table is compared with its
//! last.
//!
//! In a log with many tables the lower quartiles of the first and the last tenth are compared, so a single table with a
//! peak decides nothing. A tag missing in a table is unknown there, unless the recording has no row for it yet: then it
//! held nothing. Tables from before a restart belong to another boot and are not compared.

use std::collections::HashMap;
use std::time::Duration;

use super::amounts::{Amounts, CounterReset, Unknown};
use super::level::Levels;
use super::sums::Sum;
use crate::pool::{Counters, Key, Usage};
use crate::record::{Event, Recording};

/// The number of tables from which on tenths are compared.
const MANY: u64 = 40;
/// The most tables of a tenth that are kept.
const KEPT: u64 = 32;

/// The amounts in a log without stages.
#[derive(Debug, Default)]
pub(super) struct LogTables {
    /// The number of tables.
    count: u64,
    /// Index of the first table since the last restart.
    since: u64,
    /// Rows with counters that went back since then.
    reset: Vec<bool>,
    first: LogEnd,
    last: LogEnd,
    /// The last table, by row.
    end: Vec<Option<Usage>>,
    /// Bytes in the last table, by sum.
    end_of_sums: Vec<Option<u64>>,
    /// The first table is the base's, and the last one is the candidate's.
    joined: bool,
}

/// Tables at one end of the log.
#[derive(Debug, Default)]
struct LogEnd {
    /// The number of tables that were added.
    tables: u64,
    /// Their average time since the log began.
    at: Duration,
    rows: Vec<Values>,
    sums: Vec<Values>,
}

/// The known values of a tag, table by table: bytes and objects.
type Values = Vec<(u64, i64)>;

/// Reads a log a second time, with its `keys` and `sums` known.
pub(super) fn read(recording: &Recording, keys: &[Key], sums: &[Sum]) -> LogTables {
    let TableCount { count, since, reset } = counted(recording, keys.len());
    let length = count - since;
    let each = if length >= MANY { length / 10 } else { 1 };
    let windows = [since..since + each, count.saturating_sub(each)..count];
    let mut tables = LogTables { count, since, reset, ..LogTables::default() };
    let mut events = recording.events();
    let mut number = 0;
    while let Some(event) = events.next() {
        let Event::Sample { info, snapshot } = event else { continue };
        for (window, range) in [&mut tables.first, &mut tables.last].into_iter().zip(&windows) {
            if range.contains(&number) && (number - range.start).is_multiple_of(each.div_ceil(KEPT)) {
                window.add(info.at, keys.len(), snapshot.usages(), snapshot.keys(), sums);
            }
        }
        number += 1;
        if number == count {
            tables.end = snapshot.usages().to_vec();
            let sum = |sum: &Sum| of_sum(sum, snapshot.usages(), snapshot.keys()).map(|(bytes, _)| bytes);
            tables.end_of_sums = sums.iter().map(sum).collect();
        }
    }
    tables
}

/// One of two recordings that are compared.
pub(super) struct Side<'a> {
    pub(super) tables: &'a LogTables,
    pub(super) keys: &'a [Key],
}

/// The number of tables, and the counters that went back in them.
struct TableCount {
    count: u64,
    since: u64,
    reset: Vec<bool>,
}

/// Counts the tables, and finds counters that went back.
fn counted(recording: &Recording, rows: usize) -> TableCount {
    let mut before: Vec<Option<Usage>> = vec![None; rows];
    let mut counted = TableCount { count: 0, since: 0, reset: vec![false; rows] };
    let mut events = recording.events();
    while let Some(event) = events.next() {
        if let Event::Sample { snapshot, .. } = event {
            counted.table(snapshot.keys(), snapshot.usages(), &mut before);
        }
    }
    counted
}

impl TableCount {
    /// Counts a table; `before` holds the last known usage of each row. Later rows were in no sample of the workload, and
    /// are not judged.
    fn table(&mut self, keys: &[Key], usages: &[Option<Usage>], before: &mut [Option<Usage>]) {
        let (mut compared, mut restarted) = (0u64, 0u64);
        let rows = keys.iter().zip(usages).zip(before.iter_mut().zip(&mut self.reset));
        for ((key, usage), (before, reset)) in rows {
            let Some(now) = *usage else { continue };
            if let Some(then) = before.replace(now)
                && let Some([allocs, frees]) = went_back(key.counters, then, now)
            {
                compared += 1;
                restarted += u64::from(allocs);
                *reset |= allocs || frees;
            }
        }
        if 2 * restarted > compared {
            self.since = self.count;
            self.reset.fill(false);
        }
        self.count += 1;
    }
}

/// Whether allocations and frees went back; `None` if they are not counted.
fn went_back(counters: Counters, then: Usage, now: Usage) -> Option<[bool; 2]> {
    let back = |now: u64, then: u64| match counters {
        Counters::Wrapping32 => Some((now.wrapping_sub(then) as u32 as i32) < 0),
        Counters::Full64 => Some(now < then),
        Counters::InUse | Counters::BytesOnly => None,
    };
    Some([back(now.allocs, then.allocs)?, back(now.frees, then.frees)?])
}

/// Bytes and objects of a sum; `None` if the table does not show all of its tags.
fn of_sum(sum: &Sum, usages: &[Option<Usage>], keys: &[Key]) -> Option<(u64, i64)> {
    let rows = sum.rows().iter().filter(|row| **row < usages.len());
    rows.map(|row| usages[*row].map(|usage| (usage.bytes, keys[*row].live(usage)))).try_fold(
        (0u64, 0i64),
        |sum, one| {
            let (bytes, objects) = one?;
            Some((sum.0.saturating_add(bytes), sum.1.saturating_add(objects)))
        },
    )
}

impl LogEnd {
    fn add(&mut self, at: Duration, rows: usize, usages: &[Option<Usage>], keys: &[Key], sums: &[Sum]) {
        self.rows.resize(rows, Values::new());
        self.sums.resize(sums.len(), Values::new());
        for (row, values) in self.rows.iter_mut().enumerate() {
            values.extend(match usages.get(row) {
                None => Some((0, 0)),
                Some(usage) => usage.map(|usage| (usage.bytes, keys[row].live(usage))),
            });
        }
        for (sum, values) in sums.iter().zip(&mut self.sums) {
            values.extend(of_sum(sum, usages, keys));
        }
        let before = self.tables as u32;
        self.tables += 1;
        self.at = (self.at * before + at) / (before + 1);
    }

    /// The lower quartile of the known values; `None` if less than half of the tables show the tag.
    fn level(&self, values: &[Values], row: usize) -> Option<(u64, i64)> {
        let values = values.get(row).filter(|values| 2 * values.len() as u64 >= self.tables.max(1))?;
        let (mut bytes, mut objects): (Vec<u64>, Vec<i64>) = values.iter().copied().unzip();
        bytes.sort_unstable();
        objects.sort_unstable();
        let at = (values.len() - 1) / 4;
        Some((bytes[at], objects[at]))
    }
}

impl LogTables {
    /// The number of tables in the log.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Joins the table of a base and that of a candidate to one log, `apart` in time, if each is a single table.
    pub(super) fn joined(base: Side<'_>, candidate: Side<'_>, sums: &[Sum], apart: Duration) -> Option<LogTables> {
        let [before, after] = [base.tables, candidate.tables].map(|tables| (tables.count == 1).then_some(tables));
        let (before, after) = (before?, after?);
        let rows: HashMap<_, usize> = base.keys.iter().enumerate().map(|(row, key)| (key.identity(), row)).collect();
        let of_base = |key: &Key| *before.end.get(*rows.get(&key.identity())?)?;
        let first: Vec<Option<Usage>> = candidate.keys.iter().map(of_base).collect();
        let mut counted = TableCount { count: 0, since: 0, reset: vec![false; first.len()] };
        let mut seen = vec![None; first.len()];
        counted.table(candidate.keys, &first, &mut seen);
        counted.table(candidate.keys, &after.end, &mut seen);
        let (mut from, mut to) = (LogEnd::default(), LogEnd::default());
        from.add(Duration::ZERO, first.len(), &first, candidate.keys, sums);
        to.add(apart, first.len(), &after.end, candidate.keys, sums);
        let TableCount { count, since, reset } = counted;
        let (end, end_of_sums) = (after.end.clone(), after.end_of_sums.clone());
        Some(LogTables { count, since, reset, first: from, last: to, end, end_of_sums, joined: true })
    }

    /// Whether the tables are those of a base and a candidate.
    pub(super) fn are_joined(&self) -> bool {
        self.joined
    }

    /// Names the compared tables; `None` for a single table.
    pub(super) fn compared(&self) -> Option<String> {
        let what = match (self.count, self.joined, self.first.tables) {
            (..=1, _, _) => return None,
            (_, true, _) => "the base and the candidate",
            (_, false, ..=1) => "the first and the last table",
            (_, false, _) => "the first and the last tenth of the tables",
        };
        let since = (self.since > 0).then(|| format!("; {}", CounterReset::Restart(self.since + 1)));
        Some(format!("{what}{}", since.unwrap_or_default()))
    }

    /// Hours between the compared tables; `None` if no time passed.
    pub(super) fn hours(&self) -> Option<f64> {
        let hours = self.last.at.saturating_sub(self.first.at).as_secs_f64() / 3600.0;
        Some(hours).filter(|hours| *hours > 0.0)
    }

    /// The amounts of the tag in `row`.
    pub(super) fn amounts(&self, row: usize) -> Amounts {
        let end = self.end.get(row).copied().flatten().map(|usage| usage.bytes);
        let amounts =
            self.amounts_between(self.first.level(&self.first.rows, row), self.last.level(&self.last.rows, row), end);
        let reset = self.reset.get(row).is_some_and(|reset| *reset);
        Amounts { at_least: amounts.at_least.or(reset.then_some(CounterReset::Tag)), ..amounts }
    }

    /// The amounts of the sum at index `at`.
    pub(super) fn amounts_of_sum(&self, at: usize) -> Amounts {
        let end = self.end_of_sums.get(at).copied().flatten();
        let amounts =
            self.amounts_between(self.first.level(&self.first.sums, at), self.last.level(&self.last.sums, at), end);
        let partial = |unknown| match unknown {
            Unknown::NotInFirst | Unknown::NotInLast => Unknown::NotAllOfSum,
            other => other,
        };
        Amounts { levels: amounts.levels.map_err(partial), bytes: amounts.bytes.map_err(partial), ..amounts }
    }

    fn amounts_between(&self, first: Option<(u64, i64)>, last: Option<(u64, i64)>, end: Option<u64>) -> Amounts {
        let levels = match (self.count - self.since, first, last) {
            (..=1, _, _) if self.since > 0 => Err(Unknown::OneTableSinceRestart),
            (..=1, _, _) => Err(Unknown::OneTable),
            (_, _, None) => Err(Unknown::NotInLast),
            (_, None, _) => Err(Unknown::NotInFirst),
            (_, Some((bytes_before, objects_before)), Some((bytes_after, objects_after))) => {
                Ok(Levels { bytes_before, bytes_after, objects_before, objects_after })
            }
        };
        let at_least = (self.since > 0).then_some(CounterReset::Restart(self.since + 1));
        Amounts { levels, bytes: end.ok_or(Unknown::NotInLast), at_least }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_that_wrap_do_not_go_back() {
        let usage = |allocs, frees| Usage { allocs, frees, bytes: 0 };
        let back = |counters| went_back(counters, usage(0xffff_fff0, 7), usage(5, 6));
        assert_eq!(back(Counters::Wrapping32), Some([false, true]));
        assert_eq!(back(Counters::Full64), Some([true, true]));
        assert_eq!(back(Counters::InUse), None);
        assert_eq!(back(Counters::BytesOnly), None);
    }

    #[test]
    fn the_level_of_a_tenth_is_its_lower_quartile() {
        let window =
            LogEnd { tables: 5, rows: vec![vec![(5, 1), (1, 5), (9, 2), (3, 3), (7, 4)]], ..LogEnd::default() };
        assert_eq!(window.level(&window.rows, 0), Some((3, 2)));
        let seldom = LogEnd { rows: vec![vec![(5, 1), (1, 5)]], tables: 5, ..LogEnd::default() };
        assert_eq!(seldom.level(&seldom.rows, 0), None);
    }
}
