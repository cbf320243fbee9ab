//! Compares the figures that a log's tables report for whole pools with the rows of the tags.
//!
//! Both are read within a moment, so their difference stays about the same: a pool's pages are never full, and some
//! memory has no tag. If the two drift apart by more than they move between two readings, rows are missing or a figure
//! is wrong.

use super::words;
use crate::pool::{Counters, Figure, Key, Pool, Usage};
use crate::scenario::Bytes;

/// The least drift that counts: in bytes, and as a divisor of the reported figure.
const LEAST: (u64, u64) = (1 << 20, 64);

/// The figures of the two pools, table by table.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// Number of keys examined so far.
    known: usize,
    pools: [Account; 2],
}

#[derive(Debug, Default)]
struct Account {
    /// Row of the reported figure.
    row: Option<usize>,
    /// Rows of the tags.
    tags: Vec<usize>,
    tables: u64,
    /// The reported bytes beyond the rows: in the first table, the least and the most.
    first: i64,
    least: i64,
    most: i64,
    /// In the last table: the sum of the rows, and the reported figure.
    sum: u64,
    reported: u64,
    /// Total movement of the sum.
    moved: u64,
    /// The reported figure in the first table, and the bytes of each tag in it.
    reported_first: u64,
    firsts: Vec<Option<u64>>,
    /// Growth of the tags that are in both the first and the last table.
    shown_growth: i64,
}

/// The pools with figures in tables.
pub(super) const POOLS: [Pool; 2] = [Pool::Nonpaged, Pool::Paged];

impl Witness {
    /// Examines one sample; `keys` only ever grows.
    pub(super) fn sample(&mut self, keys: &[Key], usages: &[Option<Usage>]) {
        for (row, key) in keys.iter().enumerate().skip(self.known) {
            for (account, pool) in self.pools.iter_mut().zip(POOLS) {
                // A live kernel's figure counts pages too. Its table is known to be complete, and is read apart from
                // the figure.
                let reported = Figure::from_key(key).and_then(Figure::total_of) == Some(pool);
                if reported && key.counters == Counters::BytesOnly {
                    account.row = Some(row);
                } else if key.pool == pool && key.session.is_none() {
                    account.tags.push(row);
                }
            }
        }
        self.known = keys.len();
        self.pools.iter_mut().for_each(|account| account.sample(usages));
    }

    /// Contradictions between the figures and the rows, one sentence for each pool. The flag is set if more is reported
    /// than the rows add up to; a tag may then be missing.
    pub(super) fn contradictions(&self) -> impl Iterator<Item = (Pool, String, bool)> {
        POOLS.into_iter().zip(&self.pools).filter_map(|(pool, account)| {
            let (text, missing) = account.contradiction(pool)?;
            Some((pool, text, missing))
        })
    }

    /// Why the reported figure of a pool with incomplete rows is doubtful: the shown rows alone grew by more.
    pub(super) fn outgrown(&self, pool: Pool) -> Option<String> {
        let (_, account) = POOLS.into_iter().zip(&self.pools).find(|(of, _)| *of == pool)?;
        account.outgrown(pool)
    }
}

impl Account {
    fn sample(&mut self, usages: &[Option<Usage>]) {
        let bytes = |row: &usize| usages.get(*row).copied().flatten().map(|usage| usage.bytes);
        let Some(reported) = self.row.as_ref().and_then(bytes) else { return };
        let sum = self.tags.iter().filter_map(bytes).fold(0_u64, u64::saturating_add);
        let beyond = reported.wrapping_sub(sum) as i64;
        if self.tables == 0 {
            self.reported_first = reported;
            self.firsts = self.tags.iter().map(bytes).collect();
            (self.first, self.least, self.most) = (beyond, beyond, beyond);
        } else {
            self.moved = self.moved.saturating_add(sum.abs_diff(self.sum));
        }
        (self.least, self.most) = (self.least.min(beyond), self.most.max(beyond));
        (self.sum, self.reported) = (sum, reported);
        let grown = self.tags.iter().zip(&self.firsts).filter_map(|(row, first)| Some((bytes(row)?, (*first)?)));
        self.shown_growth = grown.fold(0, |sum, (now, first)| sum.saturating_add(now.wrapping_sub(first) as i64));
        self.tables += 1;
    }

