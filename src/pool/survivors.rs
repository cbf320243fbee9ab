//! Live objects of slab caches, by the call path that allocated them. `machine/linux/objects` follows them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tag;

/// The followed objects that are alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Survivors {
    /// Number of iterations of the workload that ran while the objects were followed.
    pub iterations: u64,
    /// Every followed cache, in the order in which they were asked for.
    pub caches: Vec<CacheSurvivors>,
    /// Whether frames have the names of functions.
    pub symbols: SymbolNames,
    /// The most events that no program saw, because they interrupted a program of this tracer on the same processor
    /// (`recursion_misses`). `None` if the kernel does not report it.
    pub missed: Option<u64>,
    /// Kernel functions that free objects without an event, and could not be followed. Objects that they freed count as
    /// alive until their address is allocated again.
    pub unwatched: Vec<String>,
}

/// Whether the kernel shows the addresses of its functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SymbolNames {
    /// It does.
    Shown,
    /// It does not (`kernel.kptr_restrict`, or a kernel without kallsyms). Frames are only distinct from each other.
    Hidden,
}

/// The objects of one cache that are alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CacheSurvivors {
    /// The cache, as it was asked for.
    #[schemars(with = "String")]
    pub cache: Tag,
    /// Other caches with the same objects: caches that the kernel merged with this one, or, for a kmalloc-N, caches of
    /// the same size for which the kernel gives no other name.
    #[schemars(with = "Vec<String>")]
    pub also: Vec<Tag>,
    /// Objects alive on all paths.
    pub alive: u64,
    /// Objects allocated since the cache is followed, without those in `lost`.
    pub allocated: u64,
    /// The call paths with survivors, most survivors first, at most [`CacheSurvivors::MOST_PATHS`].
    pub paths: Vec<CallPath>,
    /// Further call paths with survivors. Their objects are in `alive` only.
    pub more_paths: u64,
    /// Call paths without survivors.
    pub paths_without: u64,
    /// Frees of objects that were allocated before the cache was followed, or lost. For a kmalloc-N it counts none,
    /// because the kernel does not name the cache of such a free.
    pub freed_older: u64,
    /// Objects that count as freed only because their address was allocated again. Nonzero means that this cache has
    /// frees without an event, so some of `alive` may have been freed, too.
    pub freed_unseen: u64,
    /// Allocations that could not be followed.
    pub lost: TraceLosses,
}

impl CacheSurvivors {
    /// The most call paths of a cache in a recording.
    pub const MOST_PATHS: usize = 256;
}

/// Allocations that could not be followed, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TraceLosses {
    /// More objects were alive than the tracer can follow.
    pub objects: u64,
    /// There were more call paths than the tracer can keep.
    pub paths: u64,
    /// There were more pairs of path and block than the tracer can keep.
    pub births: u64,
    /// The kernel gave no call path. These objects are followed, and are under a path without frames.
    pub stacks: u64,
    /// Updates that the kernel refused because the map was in use on the same processor. If it was a free, the object
    /// counts as alive.
    pub busy: u64,
}

/// A call path with survivors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallPath {
    /// The innermost call first, 32 at most; empty if the kernel gave no path.
    pub frames: Vec<CallFrame>,
    /// The name of the first task that allocated by this path: 15 bytes at most, lossy. In an interrupt it is the
    /// interrupted task.
    pub task: String,
    /// Whether tasks of other names allocated by this path, too.
    pub other_tasks: bool,
    /// Objects alive.
    pub alive: u64,
    /// Objects allocated.
    pub allocated: u64,
    /// Objects freed.
    pub freed: u64,
    /// The iterations in which the survivors were allocated, in order. An iteration without survivors is missing.
    pub born: Vec<IterationSurvivors>,
}

/// The survivors of one iteration on one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IterationSurvivors {
    /// The iteration, from 1; 0 while no iteration ran.
    pub iteration: u32,
    /// Objects allocated in this iteration that are alive.
    pub alive: u64,
    /// Objects allocated in this iteration.
    pub allocated: u64,
}

/// One call: a place in the kernel's code. It holds no address, so it is the same in every boot of the same kernel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct CallFrame {
    /// The function, if its name is known.
    pub function: Option<String>,
    /// Bytes from the start of the function to the return address; if its name is unknown, from the start of the
    /// module; `None` if both are.
    pub offset: Option<u64>,
    /// The module, `None` for the kernel itself and if it is unknown.
    pub module: Option<String>,
}

impl CallFrame {
    /// The function alone: `key_alloc`, `leak [leakydrv]`. Without its name, the place: `leakydrv+0x1012`, `?`.
    pub fn name(&self) -> String {
        match &self.function {
            Some(_) => CallFrame { offset: None, ..self.clone() }.to_string(),
            None => self.to_string(),
        }
    }
}

impl fmt::Display for CallFrame {
    /// As the kernel prints it: `key_alloc+0x1c2`, `leak+0x12 [leakydrv]`, `leakydrv+0x1012`, `?`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.function, &self.module) {
            (Some(function), _) => f.write_str(function)?,
            (None, Some(module)) => f.write_str(module)?,
            (None, None) => f.write_str("?")?,
        }
        if let Some(offset) = self.offset {
            write!(f, "+{offset:#x}")?;
        }
        match (&self.function, &self.module) {
            (Some(_), Some(module)) => write!(f, " [{module}]"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_reads_as_the_kernel_prints_it() {
        let frame = |function: Option<&str>, offset, module: Option<&str>| {
            CallFrame { function: function.map(Into::into), offset, module: module.map(Into::into) }.to_string()
        };
        assert_eq!(frame(Some("key_alloc"), Some(0x1c2), None), "key_alloc+0x1c2");
        assert_eq!(frame(Some("leak"), Some(0x12), Some("leakydrv")), "leak+0x12 [leakydrv]");
        assert_eq!(frame(None, Some(0x1012), Some("leakydrv")), "leakydrv+0x1012");
        assert_eq!(frame(None, None, None), "?");
    }

    #[test]
    fn a_call_is_named_by_its_function_or_its_place() {
        let name = |function: Option<&str>, module: Option<&str>| {
            CallFrame { function: function.map(Into::into), offset: Some(0x12), module: module.map(Into::into) }.name()
        };
        assert_eq!(name(Some("key_alloc"), None), "key_alloc");
        assert_eq!(name(Some("leak"), Some("leakydrv")), "leak [leakydrv]");
        assert_eq!(name(None, Some("leakydrv")), "leakydrv+0x12");
    }
}
