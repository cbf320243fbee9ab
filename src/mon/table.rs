//! The pool table over time: the last reading, the previous one, and the recent history of Bytes.
//!
//! A key press makes a new screen from the same readings; only a new reading updates the changes.
// long because a table and all its screens.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;

use super::screen::{self, Screen, ScreenRow};
use super::{PoolScope, RowChange, RowFigures, RowFilter, SortOrder, history};
use crate::machine::Memory;
use crate::pool::{Figure, Key, Pool, Snapshot, Tag, Usage};

/// The pool table over time.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveTable {
    keys: Vec<Key>,
    now: Vec<Option<Usage>>,
    before: Vec<Option<Usage>>,
    /// Bytes of every key on the last screens, the newest last.
    history: VecDeque<Vec<Option<u64>>>,
    memory: Memory,
    faults_before: Option<u64>,
    at: Timestamp,
}

impl LiveTable {
    /// Creates a table without a reading.
    pub(crate) fn new() -> LiveTable {
        LiveTable::default()
    }

    /// Takes a reading made at `at`. All readings of a table must come from one snapshot, because rows are identified
    /// by their places.
    pub(crate) fn take(&mut self, snapshot: &Snapshot, memory: Memory, at: Timestamp) {
        self.keys.extend_from_slice(&snapshot.keys()[self.keys.len()..]);
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.clear();
        self.now.extend_from_slice(snapshot.usages());
        let mut bytes = if self.history.len() < history::LENGTH {
            Vec::new()
        } else {
            self.history.pop_front().unwrap_or_default()
        };
        bytes.clear();
        bytes.extend(self.now.iter().map(|usage| usage.map(|usage| usage.bytes)));
        self.history.push_back(bytes);
        self.faults_before = self.memory.page_faults;
        self.memory = self.with_figures(memory);
        self.at = at;
    }

    /// The pools that have rows, in the order of PoolMon's `/p`: nonpaged first.
    pub(crate) fn pools(&self) -> Vec<Pool> {
        let has = |pool: Pool| self.keys.iter().zip(&self.now).any(|(key, usage)| key.pool == pool && usage.is_some());
        [Pool::Nonpaged, Pool::Paged, Pool::Slab, Pool::Slabs, Pool::Callsite, Pool::Unknown]
            .into_iter()
            .filter(|pool| has(*pool))
            .collect()
    }

    /// Makes the screen of the rows in `shown`, sorted by `order`.
    pub(crate) fn screen(&self, shown: &RowFilter, order: SortOrder) -> Screen {
        let mut rows = match shown.scope {
            PoolScope::System | PoolScope::Session(_) => self.rows(shown).collect(),
            PoolScope::AllSessions => summed(self.rows(shown)),
        };
        order.sort(&mut rows);
        Screen {
            at: self.at,
            memory: self.memory,
            more_faults: self
                .memory
                .page_faults
                .zip(self.faults_before)
                .map(|(now, before)| now.saturating_sub(before)),
            scope: shown.scope,
            totals: if shown.totals { screen::totals(&rows) } else { Vec::new() },
            rows,
        }
    }

    /// The reason why no row of `shown` is on the screen; `None` if there are rows.
    pub(crate) fn why_empty(&self, shown: &RowFilter) -> Option<String> {
        if self.rows(shown).next().is_some() {
            return None;
        }
        let named = |pools: Vec<Pool>| pools.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let pools = self.pools();
        let of_sessions = self.keys.iter().zip(&self.now).any(|(key, now)| key.session.is_some() && now.is_some());
        Some(match (shown.pool, shown.scope) {
            _ if pools.is_empty() => "no rows: this reading has no tags".to_owned(),
            (_, PoolScope::AllSessions | PoolScope::Session(_)) if !of_sessions => {
                "no rows: no session has its own pools here; only Windows has session pools".to_owned()
            }
            (Some(pool), _) if !pools.contains(&pool) => {
                format!("no rows: there is no pool `{pool}` here, only {}", named(pools))
            }
            (_, PoolScope::Session(session))
                if self.rows(&RowFilter { scope: shown.scope, ..RowFilter::default() }).next().is_none() =>
            {
                format!("no rows: there is no session {session}, or it does not have its own pools")
            }
            (..) => "no rows: no tag matches the filter".to_owned(),
        })
    }

    fn rows(&self, shown: &RowFilter) -> impl Iterator<Item = ScreenRow> {
        self.keys.iter().enumerate().filter(|(_, key)| shown.has(key)).filter_map(|(at, key)| self.row(at, key))
    }