    fn outgrown(&self, pool: Pool) -> Option<String> {
        let growth = self.reported.wrapping_sub(self.reported_first) as i64;
        let allowed = LEAST.0.max(self.reported / LEAST.1);
        (self.shown_growth.saturating_sub(growth) > allowed as i64).then(|| {
            let [shown, growth] = [self.shown_growth, growth].map(words::signed);
            format!(
                "according to the tables' totals the {pool} pool grew by {growth}, but the tags in the tables grew by {shown}"
            )
        })
    }

    fn contradiction(&self, pool: Pool) -> Option<(String, bool)> {
        let step = self.moved / self.tables.saturating_sub(1).max(1);
        let allowed = LEAST.0.max(self.reported / LEAST.1).max(step.saturating_mul(2));
        let rise = self.most.saturating_sub(self.first).unsigned_abs();
        let fall = self.first.saturating_sub(self.least).unsigned_abs();
        if rise.max(fall) > allowed {
            let drift = words::signed(if rise >= fall { rise as i64 } else { (fall as i64).wrapping_neg() });
            let text = format!("the tables' totals of the {pool} pool and the sums of its rows drift apart by {drift}");
            return Some((text, rise > allowed));
        }
        (self.tables > 0 && self.sum > self.reported.saturating_add(self.reported / 4 + allowed)).then(|| {
            let [sum, reported] = [self.sum, self.reported].map(|bytes| Bytes(bytes).rounded());
            (format!("the rows of the {pool} pool add up to {sum}, more than the tables' total of {reported}"), false)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn contradictions_of(counters: Counters, tables: &[(u64, u64)]) -> Vec<(String, bool)> {
        let reported = Key { counters, ..Figure::Nonpaged.key() };
        let keys = [reported, Key::new("Irp".parse().unwrap(), Pool::Nonpaged, Counters::Wrapping32)];
        let usage = |mib: u64| Some(Usage { allocs: 0, frees: 0, bytes: mib * MIB });
        let mut witness = Witness::default();
        tables.iter().for_each(|(reported, rows)| witness.sample(&keys, &[usage(*reported), usage(*rows)]));
        witness.contradictions().map(|(_, text, missing)| (text, missing)).collect()
    }

    fn contradictions(tables: &[(u64, u64)]) -> Vec<(String, bool)> {
        contradictions_of(Counters::BytesOnly, tables)
    }

    #[test]
    fn figures_that_move_together_contradict_nothing() {
        for tables in
            [&[(700, 500), (800, 600), (900, 700)][..], &[(700, 690), (710, 699), (690, 684)], &[(700, 400)], &[]]
        {
            assert_eq!(contradictions(tables), [], "{tables:?}");
        }
    }

    #[test]
    fn a_pool_that_grows_beyond_its_rows_has_rows_that_are_not_shown() {
        let apart = "the tables' totals of the nonpaged pool and the sums of its rows drift apart by ";
        assert_eq!(contradictions(&[(700, 500), (710, 500), (720, 500)]), [(format!("{apart}20.0 MiB"), true)]);
        let fallen = [(700, 500), (700, 500), (700, 500), (700, 520)];
        assert_eq!(contradictions(&fallen), [(format!("{apart}−20.0 MiB"), false)]);
        assert_eq!(contradictions_of(Counters::InUse, &[(700, 500), (900, 500)]), [], "a live kernel's table is whole");
    }

    #[test]
    fn shown_tags_that_grow_more_than_their_pool_contradict_it() {
        let outgrown = |tables: &[(u64, u64)]| {
            let keys =
                [Figure::Nonpaged.key(), Key::new("IXGB".parse().unwrap(), Pool::Nonpaged, Counters::Wrapping32)];
            let usage = |mib: u64| Some(Usage { allocs: 0, frees: 0, bytes: mib * MIB });
            let mut witness = Witness::default();
            tables.iter().for_each(|(reported, rows)| witness.sample(&keys, &[usage(*reported), usage(*rows)]));
            witness.outgrown(Pool::Nonpaged)
        };
        assert_eq!(outgrown(&[(700, 50), (790, 140)]), None);
        assert_eq!(outgrown(&[(700, 50), (700, 55)]), None, "within what moves between two readings");
        let text = "according to the tables' totals the nonpaged pool grew by 0 B, but the tags in the tables grew by 81.0 MiB";
        assert_eq!(outgrown(&[(700, 50), (700, 131)]).as_deref(), Some(text));
    }

    #[test]
    fn rows_are_not_more_than_their_pool() {
        let more = "the rows of the nonpaged pool add up to 0.98 GiB, more than the tables' total of 700 MiB";
        assert_eq!(contradictions(&[(700, 1000)]), [(more.to_owned(), false)]);
    }
}
