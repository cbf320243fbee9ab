//! Ranks the tags that grew most in a log without stages, with their shares of the pool's growth. The report on a log
//! without thresholds begins with it. It judges nothing.

use std::collections::BTreeMap;

use super::case::Case;
use super::level::Levels;
use super::tables::LogTables;
use crate::pool::{Key, Pool};

/// The tags of a log that grew.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// The compared tables: "the first and the last table".
    pub compared: String,
    /// Hours between the compared tables; `None` if the time is unknown.
    pub hours: Option<f64>,
    /// The tags that grew, the largest growth first.
    pub tags: Vec<Grown>,
    /// Number of tags that are missing in one of the tables, so their growth is unknown.
    pub unknown: u64,
}

/// The growth of one tag.
#[derive(Debug, Clone)]
pub struct Grown {
    /// The tag and its pool.
    pub key: Key,
    /// Its levels before and after.
    pub levels: Levels,
    /// Its growth divided by that of all tags of its pool together; `None` if the pool did not grow, and for the
    /// kernel's totals of whole pools.
    pub share: Option<f64>,
}

impl Grown {
    /// Bytes an hour; `None` if the time is unknown.
    pub fn bytes_per_hour(&self, hours: Option<f64>) -> Option<f64> {
        hours.map(|hours| self.levels.growth() as f64 / hours)
    }
}

/// Ranks the tags that grew; `None` for a single table. `timed`: the times of the tables are known.
pub(super) fn ranking(tables: &LogTables, timed: bool, cases: &[Case]) -> Option<Ranking> {
    let compared = tables.compared()?;
    // The kernel's totals repeat the memory of the tags, and repeat each other under different names.
    let whole = cases.iter().all(|case| case.key.pool == Pool::Kernel);
    let cases = cases.iter().filter(|case| whole || case.key.pool != Pool::Kernel);
    let mut pools: BTreeMap<(Pool, Option<u32>), i64> = BTreeMap::new();
    let (mut tags, mut unknown) = (Vec::new(), 0);
    for case in cases {
        let Ok(levels) = case.amounts.levels else {
            unknown += 1;
            continue;
        };
        let pool = pools.entry((case.key.pool, case.key.session)).or_default();
        *pool = pool.saturating_add(levels.growth());
        if levels.growth() > 0 {
            tags.push(Grown { key: case.key.clone(), levels, share: None });
        }
    }
    for tag in &mut tags {
        let pool = pools.get(&(tag.key.pool, tag.key.session)).filter(|growth| !whole && **growth > 0);
        tag.share = pool.map(|growth| tag.levels.growth() as f64 / *growth as f64);
    }
    tags.sort_by(|one, other| other.levels.growth().cmp(&one.levels.growth()).then_with(|| one.key.cmp(&other.key)));
    Some(Ranking { compared, hours: tables.hours().filter(|_| timed), tags, unknown })
}
