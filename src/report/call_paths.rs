//! The call paths that allocated the live objects of a tag, for tables and JUnit. report.json has them complete.

use super::Report;
use crate::counted::counted;
use crate::judge::{Evidence, Finding, TagFigures, TagSurvivors, Verdict};
use crate::pool::{CallFrame, CallPath};
use crate::scenario::Per;

/// Call paths named for a tag.
const NAMED: usize = 3;
/// Calls shown of a path, beside its outermost one.
const CALLS: usize = 3;
/// Functions of the slab allocator itself, by their first letters. A path begins after them.
const ALLOCATOR: [&str; 12] = [
    "kmem_cache_",
    "kmalloc",
    "__kmalloc",
    "__do_kmalloc",
    "krealloc",
    "__krealloc",
    "kmemdup",
    "kvmalloc",
    "__kvmalloc",
    "kvmemdup",
    "slab_",
    "___slab_",
];
/// Frames outside of them are the same for every system call.
const ENTRIES: [&str; 4] = ["do_syscall_64", "x64_sys_call", "entry_SYSCALL", "ret_from_fork"];

/// The live objects of call paths with the same functions.
struct PathGroup {
    /// The innermost first.
    functions: Vec<String>,
    task: String,
    alive: u64,
    /// The iterations in which the live objects were allocated, with their number.
    born: Vec<(u32, u64)>,
}

impl Report {
    /// Returns lines on the origin of a finding's memory: the suspected driver and the call paths.
    pub(super) fn origins(&self, finding: &Finding) -> Vec<String> {
        let suspected = self.suspected(finding).map(ToString::to_string);
        let accused = finding.key.as_ref().filter(|_| finding.verdict != Verdict::Held);
        let mut tags = self.result.iter().flat_map(|judgement| &judgement.tags);
        let tag = accused.and_then(|key| tags.find(|tag| tag.key == *key));
        suspected.into_iter().chain(tag.into_iter().flat_map(lines)).collect()
    }
}

/// Returns the function that allocated most of a tag's live objects.
pub(super) fn main_function(tag: &TagFigures) -> Option<String> {
    let survivors = tag.survivors.as_ref()?;
    let first = groups(&survivors.objects.paths).into_iter().next()?;
    (2 * first.alive > survivors.objects.alive).then(|| first.functions.into_iter().next()).flatten()
}

fn lines(tag: &TagFigures) -> Vec<String> {
    let Some(survivors) = &tag.survivors else { return Vec::new() };
    let objects = &survivors.objects;
    let mut lines = Vec::new();
    if objects.alive == 0 {
        lines.push(format!("call paths: of {} objects allocated in the second look none is alive", objects.allocated));
    }
    let groups = groups(&objects.paths);
    let per_iteration = matches!(&tag.evidence, Evidence::Trend(trend) if trend.natural() == Per::Iteration);
    for (at, group) in groups.iter().take(NAMED).enumerate() {
        let others = groups.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
        let mut line = format!(
            "allocated by {}: {} of {}",
            group.short(others),
            group.alive,
            counted(objects.alive, "live object", "live objects")
        );
        if per_iteration {
            line.push_str(&group.births(survivors));
        }
        if !group.task.is_empty() {
            line.push_str(&format!(", task {}", group.task));
        }
        lines.push(line);
    }
    let left = groups.len().saturating_sub(NAMED) as u64 + objects.more_paths;
    if left > 0 {
        lines.push(format!("and {}, see report.json", counted(left, "more call path", "more call paths")));
    }
    if let Some(grew) = survivors.disagrees_with() {
        let missed = survivors.missed.filter(|missed| *missed > 0);
        let missed = missed.map_or(String::new(), |missed| {
            format!("; up to {}", counted(missed, "event was missed", "events were missed"))
        });
        lines.push(format!(
            "the cache grew by {grew} objects meanwhile, so these paths do not explain its growth{missed}"
        ));
    }
    lines
}

/// Joins the paths that have the same functions, most live objects first.
fn groups(paths: &[CallPath]) -> Vec<PathGroup> {
    let mut groups: Vec<PathGroup> = Vec::new();
    for path in paths {
        let functions = functions(&path.frames);
        let born = path.born.iter().map(|born| (born.iteration, born.alive));
        match groups.iter_mut().find(|group| group.functions == functions) {
            Some(group) => {
                group.alive += path.alive;
                group.born.extend(born);
            }
            None => {
                groups.push(PathGroup { functions, task: path.task.clone(), alive: path.alive, born: born.collect() })
            }
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.alive));
    groups
}

/// The functions of a path, without those of the allocator and those that every system call has.
fn functions(frames: &[CallFrame]) -> Vec<String> {
    let is = |frame: &CallFrame, names: &[&str]| {
        frame.function.as_ref().is_some_and(|function| names.iter().any(|name| function.starts_with(name)))
    };
    let inner = frames.iter().take_while(|frame| is(frame, &ALLOCATOR)).count();
    let outer = frames.iter().rev().take_while(|frame| is(frame, &ENTRIES)).count();
    let end = frames.len().saturating_sub(outer);
    // A path of such functions only is shown whole.
    let caller = if inner < end { &frames[inner..end] } else { frames };
    caller.iter().map(CallFrame::name).collect()
}

