//! `/proc/slabinfo`, version 2.x: one line per slab cache, readable by root only.
//!
//! `name active_objs num_objs objsize objperslab pagesperslab : tunables … : slabdata …` (mm/slab_common.c,
//! `cache_show`). A cache has two rows: its objects in use, active_objs × objsize bytes, and its whole slabs, num_slabs
//! × pagesperslab pages, which it holds whether or not their objects are in use. The kernel counts every object of a
//! per-CPU slab as active, so a small leak shows as a staircase until the cache is shrunk ([`super::shrink`]). The file
//! stays open between samples, and reading allocates nothing once every cache has been seen.
//!
//! A text with a complete last line may still be inconsistent: the kernel returns it in pages, and for each page finds
//! its place in the list by number (fs/seq_file.c, `seq_list_start`). A cache created or destroyed meanwhile shifts the
//! others, so one of them appears twice or not at all. A reading therefore counts only if the previous one listed the
//! same caches.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line::Cache;
use super::proc_text::ProcText;
use super::shrink::Shrinker;
use crate::machine::MachineError;
use crate::pool::{Counters, Key, Pool, RowId, Snapshot, Tag, TagPattern, Usage};

/// The limit on readings per sample. Mostly the first reading matches the previous list, or the second if caches came
/// or went once.
const READINGS: usize = 16;

/// The slab caches of the kernel with its `/proc` below a root.
pub(super) struct Slabinfo {
    text: ProcText,
    caches: Caches,
}

/// The caches seen so far.
struct Caches {
    root: PathBuf,
    page_size: u64,
    rows: HashMap<Arc<[u8]>, CacheRows>,
    /// The caches in the order of the last reading. The next reading nearly always has the same order. That avoids
    /// looking up every name.
    listed: Vec<(Arc<[u8]>, CacheRows)>,
    shrinker: Shrinker,
}

/// The rows of a cache.
#[derive(Clone, Copy)]
struct CacheRows {
    objects: RowId,
    slabs: RowId,
}

/// The caches of a reading and their order, compared with the reading before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listing {
    AsBefore,
    Other,
}

impl Slabinfo {
    /// The table below `root`; nothing is opened before the first sample.
    pub(super) fn new(root: &Path) -> Slabinfo {
        let (rows, shrinker) = (HashMap::new(), Shrinker::default());
        // A kernel has pages of one size, and a root belongs to the host of this kernel.
        let page_size = rustix::param::page_size() as u64;
        let caches = Caches { root: root.to_owned(), page_size, rows, listed: Vec::new(), shrinker };
        Slabinfo { text: ProcText::new(root.join("proc/slabinfo")), caches }
    }

    /// Replaces the contents of `snapshot` by every cache.
    pub(super) fn fill(&mut self, snapshot: &mut Snapshot) -> Result<(), MachineError> {
        self.fill_by(ProcText::read, snapshot)
    }

    /// Calls `read` until two readings in a row list the same caches, and makes a sample of the last one.
    fn fill_by(
        &mut self,
        mut read: impl FnMut(&mut ProcText) -> Result<(), MachineError>,
        snapshot: &mut Snapshot,
    ) -> Result<(), MachineError> {
        for _ in 0..READINGS {
            read(&mut self.text)?;
            snapshot.clear();
            if self.caches.count_all(&self.text, snapshot)? == Listing::AsBefore {
                return Ok(());
            }
        }
        Err(self.text.unreadable("caches change so fast that no two readings list the same caches"))
    }

    /// Shrinks the caches that match `named` and returns their number.
    pub(super) fn shrink(&mut self, named: &[TagPattern], keys: &[Key]) -> Result<usize, MachineError> {
        self.caches.shrinker.shrink(named, keys)
    }
}

impl Caches {
    /// Makes a sample of the text.
    fn count_all(&mut self, text: &ProcText, snapshot: &mut Snapshot) -> Result<Listing, MachineError> {
        let (mut listing, mut caches) = (Listing::AsBefore, 0);
        text.each_line(|at, line| {
            match at {
                0 if line.starts_with(b"slabinfo - version: 2.") => {}
                0 => return Err("not a slabinfo of version 2.x"),
                1 if line.starts_with(b"#") => {}
                _ => {
                    if self.count(caches, &Cache::parse(line)?, snapshot)? == Listing::Other {
                        listing = Listing::Other;
                    }
                    caches += 1;
                }
            }
            Ok(())
        })?;
        if caches < self.listed.len() {
            self.listed.truncate(caches);
            listing = Listing::Other;
        }
        Ok(listing)
    }

