//! The amounts a tag held at the beginning and at the end, or the reason why they are unknown.
//!
//! A run has settled levels, before and after the workload. A log without stages has tables (see `tables`).

use std::fmt;

use super::level::Levels;

/// The amounts that `max_growth` and `max_bytes` limit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amounts {
    /// The levels before and after the workload, or those of the first and the last table.
    pub(super) levels: Result<Levels, Unknown>,
    /// Bytes at the end.
    pub(super) bytes: Result<u64, Unknown>,
    /// Why the growth may exceed the difference of the levels; it is then never held.
    pub(super) at_least: Option<CounterReset>,
}

/// Why an amount is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// The run has no sample at rest before the workload.
    NotAtRestBefore,
    /// The run has no sample at rest after the workload.
    NotAtRestAfter,
    /// The kernel no longer listed the tag at the end.
    Gone,
    /// The counters of the run went back.
    CountersReset,
    /// The log has one table.
    OneTable,
    /// The machine was restarted before the last table.
    OneTableSinceRestart,
    /// The first table does not show it.
    NotInFirst,
    /// The last table does not show it.
    NotInLast,
    /// The first or the last table does not show all tags of the sum.
    NotAllOfSum,
}

/// Counters that were reset within a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CounterReset {
    /// The counters of this tag.
    Tag,
    /// The counters of most tags, at this table (counted from 1): the machine was restarted before it.
    Restart(u64),
}

impl Amounts {
    /// The amounts of a run: its levels at rest, or why one is missing.
    pub(super) fn at_rest(levels: Result<Levels, Unknown>, bytes: Result<u64, Unknown>) -> Amounts {
        Amounts { levels, bytes, at_least: None }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unknown::NotAtRestBefore => "was not sampled at rest before the workload",
            Unknown::NotAtRestAfter => "was not sampled at rest after the workload",
            Unknown::Gone => "disappeared during the run, so there is no level after it",
            Unknown::CountersReset => "had its counters reset during the run, so its levels cannot be compared",
            Unknown::OneTable => "one table cannot show growth",
            Unknown::OneTableSinceRestart => {
                "the counters of most tags went back before the last table (a restart), and one table cannot show growth"
            }
            Unknown::NotInFirst => "is not in the first table, so its growth is not known",
            Unknown::NotInLast => "is not in the last table, so its memory at the end is not known",
            Unknown::NotAllOfSum => "not all of its tags are in the first and the last table, so their sum is not known",
        })
    }
}

impl fmt::Display for CounterReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CounterReset::Tag => f.write_str("its counters went back in between, so it may have grown by more"),
            CounterReset::Restart(table) => {
                write!(
                    f,
                    "counted from table {table} on, because the counters of most tags went back before it (a restart)"
                )
            }
        }
    }
}
