//! From the contents of the maps to the survivors. Pure: the maps are read in `tracer.rs`.

use std::collections::HashMap;

use super::caches::FollowedCache;
use super::layout::{BirthKey, BirthsValue, CacheCounts, PathKey, PathValue};
use super::symbols::KernelSymbols;
use crate::pool::{CacheSurvivors, CallFrame, CallPath, IterationSurvivors, TraceLosses};

/// The contents of the maps at one time. Events go on while they are read, so counts of different entries can differ by
/// the events of a moment.
pub(super) struct MapContents {
    pub(super) paths: Vec<(PathKey, PathValue)>,
    pub(super) births: Vec<(BirthKey, BirthsValue)>,
    pub(super) counts: Vec<CacheCounts>,
}

/// The births on one path.
#[derive(Default)]
struct PathBirths {
    allocated: u64,
    alive: u64,
    born: Vec<IterationSurvivors>,
}

impl MapContents {
    /// The survivors of each of `caches`, in that order.
    pub(super) fn survivors(&self, caches: &[FollowedCache], symbols: &KernelSymbols) -> Vec<CacheSurvivors> {
        let births = self.births_by_path();
        let mut frames = HashMap::new();
        caches
            .iter()
            .enumerate()
            .map(|(index, cache)| self.of_cache(index, cache, &births, symbols, &mut frames))
            .collect()
    }

    fn births_by_path(&self) -> HashMap<u32, PathBirths> {
        let mut by_path: HashMap<u32, PathBirths> = HashMap::new();
        for &([path, iteration], [allocated, freed]) in &self.births {
            let births = by_path.entry(path).or_default();
            // A free can be counted before the allocation that it ends.
            let alive = allocated.saturating_sub(freed);
            births.allocated += allocated;
            births.alive += alive;
            if alive > 0 {
                births.born.push(IterationSurvivors { iteration, alive, allocated });
            }
        }
        for births in by_path.values_mut() {
            births.born.sort_unstable_by_key(|born| born.iteration);
        }
        by_path
    }

    fn of_cache(
        &self,
        index: usize,
        cache: &FollowedCache,
        births: &HashMap<u32, PathBirths>,
        symbols: &KernelSymbols,
        known: &mut HashMap<u64, CallFrame>,
    ) -> CacheSurvivors {
        let (mut paths, mut alive, mut allocated, mut paths_without) = (Vec::new(), 0, 0, 0);
        for ([_, addresses @ ..], [id, several, task @ ..]) in
            self.paths.iter().filter(|([of, ..], _)| *of == index as u64)
        {
            let Some(births) = births.get(id) else { continue };
            alive += births.alive;
            allocated += births.allocated;
            if births.alive == 0 {
                paths_without += 1;
                continue;
            }
            let addresses = addresses.iter().take_while(|&&address| address != 0);
            let frame = |&address: &u64| known.entry(address).or_insert_with(|| symbols.frame(address)).clone();
            paths.push(CallPath {
                frames: without_tracing(addresses.map(frame).collect()),
                task: task_name(*task),
                other_tasks: *several != 0,
                alive: births.alive,
                allocated: births.allocated,
                freed: births.allocated.saturating_sub(births.alive),
                born: births.born.clone(),
            });
        }
        // Two runs give the same order: paths with equally many survivors are in the order of their frames.
        paths.sort_by(|a, b| b.alive.cmp(&a.alive).then_with(|| a.frames.cmp(&b.frames)));
        let [freed_older, freed_unseen, objects, no_path, no_birth, stacks, busy] =
            self.counts.get(index).copied().unwrap_or_default();
        let lost = TraceLosses { objects, paths: no_path, births: no_birth, stacks, busy };
        let more_paths = paths.len().saturating_sub(CacheSurvivors::MOST_PATHS) as u64;
        paths.truncate(CacheSurvivors::MOST_PATHS);
        CacheSurvivors {
            cache: cache.tag.clone(),
            also: cache.also.clone(),
            alive,
            allocated,
            paths,
            more_paths,
            paths_without,
            freed_older,
            freed_unseen,
            lost,
        }
    }
}

/// Removes the innermost frames, if they are the tracer's own program and the kernel's code that calls it.
fn without_tracing(mut frames: Vec<CallFrame>) -> Vec<CallFrame> {
    let is_tracing = |frame: &CallFrame| {
        let calls_programs = |name: &String| name.starts_with("bpf_trace_run") || name.starts_with("__bpf_trace_");
        frame.module.as_deref() == Some("bpf") || frame.function.as_ref().is_some_and(calls_programs)
    };
    let own = frames.iter().take_while(|frame| is_tracing(frame)).count();
    frames.drain(..own);
    frames
}

