//! The Windows kernel's pool tags, read as PoolMon reads them.
//!
//! A sample is the system's table (`tags`), what each session has to itself (`sessions`) and what the kernel says its
//! pools hold in all (`totals`). Every table is first read whole (`answer`) and checked; only then is the snapshot
//! written, so a sample is all there or an error. Tables are plain bytes (`layout`), and what the system says comes
//! through the trait [`System`], so that all of this is tested on any machine; the one which really asks is
//! `ThisSystem`.

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
pub(super) use answer::Answer;
pub use class::{Class, NtStatus};
pub use error::PoolTagsError;
pub use layout::Bits;
#[cfg(any(windows, test))]
pub(super) use layout::{Size64, number};
#[cfg(windows)]
pub use system::ThisSystem;
pub use totals::Totals;

use self::sessions::Sessions;
use self::tags::Tags;
use self::totals::TotalRows;
use crate::machine::{MachineError, Memory, PoolSource};
use crate::pool::{Snapshot, TagPattern};

/// What the pool table asks of the system. A test answers in its place.
pub trait System {
    /// NtQuerySystemInformation: how it ended, and ReturnLength.
    fn query(&mut self, class: Class, buffer: &mut [u8]) -> (NtStatus, usize);

    /// What the pools hold in all; `None` when the system does not say.
    fn totals(&mut self) -> Option<Totals>;

    /// What the system tells of its memory as a whole.
    fn memory(&mut self) -> Memory {
        Memory::default()
    }

    /// Enables the privileges with which reading may be allowed, as far as this account has them.
    fn enable_privileges(&mut self);

    /// What kind of program this is.
    fn process(&self) -> Process;
}

/// What kind of program this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// One of the kernel's own width, which sees its tables as they are.
    Native(Bits),
    /// A 32-bit one on a 64-bit kernel, whose figures it is shown cut to 32 bits.
    Wow64,
    /// One in a container, whose boot settings, services and restarts are not those of its kernel.
    Container,
}

/// The pool tags of a system.
#[derive(Debug)]
pub struct PoolTable<S> {
    system: S,
    process: Option<Process>,
    tags: Tags,
    sessions: Sessions,
    totals: TotalRows,
    snapshot: Snapshot,
}

impl<S: System> PoolTable<S> {
    /// The tags of `system`; it is asked nothing before the first sample.
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

    /// The class which the figures come from; `None` before the first sample.
    pub fn class(&self) -> Option<Class> {
        self.tags.class()
    }

    /// Reads everything which can fail.
    fn read(&mut self) -> Result<Option<Totals>, PoolTagsError> {
        let system = &mut self.system;
        match *self.process.get_or_insert_with(|| system.process()) {
            Process::Wow64 => Err(PoolTagsError::Wow64),
            Process::Container => Err(PoolTagsError::Container),
            Process::Native(bits) => {
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

    /// Windows counts every allocation and free exactly, so there is nothing to give back.
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
