//! The Windows kernel's pool tags, read as PoolMon reads them.
//!
//! A sample consists of the system's table (`tags`), the pools of single sessions (`sessions`) and the total sizes of
//! the pools (`totals`). All tables are read whole (`answer`) and checked before the snapshot is written, so a sample
//! is either complete or an error. Tables are plain bytes (`layout`) and come through the trait [`System`], so all of
//! this can be tested on any machine; `ThisSystem` is the real implementation.

mod answer;
mod class;
mod counts;
mod error;
mod layout;
#[cfg(windows)]
mod memory;
mod rows;
mod sessions;
#[cfg(windows)]
mod system;
mod tags;
mod totals;

#[cfg(any(windows, test))]
pub(super) use answer::QueryBuffer;
pub use class::{Class, NtStatus};
pub use error::PoolTagsError;
pub use layout::Bits;
#[cfg(any(windows, test))]
pub(super) use layout::{Size64, number};
#[cfg(windows)]
pub use system::ThisSystem;
pub use totals::PoolTotals;

use self::sessions::Sessions;
use self::tags::Tags;
use self::totals::TotalRows;
use crate::machine::{MachineError, Memory, PoolSource};
use crate::pool::{Snapshot, TagPattern};

/// The system calls that the pool table needs; tests have their own implementation.
pub trait System {
    /// NtQuerySystemInformation: returns its status, and ReturnLength.
    fn query(&mut self, class: Class, buffer: &mut [u8]) -> (NtStatus, usize);

    /// Returns the total sizes of the pools; `None` if the call fails.
    fn totals(&mut self) -> Option<PoolTotals>;

    /// Returns the system's memory as a whole.
    fn memory(&mut self) -> Memory {
        Memory::default()
    }

    /// Enables the privileges that may be needed for reading, as far as this account has them.
    fn enable_privileges(&mut self);

    /// Returns the kind of this process.
    fn process(&self) -> ProcessKind;
}

/// The kind of this process, which determines whether it can read the kernel's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessKind {
    /// Has the kernel's own width, and so reads its tables unchanged.
    Native(Bits),
    /// A 32-bit process on a 64-bit kernel, which cuts its figures to 32 bits.
    Wow64,
    /// In a container: boot settings, services and restarts there do not affect the kernel.
    Container,
}

/// The pool tags of a system.
#[derive(Debug)]
pub struct PoolTable<S> {
    system: S,
    process: Option<ProcessKind>,
    tags: Tags,
    sessions: Sessions,
    totals: TotalRows,
    snapshot: Snapshot,
}

impl<S: System> PoolTable<S> {
    /// Creates the table; makes no call to `system` before the first sample.
    pub fn new(system: S) -> PoolTable<S> {
        PoolTable {
            system,
            process: None,
            tags: Tags::default(),
            sessions: Sessions::default(),
            totals: TotalRows::default(),
            snapshot: Snapshot::new(),
        }
    }

    /// Returns the class of the figures; `None` before the first sample.
    pub fn class(&self) -> Option<Class> {
        self.tags.class()
    }

    /// Performs all reads that can fail.
    fn read(&mut self) -> Result<Option<PoolTotals>, PoolTagsError> {
        let system = &mut self.system;
        match *self.process.get_or_insert_with(|| system.process()) {
            ProcessKind::Wow64 => Err(PoolTagsError::Wow64),
            ProcessKind::Container => Err(PoolTagsError::Container),
            ProcessKind::Native(bits) => {
                self.tags.read(system, bits)?;
                self.sessions.read(system, bits)?;
                Ok(system.totals())
            }
        }
    }
}

impl<S: System> PoolSource for PoolTable<S> {
    fn name(&self) -> &'static str {
        "windows pool tags"
    }

    fn sample(&mut self) -> Result<&Snapshot, MachineError> {
        let totals = self.read().map_err(PoolTagsError::of_machine)?;
        self.snapshot.clear();
        self.tags.fill(&mut self.snapshot);
        self.sessions.fill(&mut self.snapshot);
        if let Some(totals) = totals {
            self.totals.fill(totals, &mut self.snapshot);
        }
        Ok(&self.snapshot)
    }

    /// Windows counts every allocation and free exactly, so there is nothing to shrink.
    fn shrink(&mut self, _: &[TagPattern]) -> Result<usize, MachineError> {
        Ok(0)
    }

    fn memory(&mut self) -> Memory {
        self.system.memory()
    }

    fn note(&mut self) -> Option<String> {
        self.tags.note()
    }
}