/// The name of a task, up to its first zero.
fn task_name(words: [u32; 4]) -> String {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).take_while(|&byte| byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::linux::objects::layout::name_words;

    fn cache(name: &str) -> FollowedCache {
        let words = name_words(name.as_bytes()).unwrap();
        FollowedCache { tag: name.parse().unwrap(), also: Vec::new(), name: words, class: None }
    }

    fn path(cache: u64, addresses: &[u64], id: u32, several: u32, task: &str) -> (PathKey, PathValue) {
        let mut key = [0; 33];
        key[0] = cache;
        key[1..=addresses.len()].copy_from_slice(addresses);
        let mut bytes = [0; 16];
        bytes[..task.len()].copy_from_slice(task.as_bytes());
        let word = |at: usize| u32::from_ne_bytes(bytes[4 * at..4 * at + 4].try_into().unwrap());
        (key, [id, several, word(0), word(1), word(2), word(3)])
    }

    fn survivors(contents: &MapContents, caches: &[&str]) -> Vec<CacheSurvivors> {
        let caches: Vec<FollowedCache> = caches.iter().map(|name| cache(name)).collect();
        contents.survivors(&caches, &KernelSymbols::named(&[(0x1000, "key_alloc"), (0x2000, "epoll")]))
    }

    #[test]
    fn survivors_are_counted_by_path_and_block() {
        let contents = MapContents {
            paths: vec![path(0, &[0x1010, 0x2010], 7, 0, "keyctl"), path(0, &[0x2020], 3, 1, "fifteen letters")],
            births: vec![([7, 2], [5, 1]), ([7, 1], [9, 9]), ([7, 0], [3, 0]), ([3, 2], [1, 0])],
            counts: vec![[1, 2, 3, 4, 5, 6, 7]],
        };
        let [cache] = survivors(&contents, &["key_jar"]).try_into().unwrap();
        assert_eq!((cache.alive, cache.allocated, cache.paths_without), (8, 18, 0));
        assert_eq!((cache.freed_older, cache.freed_unseen), (1, 2));
        assert_eq!(cache.lost, TraceLosses { objects: 3, paths: 4, births: 5, stacks: 6, busy: 7 });
        let [first, second] = cache.paths.try_into().unwrap();
        assert_eq!(first.frames.iter().map(ToString::to_string).collect::<Vec<_>>(), ["key_alloc+0x10", "epoll+0x10"]);
        assert_eq!((first.task.as_str(), first.other_tasks), ("keyctl", false));
        assert_eq!((first.alive, first.allocated, first.freed), (7, 17, 10));
        let born = |iteration, alive, allocated| IterationSurvivors { iteration, alive, allocated };
        assert_eq!(first.born, [born(0, 3, 3), born(2, 4, 5)]);
        assert_eq!((second.task.as_str(), second.other_tasks, second.alive), ("fifteen letters", true, 1));
    }

    #[test]
    fn each_cache_has_its_own_paths_and_counts() {
        let contents = MapContents {
            paths: vec![path(1, &[0x1010], 1, 0, "b"), path(0, &[0x1010], 0, 0, "a")],
            births: vec![([0, 0], [1, 0]), ([1, 0], [2, 0])],
            counts: vec![[0; 7], [9, 0, 0, 0, 0, 0, 0]],
        };
        let [first, second] = survivors(&contents, &["a", "b"]).try_into().unwrap();
        assert_eq!((first.alive, first.paths[0].task.as_str(), first.freed_older), (1, "a", 0));
        assert_eq!((second.alive, second.paths[0].task.as_str(), second.freed_older), (2, "b", 9));
    }

    #[test]
    fn a_path_without_survivors_is_only_counted() {
        let contents = MapContents {
            paths: vec![path(0, &[0x1010], 0, 0, "a"), path(0, &[0x2010], 1, 0, "a"), path(0, &[0x2018], 2, 0, "a")],
            // A free of the second path was counted before its allocation. The third path lost its only allocation.
            births: vec![([0, 0], [4, 4]), ([1, 0], [0, 1])],
            counts: vec![[0; 7]],
        };
        let [cache] = survivors(&contents, &["a"]).try_into().unwrap();
        assert_eq!((cache.alive, cache.allocated, cache.paths_without, cache.paths), (0, 4, 2, Vec::new()));
    }

    #[test]
    fn the_tracers_own_frames_are_removed() {
        let frame = |function: &str, module: Option<&str>| CallFrame {
            function: Some(function.to_owned()),
            offset: Some(1),
            module: module.map(str::to_owned),
        };
        let kept = [frame("kmem_cache_alloc", None), frame("bpf_trace_run5", None)];
        let mut frames = vec![frame("bpf_prog_0a_pg_alloc", Some("bpf")), frame("bpf_trace_run5", None)];
        frames.extend(kept.clone());
        assert_eq!(without_tracing(frames), kept);
        assert_eq!(without_tracing(kept.to_vec()), kept);
    }

    #[test]
    fn an_allocation_without_a_call_path_has_no_frames() {
        let contents =
            MapContents { paths: vec![path(0, &[], 0, 0, "")], births: vec![([0, 0], [1, 0])], counts: Vec::new() };
        let [cache] = survivors(&contents, &["a"]).try_into().unwrap();
        assert_eq!((cache.alive, cache.paths[0].frames.len(), cache.paths[0].task.as_str()), (1, 0, ""));
    }
}