    /// Adds the cache at index `place` of the list to the sample.
    fn count(&mut self, place: usize, cache: &Cache<'_>, snapshot: &mut Snapshot) -> Result<Listing, &'static str> {
        let (rows, listing) = match self.listed.get(place) {
            Some((name, rows)) if **name == *cache.name => (*rows, Listing::AsBefore),
            _ => (self.list(place, cache.name, snapshot)?, Listing::Other),
        };
        // Several caches may have the same name (one for each of several mounts, for example). They form one tag, so
        // their usages add up.
        let bytes = cache.active.checked_mul(cache.size).ok_or("active_objs × objsize is too large")?;
        let held = cache.pages.checked_mul(self.page_size).ok_or("num_slabs × pagesperslab is too large")?;
        for (row, allocs, bytes) in [(rows.objects, cache.active, bytes), (rows.slabs, 0, held)] {
            let met = snapshot.get(row).unwrap_or_default();
            let (allocs, bytes) = (met.allocs.saturating_add(allocs), met.bytes.saturating_add(bytes));
            snapshot.set(row, Some(Usage { allocs, frees: 0, bytes }));
        }
        Ok(listing)
    }

    /// Records a changed cache at index `place` of the list.
    fn list(&mut self, place: usize, name: &[u8], snapshot: &mut Snapshot) -> Result<CacheRows, &'static str> {
        let (name, rows) = match self.rows.get_key_value(name) {
            Some((name, rows)) => (name.clone(), *rows),
            None => self.meet(name, snapshot)?,
        };
        match self.listed.get_mut(place) {
            Some(listed) => *listed = (name, rows),
            None => self.listed.push((name, rows)),
        }
        Ok(rows)
    }