    fn row(&self, at: usize, key: &Key) -> Option<ScreenRow> {
        let now = self.now[at]?;
        let before = self.before.get(at).copied().flatten();
        Some(ScreenRow {
            tag: key.tag.clone(),
            pool: key.pool,
            counters: key.counters,
            reclaimable: key.reclaimable,
            now: RowFigures::new(key, now),
            change: before.map(|before| RowChange::new(key, before, now)).unwrap_or_default(),
            history: self.history.iter().map(|bytes| bytes.get(at).copied().flatten()).collect(),
        })
    }

    /// Adds the figures in the rows of the kernel's own pool to `memory`.
    fn with_figures(&self, mut memory: Memory) -> Memory {
        let rows = self.keys.iter().zip(&self.now).filter(|(key, _)| key.pool == Pool::Kernel);
        let figures = rows.filter_map(|(key, usage)| Some((Figure::from_key(key)?, (*usage)?.bytes)));
        for (figure, bytes) in figures {
            let field = match figure {
                Figure::Paged => &mut memory.paged,
                Figure::Nonpaged => &mut memory.nonpaged,
                Figure::Available => &mut memory.available,
                Figure::Physical => &mut memory.physical,
                Figure::Committed => &mut memory.committed,
                Figure::CommitLimit => &mut memory.commit_limit,
                Figure::CommitPeak => &mut memory.commit_peak,
                Figure::ResidentKernel => &mut memory.resident_kernel,
                Figure::ResidentPaged => &mut memory.resident_paged,
            };
            *field = Some(bytes);
        }
        // Linux has no paged pool. Its slabs take the place of the nonpaged pool.
        let slab =
            self.keys.iter().zip(&self.now).find(|(key, _)| key.pool == Pool::Kernel && key.tag.as_str() == "Slab");
        memory.nonpaged = slab.and_then(|(_, usage)| Some((*usage)?.bytes)).or(memory.nonpaged);
        memory
    }
}

/// Sums the rows of several sessions into one row for each tag and pool.
fn summed(rows: impl Iterator<Item = ScreenRow>) -> Vec<ScreenRow> {
    let mut places: HashMap<(Tag, Pool), usize> = HashMap::new();
    let mut summed: Vec<ScreenRow> = Vec::new();
    for row in rows {
        match places.get(&(row.tag.clone(), row.pool)) {
            None => {
                places.insert((row.tag.clone(), row.pool), summed.len());
                summed.push(row);
            }
            Some(at) => add(&mut summed[*at], &row),
        }
    }
    summed
}