impl PathGroup {
    /// The first calls, as many as distinguish it from `others`, and the outermost one.
    fn short<'a>(&'a self, others: impl Iterator<Item = &'a PathGroup>) -> String {
        let shared = |other: &PathGroup| {
            self.functions.iter().zip(&other.functions).take_while(|(one, other)| one == other).count()
        };
        let shown = others.map(|other| shared(other) + 1).max().unwrap_or(0).max(CALLS);
        match self.functions.as_slice() {
            [] => "an unknown call path".to_owned(),
            all if all.len() <= shown + 2 => all.join(" ← "),
            all => format!("{} ← … ← {}", all[..shown].join(" ← "), all[all.len() - 1]),
        }
    }

    /// The rate, and the iterations in which the live objects were allocated.
    fn births(&self, survivors: &TagSurvivors) -> String {
        let in_iterations: Vec<(u32, u64)> =
            self.born.iter().copied().filter(|(iteration, _)| *iteration > 0).collect();
        let alive: u64 = in_iterations.iter().map(|(_, alive)| alive).sum();
        let mut numbers: Vec<u32> = in_iterations.iter().map(|(iteration, _)| *iteration).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let rate = alive as f64 / survivors.iterations.max(1) as f64;
        let born = match numbers.as_slice() {
            [] => ", allocated while the workload rested".to_owned(),
            [one] => format!(", allocated in iteration {one}"),
            [first, .., last] if numbers.len() as u64 == u64::from(last - first) + 1 => {
                format!(", {rate:.2} per iteration, allocated in iterations {first} to {last}")
            }
            [first, .., last] => {
                format!(", {rate:.2} per iteration, allocated in {} of the iterations {first} to {last}", numbers.len())
            }
        };
        match self.alive.saturating_sub(alive) {
            rested @ 1.. if !numbers.is_empty() => format!("{born}, and {rested} while the workload rested"),
            _ => born,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::IterationSurvivors;

    fn path(functions: &[&str], born: &[(u32, u64)]) -> CallPath {
        let frame = |name: &&str| CallFrame { function: Some((*name).to_owned()), offset: Some(8), module: None };
        let alive = born.iter().map(|(_, alive)| alive).sum();
        let births = born.iter().map(|&(iteration, alive)| IterationSurvivors { iteration, alive, allocated: alive });
        CallPath {
            frames: functions.iter().map(frame).collect(),
            task: "keyctl".to_owned(),
            other_tasks: false,
            alive,
            allocated: alive,
            freed: 0,
            born: births.collect(),
        }
    }

    const KEYS: [&str; 7] = [
        "kmem_cache_alloc_noprof",
        "key_alloc",
        "__key_create_or_update",
        "key_create_or_update",
        "__do_sys_add_key",
        "do_syscall_64",
        "entry_SYSCALL_64_after_hwframe",
    ];

    #[test]
    fn a_path_begins_after_the_allocator_and_ends_before_the_system_call() {
        let names = functions(&path(&KEYS, &[(1, 1)]).frames);
        assert_eq!(names, ["key_alloc", "__key_create_or_update", "key_create_or_update", "__do_sys_add_key"]);
        assert_eq!(functions(&path(&["__kmalloc_noprof"], &[]).frames), ["__kmalloc_noprof"]);
        assert!(functions(&[]).is_empty());
    }

    #[test]
    fn paths_that_differ_late_are_shown_up_to_their_first_difference() {
        let common = ["a", "b", "c", "d", "e"];
        let first = path(&[&common[..], &["f1", "g", "h", "entry"]].concat(), &[(1, 3)]);
        let second = path(&[&common[..], &["f2", "g", "h", "entry"]].concat(), &[(1, 2)]);
        let groups = groups(&[second, first]);
        assert_eq!(groups[0].short(groups[1..].iter()), "a ← b ← c ← d ← e ← f1 ← … ← entry");
        assert_eq!(groups[0].short([].into_iter()), "a ← b ← c ← … ← entry");
    }

    #[test]
    fn paths_with_the_same_functions_are_one() {
        let mut other = path(&KEYS, &[(3, 1)]);
        other.frames[1].offset = Some(16);
        let groups = groups(&[path(&KEYS, &[(1, 1), (2, 1)]), other]);
        assert_eq!((groups.len(), groups[0].alive), (1, 3));
    }

    #[test]
    fn births_are_counted_by_iteration_and_apart_from_rest() {
        let objects = crate::pool::CacheSurvivors {
            cache: "key_jar".parse().unwrap(),
            also: Vec::new(),
            alive: 0,
            allocated: 0,
            paths: Vec::new(),
            more_paths: 0,
            paths_without: 0,
            freed_older: 0,
            freed_unseen: 0,
            lost: Default::default(),
        };
        let survivors = TagSurvivors { objects, iterations: 50, grew: None, missed: None };
        let births = |born: &[(u32, u64)]| groups(&[path(&KEYS, born)])[0].births(&survivors);
        assert_eq!(births(&[(61, 1), (62, 1)]), ", 0.04 per iteration, allocated in iterations 61 to 62");
        assert_eq!(
            births(&[(0, 2), (61, 1), (90, 1)]),
            ", 0.04 per iteration, allocated in 2 of the iterations 61 to 90, and 2 while the workload rested"
        );
        assert_eq!(births(&[(7, 5)]), ", allocated in iteration 7");
        assert_eq!(births(&[(0, 5)]), ", allocated while the workload rested");
    }
}