    /// Adds rows for a cache seen for the first time.
    fn meet(&mut self, name: &[u8], snapshot: &mut Snapshot) -> Result<(Arc<[u8]>, CacheRows), &'static str> {
        let tag = Tag::from_cache_name(name).map_err(|_| "no cache name")?;
        let reclaimable = self.shrinker.meet(&self.root, name, &tag);
        let objects = snapshot.row(Key { reclaimable, ..Key::new(tag.clone(), Pool::Slab, Counters::InUse) });
        let slabs = snapshot.row(Key::new(tag, Pool::Slabs, Counters::BytesOnly));
        let (name, rows) = (Arc::<[u8]>::from(name), CacheRows { objects, slabs });
        self.rows.insert(name.clone(), rows);
        Ok((name, rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> …\n";
    const TAIL: &str = ": tunables 0 0 0 : slabdata 6 6 0\n";

    fn sample_of(text: &str) -> Result<Vec<(String, Usage)>, String> {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir(root.path().join("proc")).unwrap();
        let path = root.path().join("proc/slabinfo");
        std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
        let mut snapshot = Snapshot::new();
        match Slabinfo::new(root.path()).fill(&mut snapshot) {
            Ok(()) => Ok(snapshot.present().map(|(key, usage)| (key.to_string(), usage)).collect()),
            Err(error) => Err(error.to_string().split_once(", ").unwrap().1.to_owned()),
        }
    }

    fn rows(name: &str, objects: u64, bytes: u64, pages: u64) -> Vec<(String, Usage)> {
        let held = Usage { bytes: pages * rustix::param::page_size() as u64, ..Usage::default() };
        let usage = Usage { allocs: objects, frees: 0, bytes };
        vec![(format!("{name} slab"), usage), (format!("{name} slabs"), held)]
    }

    #[test]
    fn objects_in_use_and_whole_slabs_are_two_rows() {
        let text = format!("{HEAD}key_jar  96  128  256  32  2 : tunables 0 0 0 : slabdata 3 4 0\n");
        assert_eq!(sample_of(&text), Ok(rows("key_jar", 96, 24_576, 8)));
    }

    #[test]
    fn two_caches_of_one_name_add_up() {
        let line = "twin  2  2  10  1  1 : tunables 0 0 0 : slabdata 1 1 0\n";
        assert_eq!(sample_of(&format!("{HEAD}{line}{line}")), Ok(rows("twin", 4, 40, 2)));
    }

    #[test]
    fn a_damaged_text_is_an_error_never_a_smaller_sample() {
        for (text, problem) in [
            ("", "line 1: the text ends in the middle of a line"),
            ("slabinfo - version: 3.0\n", "line 1: not a slabinfo of version 2.x"),
            (&format!("{HEAD}key_jar 96 128 25"), "line 3: the text ends in the middle of a line"),
            (&format!("{HEAD}key_jar 96 128 256 16 1\n"), "line 3: no ` : tunables` after the figures"),
            (&format!("{HEAD}key_jar 9x 128 256 16 1 {TAIL}"), "line 3: active_objs is not a number"),
            (&format!("{HEAD}key_jar 128 256 16 1 {TAIL}"), "line 3: active_objs is not a number"),
            (&format!("{HEAD} 96 128 256 16 1 {TAIL}"), "line 3: no cache name"),
            (&format!("{HEAD}in\ntwo 96 128 256 16 1 {TAIL}"), "line 3: no ` : tunables` after the figures"),
            (&format!("{HEAD}k 99999999999999999999 1 1 1 1 {TAIL}"), "line 3: active_objs is not a number"),
            (&format!("{HEAD}k 9999999999999999999 1 99 1 1 {TAIL}"), "line 3: active_objs × objsize is too large"),
            (&format!("{HEAD}k 1 1 1 1 1 : tunables 0 0 0\n"), "line 3: num_slabs is not a number"),
            (&format!("{HEAD}k 1 1 1 1 9 : tunables 0 0 0 : slabdata 1\n"), "line 3: num_slabs is not a number"),
            (
                &format!("{HEAD}k 1 1 1 1 9 : tunables 0 0 0 : slabdata 1 9999999999999999999 0\n"),
                "line 3: num_slabs × pagesperslab is too large",
            ),
        ] {
            let error = sample_of(text).unwrap_err();
            assert!(error.starts_with(problem), "{error}");
        }
    }

    /// Returns the result of each sample (names, each with its objects) for readings that list the given caches. Every
    /// cache has as many objects as there were readings.
    fn samples_of(readings: &[&str], samples: usize) -> Vec<Result<Vec<String>, String>> {
        let mut source = Slabinfo::new(Path::new("/nowhere"));
        let mut snapshot = Snapshot::new();
        let mut done = 0;
        let mut read = |read: &mut ProcText| {
            let names = readings.get(done).or(readings.last()).unwrap();
            done += 1;
            let lines = names.chars().map(|name| format!("{name} {done} 9 1 1 1 {TAIL}"));
            read.text = std::iter::once(HEAD.to_owned()).chain(lines).collect::<String>().into_bytes();
            Ok(())
        };
        let mut sample = || match source.fill_by(&mut read, &mut snapshot) {
            Ok(()) => {
                let objects = snapshot.present().filter(|(key, _)| key.pool == Pool::Slab);
                Ok(objects.map(|(key, usage)| format!("{}{}", key.tag, usage.allocs)).collect())
            }
            Err(error) => Err(error.to_string()),
        };
        (0..samples).map(|_| sample()).collect()
    }

    fn told(names: &[&str]) -> Result<Vec<String>, String> {
        Ok(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn a_list_that_stays_the_same_is_read_once_a_sample() {
        assert_eq!(samples_of(&["ab"], 3), [told(&["a2", "b2"]), told(&["a3", "b3"]), told(&["a4", "b4"])]);
    }

    #[test]
    fn a_cache_shown_twice_while_another_was_made_counts_once() {
        let samples = samples_of(&["abc", "abc", "abbc", "nabc"], 2);
        assert_eq!(samples, [told(&["a2", "b2", "c2"]), told(&["a5", "b5", "c5", "n5"])]);
    }

    #[test]
    fn a_cache_passed_over_while_another_was_destroyed_is_not_absent() {
        let samples = samples_of(&["nabc", "nabc", "nac", "abc"], 2);
        assert_eq!(samples, [told(&["n2", "a2", "b2", "c2"]), told(&["a5", "b5", "c5"])]);
    }

    #[test]
    fn a_list_that_loses_its_end_is_read_again() {
        assert_eq!(samples_of(&["abc", "abc", "ab", "abc"], 2)[1], told(&["a5", "b5", "c5"]));
    }

    #[test]
    fn a_list_that_keeps_changing_is_an_error() {
        let restless: Vec<&str> = ["ab", "abc"].into_iter().cycle().take(2 * READINGS).collect();
        let samples = samples_of(&restless, 1);
        assert!(samples[0].as_ref().unwrap_err().contains("no two readings list the same caches"), "{samples:?}");
    }
}
