//! Parsers for option values: periods, and the names of columns and pools.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::args::files::length;
use crate::mon::SortColumn;
use crate::pool::Pool;

pub(super) fn period(text: &str) -> Result<Duration, String> {
    let every = length(text)?;
    if every < Duration::from_millis(10) {
        return Err("screens must be at least 10 ms apart".to_owned());
    }
    Ok(every)
}

const COLUMNS: [SortColumn; 6] =
    [SortColumn::Tag, SortColumn::Allocs, SortColumn::Frees, SortColumn::Diff, SortColumn::Bytes, SortColumn::PerAlloc];

pub(super) fn columns() -> impl TypedValueParser<Value = SortColumn> {
    let named = |text: String| COLUMNS.into_iter().find(|column| column.name() == text).unwrap_or_default();
    PossibleValuesParser::new(COLUMNS.map(SortColumn::name)).map(named)
}

const POOLS: [(&str, Pool); 5] = [
    ("nonpaged", Pool::Nonpaged),
    ("paged", Pool::Paged),
    ("slab", Pool::Slab),
    ("slabs", Pool::Slabs),
    ("callsite", Pool::Callsite),
];

pub(super) fn pools() -> impl TypedValueParser<Value = Pool> {
    let named =
        |text: String| POOLS.into_iter().find(|(name, _)| *name == text).map_or(Pool::Unknown, |(_, pool)| pool);
    PossibleValuesParser::new(POOLS.map(|(name, _)| name)).map(named)
}
