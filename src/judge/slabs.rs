//! Whole slabs: the second figure of a Linux slab cache, beside its objects in use.
//!
//! A cache keeps half-empty slabs if its objects are freed out of order. That memory is no leak, but the machine cannot
//! use it. [`Threshold::measure_of`] decides which figure a limit is on. A recording without whole slabs (of an early
//! poolgate, of another program) is judged by objects, with a note.

use std::collections::HashMap;

use super::case::Case;
use super::judged::Together;
use super::level::Levels;
use super::limit_verdict::LimitVerdict;
use super::{Verdict, words};
use crate::pool::{Pool, Tag};
use crate::scenario::{Bytes, Limit, Measure, Subject, Threshold};

/// The largest lag of the kernel's per-CPU counters: in bytes, and as a divisor of the whole (mm/vmstat.c).
const LAG: (u64, u64) = (8 << 20, 50);

impl Case {
    /// The figures that `limit` of `threshold` is on; `None` if it asks for whole slabs and they were not measured.
    pub(super) fn measured(&self, threshold: &Threshold, limit: &Limit) -> Option<&Case> {
        match (threshold.measure_of(limit), &self.slabs) {
            _ if self.key.pool != Pool::Slab => Some(self),
            (Measure::Objects, _) => Some(self),
            (Measure::Slabs, Some(slabs)) => Some(slabs),
            (Measure::Slabs, None) => threshold.measure.is_none().then_some(self),
        }
    }

    /// The figures in `pool`: those of the whole slabs, or its own; `None` if whole slabs were not measured.
    pub(super) fn in_pool(&self, pool: Pool) -> Option<&Case> {
        if pool == Pool::Slabs && self.key.pool != Pool::Slabs { self.slabs.as_deref() } else { Some(self) }
    }

    /// Judges by one limit of a threshold. `named`: the threshold names this tag as the driver's own.
    pub(super) fn against_measured(&self, threshold: &Threshold, limit: &Limit, named: bool) -> LimitVerdict {
        let Some(measured) = self.measured(threshold, limit) else {
            return LimitVerdict::new(
                Verdict::Unclear,
                "the recording has no figures of whole slabs; remove `measure: slabs`",
            );
        };
        let mut judged = measured.against(limit, named);
        if judged.doubt.is_none() && self.ignored.is_none() {
            judged.because += &self.beside(measured, limit).unwrap_or_default();
        }
        judged
    }

    /// Describes the second figure of a cache, beside the one that a limit on an amount is on.
    fn beside(&self, measured: &Case, limit: &Limit) -> Option<String> {
        let (Limit::MaxGrowth(_) | Limit::MaxBytes(_)) = limit else { return None };
        measured.amounts.levels.ok()?;
        let slabs = self.slabs.as_ref()?.amounts.levels.ok()?;
        let objects = self.amounts.levels.ok()?;
        let (what, Levels { bytes_before, bytes_after, .. }) = match measured.key.pool {
            Pool::Slabs => ("objects in use", objects),
            _ => ("whole slabs", slabs),
        };
        let [before, after] = [bytes_before, bytes_after].map(|bytes| Bytes(bytes).rounded());
        Some(match limit {
            Limit::MaxGrowth(_) => format!("; {what}: {before} → {after}"),
            _ => format!("; {what}: {after}"),
        })
    }
}

/// Moves the whole slabs of each cache into its case. Returns the remaining tags with their rows.
pub(super) fn joined(tags: Vec<Case>) -> (Vec<Case>, Vec<usize>) {
    let (slabs, mut others): (Vec<_>, Vec<_>) =
        tags.into_iter().enumerate().partition(|(_, case)| case.key.pool == Pool::Slabs);
    let caches = others.iter().enumerate().filter(|(_, (_, case))| case.key.pool == Pool::Slab);
    let places: HashMap<Tag, usize> = caches.map(|(place, (_, case))| (case.key.tag.clone(), place)).collect();
    for (row, case) in slabs {
        match places.get(&case.key.tag).and_then(|place| others.get_mut(*place)) {
            Some((_, cache)) => cache.slabs = Some(Box::new(case)),
            None => others.push((row, case)),
        }
    }
    others.into_iter().map(|(row, case)| (case, row)).unzip()
}

/// Moves the total of whole slabs into the total of the caches.
pub(super) fn joined_sums(mut sums: Vec<Together>) -> Vec<Together> {
    let of = |sums: &[Together], pool| sums.iter().position(|sum| sum.of == Subject::Total(pool));
    if let Some(slabs) = of(&sums, Pool::Slabs) {
        let slabs = sums.remove(slabs).case;
        if let Some(objects) = of(&sums, Pool::Slab) {
            sums[objects].case.slabs = Some(Box::new(slabs));
        }
    }
    sums
}

/// Notes on the two figures.
pub(super) fn notes(thresholds: &[Threshold], tags: &[Case], sums: &[Together]) -> Vec<String> {
    let total = sums.iter().find(|sum| sum.of == Subject::Total(Pool::Slab)).map(|sum| &sum.case);
    let by_objects = tags.iter().chain(total).any(|case| {
        let meant =
            |threshold: &&Threshold| threshold.means(&case.key) || threshold.subject == Subject::Total(Pool::Slab);
        let lacks = |threshold: &Threshold| {
            let slabs = |limit: &Limit| threshold.measure_of(limit) == Measure::Slabs;
            threshold.measure.is_none() && threshold.limits.iter().any(slabs)
        };
        case.key.pool == Pool::Slab && case.slabs.is_none() && thresholds.iter().filter(meant).any(lacks)
    });
    let by_objects = by_objects.then(|| {
        "the recording has no figures of whole slabs, because an early poolgate or another program made it: `max_bytes` \
         and totals of slab caches use the objects in use"
            .to_owned()
    });
    by_objects.into_iter().chain(cross_check(tags, total)).collect()
}

/// Compares the sum of all caches' slabs with the kernel's figure for its slab allocator (`Slab:` of /proc/meminfo).
/// That figure includes large kmallocs, which are in no cache. So the difference is noted only if it moves or has the
/// wrong sign.
fn cross_check(tags: &[Case], total: Option<&Case>) -> Option<String> {
    let kernel = tags.iter().find(|case| case.key.pool == Pool::Kernel && case.key.tag.as_str() == "Slab")?;
    let kernel = kernel.amounts.levels.ok()?;
    let caches = total?.slabs.as_ref()?.amounts.levels.ok()?;
    let lag = LAG.0.max(kernel.bytes_after / LAG.1);
    let outside = |kernel: u64, caches: u64| kernel.wrapping_sub(caches) as i64;
    let (before, after) =
        (outside(kernel.bytes_before, caches.bytes_before), outside(kernel.bytes_after, caches.bytes_after));
    let [held, all] = [caches.bytes_after, kernel.bytes_after].map(|bytes| Bytes(bytes).rounded());
    if after < 0 && after.unsigned_abs() > lag {
        return Some(format!("the caches' slabs add up to {held}, but the kernel reports {all} of slab memory"));
    }
    (after.abs_diff(before) > lag).then(|| {
        format!(
            "slab memory outside of all caches, such as kmalloc of more than two pages, changed by {} ({} → {}); no \
             threshold on caches covers it (`tag: Slab, pool: kernel` does)",
            words::signed(after - before),
            words::signed(before),
            words::signed(after)
        )
    })
}
