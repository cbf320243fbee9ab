//! Encodes a sample: only the changed rows, as differences. The layout is in the [module's](super) documentation.

use std::time::Duration;

use super::varint;
use crate::pool::{RowId, Snapshot, Usage};

/// A sample without its usages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleInfo {
    /// The time since the recording began, with a precision of a microsecond.
    pub at: Duration,
    /// Whether the sample was taken at rest: after the workload settled and, if possible, caches were shrunk.
    pub settled: bool,
    /// Ticks of the sampling clock without a sample since the sample before.
    pub missed: u32,
}

/// The flag for [`SampleInfo::settled`]. Readers ignore the other flags.
const SETTLED: u64 = 1;

/// The fields before a sample's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Preamble {
    /// Number of samples before this one.
    pub(super) number: u64,
    pub(super) info: SampleInfo,
    /// Number of rows of the snapshot, changed or not.
    pub(super) rows: u64,
}

impl Preamble {
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        varint::put(out, self.number);
        varint::put_time(out, self.info.at);
        varint::put(out, self.info.missed.into());
        varint::put(out, if self.info.settled { SETTLED } else { 0 });
        varint::put(out, self.rows);
    }

    pub(super) fn take(bytes: &mut &[u8]) -> Option<Preamble> {
        let number = varint::take(bytes)?;
        let at = varint::take_time(bytes)?;
        let missed = varint::take(bytes)?.try_into().ok()?;
        let settled = varint::take(bytes)? & SETTLED != 0;
        let rows = varint::take(bytes)?;
        Some(Preamble { number, info: SampleInfo { at, settled, missed }, rows })
    }
}

/// Returns the largest size of a sample with `rows` rows, in bytes.
pub(super) const fn longest(rows: usize) -> usize {
    (5 + 4 * rows) * varint::LONGEST
}

/// Appends the rows in which `now` differs from `before`, and copies `now` to `before`.
pub(super) fn put_changes(out: &mut Vec<u8>, before: &mut [Option<Usage>], now: &[Option<Usage>]) {
    let mut passed = 0;
    for (before, now) in before.iter_mut().zip(now) {
        if before == now {
            passed += 1;
            continue;
        }
        varint::put(out, passed << 1 | u64::from(now.is_some()));
        if let Some(now) = now {
            let before = before.unwrap_or_default();
            varint::put_difference(out, before.allocs, now.allocs);
            varint::put_difference(out, before.frees, now.frees);
            varint::put_difference(out, before.bytes, now.bytes);
        }
        *before = *now;
        passed = 0;
    }
}

/// Changes `snapshot` from the previous sample to this one; `rows` are the rows of the snapshot. Returns `None` if the
/// bytes are invalid; `snapshot` then holds no valid sample.
pub(super) fn apply_changes(mut bytes: &[u8], snapshot: &mut Snapshot, rows: &[RowId]) -> Option<()> {
    let mut rows = rows.iter();
    while !bytes.is_empty() {
        let change = varint::take(&mut bytes)?;
        let row = *rows.nth(usize::try_from(change >> 1).ok()?)?;
        let usage = if change & 1 == 0 {
            None
        } else {
            let before = snapshot.get(row).unwrap_or_default();
            Some(Usage {
                allocs: varint::take_difference(&mut bytes, before.allocs)?,
                frees: varint::take_difference(&mut bytes, before.frees)?,
                bytes: varint::take_difference(&mut bytes, before.bytes)?,
            })
        };
        snapshot.set(row, usage);
    }
    Some(())
}
