//! Live objects of the followed rows beside the evidence on those rows. No verdict depends on them.

use super::series::Measured;
use crate::pool::{CacheSurvivors, Key, Pool, Survivors, SymbolNames};

/// The live objects of one row, by call path.
#[derive(Debug, Clone, PartialEq)]
pub struct TagSurvivors {
    /// The objects.
    pub objects: CacheSurvivors,
    /// Number of iterations of the workload that ran while they were followed.
    pub iterations: u64,
    /// Growth of the row in that time, in objects; `None` if it was not sampled.
    pub grew: Option<i64>,
    /// The most events of all rows that were missed in that time; `None` if unknown.
    pub missed: Option<u64>,
}

impl TagSurvivors {
    /// The live objects of the row `key`, if it was followed.
    pub(super) fn new(key: &Key, measured: &Measured) -> Option<TagSurvivors> {
        let survivors = measured.survivors.as_ref()?;
        let is_of_key = |cache: &&CacheSurvivors| cache.cache == key.tag || cache.also.contains(&key.tag);
        let objects = survivors.caches.iter().find(is_of_key).filter(|_| key.pool == Pool::Slab)?.clone();
        Some(TagSurvivors {
            objects,
            iterations: survivors.iterations,
            grew: growth(key, measured),
            missed: survivors.missed,
        })
    }

    /// The growth of the row, if it differs by more than 10 % from the number of live objects. The kernel counts the
    /// unused objects of per-CPU slabs as objects in use, so a small difference means nothing.
    pub fn disagrees_with(&self) -> Option<i64> {
        const PER_CPU: i64 = 64;
        let alive = i64::try_from(self.objects.alive).unwrap_or(i64::MAX);
        let lost = i64::try_from(self.objects.freed_older).unwrap_or(i64::MAX);
        let followed = alive.saturating_sub(lost);
        self.grew.filter(|grew| grew.abs_diff(followed) as i64 > PER_CPU.max(grew.abs() / 10))
    }
}

/// Growth of a row's objects from the first slot of the second looks to the last; `None` if it was not looked at.
fn growth(key: &Key, measured: &Measured) -> Option<i64> {
    let row = measured.keys().iter().position(|known| known == key)?;
    let ends = measured.looks().iter().filter_map(|look| look.ends_of(row));
    let (first, last) = ends.reduce(|(first, _), (_, last)| (first, last))?;
    Some(key.live(last).saturating_sub(key.live(first)))
}

/// Notes on what is not known of the followed objects.
pub(super) fn notes(survivors: &Survivors) -> Vec<String> {
    let mut notes = Vec::new();
    if survivors.symbols == SymbolNames::Hidden {
        notes.push(
            "the kernel hides the names of its functions, so call paths are shown as ? (sysctl kernel.kptr_restrict=1)"
                .to_owned(),
        );
    }
    for cache in &survivors.caches {
        let lost = &cache.lost;
        let lost = lost.objects + lost.paths + lost.births + lost.busy;
        if lost > 0 {
            notes.push(format!("allocations in {} that could not be followed: {lost}", cache.cache));
        }
        if cache.freed_unseen > 0 && !survivors.unwatched.is_empty() {
            notes.push(format!(
                "live objects of {} include some that {} freed, since this kernel does not show such frees",
                cache.cache,
                survivors.unwatched.join(" or ")
            ));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::TraceLosses;

    fn cache() -> CacheSurvivors {
        CacheSurvivors {
            cache: "key_jar".parse().unwrap(),
            also: Vec::new(),
            alive: 300,
            allocated: 400,
            paths: Vec::new(),
            more_paths: 0,
            paths_without: 0,
            freed_older: 0,
            freed_unseen: 0,
            lost: TraceLosses::default(),
        }
    }

    #[test]
    fn a_difference_of_more_than_a_tenth_is_reported() {
        let tag = |grew| TagSurvivors { objects: cache(), iterations: 300, grew, missed: Some(0) }.disagrees_with();
        assert_eq!(tag(Some(300)), None);
        assert_eq!(tag(Some(364)), None);
        assert_eq!(tag(Some(365)), Some(365));
        assert_eq!(tag(Some(0)), Some(0));
        assert_eq!(tag(None), None);
    }

    #[test]
    fn everything_that_is_not_known_has_a_note() {
        let whole = Survivors {
            iterations: 3,
            caches: vec![cache()],
            symbols: SymbolNames::Shown,
            missed: Some(0),
            unwatched: vec!["kvfree_call_rcu".to_owned()],
        };
        assert_eq!(notes(&whole), Vec::<String>::new());
        let lost = TraceLosses { objects: 2, busy: 1, ..TraceLosses::default() };
        let cache = CacheSurvivors { freed_unseen: 5, lost, ..cache() };
        let part = Survivors { caches: vec![cache], symbols: SymbolNames::Hidden, missed: Some(7), ..whole };
        let notes = notes(&part).join("\n");
        for expected in ["hides the names", "could not be followed: 3", "that kvfree_call_rcu freed"] {
            assert!(notes.contains(expected), "{notes}");
        }
    }
}
