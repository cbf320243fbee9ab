//! What grew most in a log without stages, and by what share of its pool's growth: a report on a log that nobody gave a
//! threshold for begins with it. Nothing is judged here.

use std::collections::BTreeMap;

use super::case::Case;
use super::level::Levels;
use super::tables::Tables;
use crate::pool::{Key, Pool};

/// The tags of a log that grew.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// What is compared: "the first and the last table".
    pub compared: String,
    /// Hours between the tables that are compared; `None` where time is not known.
    pub hours: Option<f64>,
    /// The tags that grew, the largest growth first.
    pub tags: Vec<Grown>,
    /// Tags that are not in both tables, so that their growth is not known.
    pub unknown: u64,
}

/// The growth of one tag.
#[derive(Debug, Clone)]
pub struct Grown {
    /// The tag.
    pub key: Key,
    /// What it held before and after.
    pub levels: Levels,
    /// Its growth as a share of that of all tags of its pool together, 1 for all of it; `None` where the
    /// pool did not grow, and for what the kernel's pools hold in all.
    pub share: Option<f64>,
}

impl Grown {
    /// Bytes an hour; `None` where time is not known.
    pub fn bytes_per_hour(&self, hours: Option<f64>) -> Option<f64> {
        hours.map(|hours| self.levels.growth() as f64 / hours)
    }
}

/// What grew; `None` where there is one table only. `timed` is whether the times of the tables are known.
pub(super) fn ranking(tables: &Tables, timed: bool, cases: &[Case]) -> Option<Ranking> {
    let compared = tables.compared()?;
    // What the kernel's pools hold in all counts the tags' memory a second time, and memory by other names once more.
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
