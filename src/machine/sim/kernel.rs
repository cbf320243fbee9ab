//! The file that holds a simulated kernel: JSON, replaced as a whole under a lock.
//!
//! Several processes (a workload's children) change it at once while the sampler reads it without a lock. A reader sees
//! the state before or after a change, never a mixture. Power cuts are simulated elsewhere, so nothing here is synced
//! to disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::noise::Population;
use super::settings::Settings;
use crate::durable::{folder_of, with_pauses};
use crate::long_path::for_calls;
use crate::machine::MachineError;
use crate::pool::{Counters, Key, Pool, Tag, Usage};

/// The place that holds a simulated kernel. All clones are the same kernel.
pub trait Home: Clone {
    /// Returns the current state.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self) -> Result<KernelState, MachineError>;

    /// Changes the state, one process at a time.
    ///
    /// # Errors
    /// If it cannot be read or replaced; it is then unchanged.
    fn change<T>(&self, change: impl FnOnce(&mut KernelState) -> T) -> Result<T, MachineError>;
}

/// A simulated kernel in a file. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Kernel {
    path: PathBuf,
}

/// The complete state of a simulated kernel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KernelState {
    /// Background tags that no workload touches.
    pub population: Population,
    /// The number of boots, including the current one.
    pub boots: u64,
    /// The number of times a workload exercised this boot's kernel.
    pub exercised: u64,
    /// The workloads' allocations since the boot.
    tags: BTreeMap<Tag, Vec<TagState>>,
    /// Settings that survive a boot, and may survive a power cut.
    pub settings: Settings,
    /// The flags that this boot's kernel was started with.
    pub booted_with: BTreeMap<String, String>,
    /// Whether pool tags are counted only if a flag is set, as before Windows Server 2003.
    pub tagging_needs_flag: bool,
}

/// The figures of one tag in one pool.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct TagState {
    pool: Pool,
    allocs: u64,
    frees: u64,
    bytes: u64,
}

impl Kernel {
    /// Creates a kernel in a new file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn create(path: &Path, state: KernelState) -> Result<Kernel, MachineError> {
        let kernel = Kernel { path: path.to_owned() };
        kernel.replace(&state).map_err(|source| kernel.unwritable(source))?;
        Ok(kernel)
    }

    /// Returns the kernel in an existing file. The file is read on first use.
    pub fn at(path: &Path) -> Kernel {
        Kernel { path: path.to_owned() }
    }

    /// Returns the path of the kernel's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn replace(&self, state: &KernelState) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(for_calls(folder_of(&self.path)))?;
        file.write_all(&serde_json::to_vec(state)?)?;
        let mut written = Some(file.into_temp_path());
        persistently(|| match written.take().map(|written| written.persist(for_calls(&self.path))) {
            Some(Err(refused)) => {
                written = Some(refused.path);
                Err(refused.error)
            }
            Some(Ok(())) | None => Ok(()),
        })
    }

    fn unwritable(&self, source: io::Error) -> MachineError {
        MachineError::unwritable(&self.path, source)
    }
}

/// Retries an operation that another process may block for a moment. On Windows a file cannot be replaced while another
/// process has it open, nor opened while it is being replaced: ERROR_ACCESS_DENIED (5) or ERROR_SHARING_VIOLATION (32).
fn persistently<T>(attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    // Many processes share the file, and each has it open only briefly: short pauses, 2 s in all.
    with_pauses(std::iter::repeat_n(Duration::from_millis(2), 1000), attempt)
}

impl Home for Kernel {
    fn read(&self) -> Result<KernelState, MachineError> {
        let unreadable = |source| MachineError::unreadable(&self.path, source);
        let mut text = Vec::new();
        // Closed as soon as it is read, because an open file cannot be replaced.
        persistently(|| File::open(&self.path)).and_then(|mut file| file.read_to_end(&mut text)).map_err(unreadable)?;
        serde_json::from_slice(&text).map_err(|error| unreadable(error.into()))
    }

    fn change<T>(&self, change: impl FnOnce(&mut KernelState) -> T) -> Result<T, MachineError> {
        let lock = File::create(self.path.with_extension("lock")).map_err(|source| self.unwritable(source))?;
        lock.lock().map_err(|source| self.unwritable(source))?;
        let mut state = self.read()?;
        let outcome = change(&mut state);
        self.replace(&state).map_err(|source| self.unwritable(source))?;
        Ok(outcome)
    }
}

impl KernelState {
    /// Creates a freshly booted kernel.
    pub fn new(population: Population) -> KernelState {
        KernelState {
            population,
            boots: 1,
            exercised: 0,
            tags: BTreeMap::new(),
            settings: Settings::default(),
            booted_with: BTreeMap::new(),
            tagging_needs_flag: false,
        }
    }

    /// Makes the kernel count pool tags only if a flag is set.
    pub fn with_tagging_off(self) -> KernelState {
        KernelState { tagging_needs_flag: true, ..self }
    }

    /// Makes `count` allocations of `size` bytes.
    pub fn allocate(&mut self, tag: &Tag, pool: Pool, size: u64, count: u64) {
        let figures = self.figures(tag, pool);
        figures.allocs += count;
        figures.bytes += size * count;
    }

    /// Frees `count` allocations of `size` bytes, or as many as there are.
    pub fn free(&mut self, tag: &Tag, pool: Pool, size: u64, count: u64) {
        let figures = self.figures(tag, pool);
        let count = count.min(figures.allocs - figures.frees);
        figures.frees += count;
        figures.bytes = figures.bytes.saturating_sub(size * count);
    }

    /// Returns the number of allocations of `tag` in use.
    pub fn live(&mut self, tag: &Tag, pool: Pool) -> u64 {
        let figures = self.figures(tag, pool);
        figures.allocs - figures.frees
    }

    /// Restarts cleanly: memory is lost, settings are on disk.
    pub fn reboot(&mut self) {
        self.settings.flush();
        self.boot();
    }

    /// Restarts by a power cut: memory is lost, and a setting written since the last flush survives only if `survives`
    /// returns true for its position in the order of writes.
    pub fn lose_power(&mut self, survives: impl FnMut(usize) -> bool) {
        self.settings.lose_power(survives);
        self.boot();
    }

    fn boot(&mut self) {
        self.boots += 1;
        self.exercised = 0;
        self.tags.clear();
        self.booted_with = self.settings.flags();
    }

    /// Returns the workloads' usage, one row per tag and pool.
    pub fn usages(&self) -> impl Iterator<Item = (Tag, Pool, Usage)> + '_ {
        self.tags.iter().flat_map(|(tag, pools)| {
            pools.iter().map(|s| (tag.clone(), s.pool, Usage { allocs: s.allocs, frees: s.frees, bytes: s.bytes }))
        })
    }

    fn figures(&mut self, tag: &Tag, pool: Pool) -> &mut TagState {
        let pools = self.tags.entry(tag.clone()).or_default();
        let place = pools.iter().position(|figures| figures.pool == pool).unwrap_or_else(|| {
            pools.push(TagState { pool, allocs: 0, frees: 0, bytes: 0 });
            pools.len() - 1
        });
        &mut pools[place]
    }
}

impl Key {
    /// The key of a row of the simulated kernel, which counts in 64 bits and reclaims nothing by itself.
    pub(super) fn simulated(tag: Tag, pool: Pool) -> Key {
        Key::new(tag, pool, Counters::Full64)
    }
}
