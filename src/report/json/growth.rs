//! What grew most, in `report.json` and in a comparison.

use schemars::JsonSchema;
use serde::Serialize;

use crate::judge::{Grown, Levels, Ranking};
use crate::pool::Pool;

/// What grew in a log, the largest growth first.
#[derive(Serialize, JsonSchema)]
pub(in crate::report) struct Growth<'a> {
    /// What is compared: the first and the last table, tenths of the tables, or a base and a candidate.
    compared: &'a str,
    /// Hours between them; null where time is not known.
    hours: Option<f64>,
    /// The tags that grew.
    tags: Vec<Tag<'a>>,
    /// Tags that are not in both tables, so that their growth is not known.
    tags_of_unknown_growth: u64,
}

/// The growth of a tag.
#[derive(Serialize, JsonSchema)]
struct Tag<'a> {
    /// Its canonical text.
    tag: &'a str,
    pool: Pool,
    /// The session whose own pool it is; null for the system's.
    session: Option<u32>,
    /// What it held before and after.
    levels: Levels,
    growth_bytes: i64,
    /// Null where time is not known.
    bytes_per_hour: Option<f64>,
    /// Its growth as a share of that of all tags of its pool together, 1 for all of it; null where the pool did not grow.
    share_of_pool_growth: Option<f64>,
}

impl<'a> Growth<'a> {
    pub(in crate::report) fn of(ranking: &'a Ranking) -> Growth<'a> {
        Growth {
            compared: &ranking.compared,
            hours: ranking.hours,
            tags: ranking.tags.iter().map(|grown| Tag::of(grown, ranking.hours)).collect(),
            tags_of_unknown_growth: ranking.unknown,
        }
    }
}

impl<'a> Tag<'a> {
    fn of(grown: &'a Grown, hours: Option<f64>) -> Tag<'a> {
        Tag {
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
