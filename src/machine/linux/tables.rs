//! The kernel's tables as one pool table: slab caches, and call sites if the kernel counts them too.
//!
//! The rows of both are in one snapshot. They describe the same memory twice, by holder and by requester, and so belong
//! to two pools. The kernel's total for its slab allocator belongs to a third.

use std::path::{Path, PathBuf};

use super::allocinfo::Allocinfo;
use super::memory::{SlabTotal, memory};
use super::slabinfo::Slabinfo;
use crate::machine::{MachineError, Memory, PoolSource};
use crate::pool::{Snapshot, TagPattern};

/// All memory tables of the kernel below a root.
pub struct MemoryTables {
    root: PathBuf,
    slabinfo: Slabinfo,
    allocinfo: Option<Allocinfo>,
    total: SlabTotal,
    snapshot: Snapshot,
}

impl MemoryTables {
    /// The tables below `root`; nothing is opened before the first sample.
    pub fn new(root: &Path) -> MemoryTables {
        let (slabinfo, allocinfo, total) = (Slabinfo::new(root), Allocinfo::find(root), SlabTotal::new(root));
        MemoryTables { root: root.to_owned(), slabinfo, allocinfo, total, snapshot: Snapshot::new() }
    }
}

impl PoolSource for MemoryTables {
    fn name(&self) -> &'static str {
        if self.allocinfo.is_some() { "linux slabinfo and allocinfo" } else { "linux slabinfo" }
    }

    fn sample(&mut self) -> Result<&Snapshot, MachineError> {
        // Clears the snapshot before each attempt.
        self.slabinfo.fill(&mut self.snapshot)?;
        self.total.fill(&mut self.snapshot)?;
        if let Some(allocinfo) = &mut self.allocinfo {
            allocinfo.fill(&mut self.snapshot)?;
        }
        Ok(&self.snapshot)
    }

    fn shrink(&mut self, named: &[TagPattern]) -> Result<usize, MachineError> {
        self.slabinfo.shrink(named, self.snapshot.keys())
    }

    fn memory(&mut self) -> Memory {
        memory(&self.root)
    }
}
