//! The tags with the largest growth, in `report.json` and in a comparison.

use schemars::JsonSchema;
use serde::Serialize;

use crate::judge::{Grown, Levels, Ranking};
use crate::pool::Pool;

/// The growth of the tags in a log, largest first.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct LogGrowth<'a> {
    /// The compared parts: the first and the last table, tenths of the tables, or a base and a candidate.
    compared: &'a str,
    /// Hours between the compared parts; null if the time is unknown.
    hours: Option<f64>,
    /// The tags that grew.
    tags: Vec<GrowingTag<'a>>,
    /// The number of tags that are not in both tables, so that their growth is unknown.
    tags_of_unknown_growth: u64,
}

/// The growth of a tag.
#[derive(Serialize, JsonSchema)]
struct GrowingTag<'a> {
    /// The tag's canonical text.
    tag: &'a str,
    pool: Pool,
    /// The session that owns the pool; null for the system's pool.
    session: Option<u32>,
    /// The tag's memory before and after.
    levels: Levels,
    growth_bytes: i64,
    /// Null if the time is unknown.
    bytes_per_hour: Option<f64>,
    /// The tag's share of the growth of all tags of its pool, 1 for all of it; null if the pool did not grow.
    share_of_pool_growth: Option<f64>,
}

impl<'a> LogGrowth<'a> {
    pub(in crate::report) fn new(ranking: &'a Ranking) -> LogGrowth<'a> {
        LogGrowth {
            compared: &ranking.compared,
            hours: ranking.hours,
            tags: ranking.tags.iter().map(|grown| GrowingTag::new(grown, ranking.hours)).collect(),
            tags_of_unknown_growth: ranking.unknown,
        }
    }
}

impl<'a> GrowingTag<'a> {
    fn new(grown: &'a Grown, hours: Option<f64>) -> GrowingTag<'a> {
        GrowingTag {
            tag: grown.key.tag.as_str(),
            pool: grown.key.pool,
            session: grown.key.session,
            levels: grown.levels,
            growth_bytes: grown.levels.growth(),
            bytes_per_hour: grown.bytes_per_hour(hours),
            share_of_pool_growth: grown.share,
        }
    }
}