fn add(sum: &mut ScreenRow, row: &ScreenRow) {
    sum.now = sum.now.and(row.now);
    sum.change = sum.change.and(row.change);
    for (sum, bytes) in sum.history.iter_mut().zip(&row.history) {
        *sum = match (*sum, *bytes) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (one, other) => one.or(other),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mon::SortColumn;
    use crate::pool::Counters;

    /// A row: its tag, pool and session, and its allocs, frees and bytes.
    type ReadRow<'a> = (&'a str, Pool, Option<u32>, [u64; 3]);

    /// A table after some readings.
    fn table(readings: &[&[ReadRow<'_>]]) -> LiveTable {
        let (mut table, mut snapshot) = (LiveTable::new(), Snapshot::new());
        for reading in readings {
            snapshot.clear();
            for (tag, pool, session, [allocs, frees, bytes]) in *reading {
                let key = Key { session: *session, ..Key::new(tag.parse().unwrap(), *pool, Counters::Full64) };
                let row = snapshot.row(key);
                snapshot.set(row, Some(Usage { allocs: *allocs, frees: *frees, bytes: *bytes }));
            }
            table.take(&snapshot, Memory::default(), Timestamp::UNIX_EPOCH);
        }
        table
    }

    fn lines(screen: &Screen) -> Vec<String> {
        let line = |row: &ScreenRow| {
            let (now, change) = (row.now, row.change);
            format!("{} {} {}({}) {}({})", row.tag, row.pool, now.diff, change.diff, now.bytes, change.bytes)
        };
        screen.rows.iter().map(line).collect()
    }

    const PAGED: Pool = Pool::Paged;

    #[test]
    fn changes_are_since_the_screen_before() {
        let readings: [&[_]; 3] = [
            &[("Aaaa", PAGED, None, [10, 4, 600])],
            &[("Aaaa", PAGED, None, [20, 4, 1600])],
            &[("Aaaa", PAGED, None, [21, 6, 1500])],
        ];
        for (until, expected) in
            [(1, "Aaaa paged 6(0) 600(0)"), (2, "Aaaa paged 16(10) 1600(1000)"), (3, "Aaaa paged 15(-1) 1500(-100)")]
        {
            assert_eq!(
                lines(&table(&readings[..until]).screen(&RowFilter::default(), SortOrder::default())),
                [expected]
            );
        }
        let screen = table(&readings).screen(&RowFilter::default(), SortOrder::default());
        assert_eq!(screen.rows[0].history, [Some(600), Some(1600), Some(1500)]);
    }

    #[test]
    fn a_row_that_was_absent_was_not_zero() {
        let table = table(&[
            &[("Aaaa", PAGED, None, [1, 0, 64])],
            &[("Aaaa", PAGED, None, [1, 0, 64]), ("Late", PAGED, None, [5, 0, 4096])],
            &[("Late", PAGED, None, [6, 0, 4160])],
        ]);
        let screen = table.screen(&RowFilter::default(), SortOrder { by: SortColumn::Bytes, change: true });
        assert_eq!(lines(&screen), ["Late paged 6(1) 4160(64)"]);
        assert_eq!(screen.rows[0].history, [None, Some(4096), Some(4160)]);
    }

    #[test]
    fn all_sessions_are_one_row_a_tag_and_pool() {
        let reading = |more: u64| {
            [
                ("Gdev", PAGED, Some(0), [10, 4, 600 + more]),
                ("Gdev", PAGED, Some(1), [20, 4, 1600 + more]),
                ("Gdev", Pool::Nonpaged, Some(1), [1, 0, 8]),
                ("Gdev", PAGED, None, [1, 0, 1]),
            ]
        };
        let table = table(&[&reading(0), &reading(50)]);
        let shown = RowFilter { scope: PoolScope::AllSessions, totals: true, ..RowFilter::default() };
        let screen = table.screen(&shown, SortOrder::default());
        assert_eq!(lines(&screen), ["Gdev paged 22(0) 2300(100)", "Gdev nonpaged 1(0) 8(0)"]);
        assert_eq!(screen.rows[0].history, [Some(2200), Some(2300)]);
        let totals: Vec<_> =
            screen.totals.iter().map(|total| (total.pool, total.now.bytes, total.change.bytes)).collect();
        assert_eq!(totals, [(PAGED, 2300, 100), (Pool::Nonpaged, 8, 0)]);
        let one = RowFilter { scope: PoolScope::Session(0), ..RowFilter::default() };
        assert_eq!(lines(&table.screen(&one, SortOrder::default())), ["Gdev paged 6(0) 650(50)"]);
    }

    #[test]
    fn the_kernels_pool_totals_are_in_the_header() {
        let table =
            table(&[&[("paged", Pool::Kernel, None, [2, 0, 8192]), ("nonpaged", Pool::Kernel, None, [1, 0, 4096])]]);
        let screen = table.screen(&RowFilter::default(), SortOrder::default());
        assert_eq!((screen.memory.paged, screen.memory.nonpaged, screen.rows.len()), (Some(8192), Some(4096), 0));
        assert_eq!(table.pools(), []);
    }

    #[test]
    fn page_faults_are_since_the_screen_before() {
        let mut table = LiveTable::new();
        let faults = |table: &mut LiveTable, page_faults| {
            table.take(&Snapshot::new(), Memory { page_faults, ..Memory::default() }, Timestamp::UNIX_EPOCH);
            table.screen(&RowFilter::default(), SortOrder::default()).more_faults
        };
        assert_eq!([Some(1000), Some(1085), None].map(|count| faults(&mut table, count)), [None, Some(85), None]);
    }

    #[test]
    fn an_empty_view_has_a_reason() {
        let table = table(&[&[("dentry", Pool::Slab, None, [3, 0, 600])]]);
        let why = |shown: RowFilter| table.why_empty(&shown).unwrap_or_default();
        assert_eq!(why(RowFilter::default()), "");
        assert_eq!(
            why(RowFilter { pool: Some(Pool::Nonpaged), ..RowFilter::default() }),
            "no rows: there is no pool `nonpaged` here, only slab"
        );
        assert!(why(RowFilter { scope: PoolScope::Session(2), ..RowFilter::default() }).contains("only Windows"));
        let other = vec!["MyD?".parse().unwrap()];
        assert_eq!(why(RowFilter { include: other, ..RowFilter::default() }), "no rows: no tag matches the filter");
        assert_eq!(LiveTable::new().why_empty(&RowFilter::default()).unwrap(), "no rows: this reading has no tags");
    }

    #[test]
    fn history_is_bounded() {
        let mut table = LiveTable::new();
        (0..100).for_each(|_| table.take(&Snapshot::new(), Memory::default(), Timestamp::UNIX_EPOCH));
        assert_eq!(table.history.len(), history::LENGTH);
    }
}
