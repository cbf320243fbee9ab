//! The kernel's tables as one pool table: slab caches, and call sites where the kernel counts those too.
//!
//! Rows of both stand in one snapshot. They describe the same memory twice, from who holds it and from who asked for it,
//! and so stand under two pools. What the kernel reports for its slab allocator as a whole is a third one.

use std::path::{Path, PathBuf};

use super::allocinfo::Allocinfo;
use super::memory::{SlabTotal, memory};
use super::slabinfo::Slabinfo;
use crate::machine::{MachineError, Memory, PoolSource};
use crate::pool::{Snapshot, TagPattern};

/// Everything the kernel below a root tells of its memory.
pub struct Tables {
    root: PathBuf,
    slabinfo: Slabinfo,
    allocinfo: Option<Allocinfo>,
    total: SlabTotal,
    snapshot: Snapshot,
}

impl Tables {
    /// The tables below `root`; nothing is opened before the first sample.
    pub fn new(root: &Path) -> Tables {
        let (slabinfo, allocinfo, total) = (Slabinfo::new(root), Allocinfo::find(root), SlabTotal::new(root));
        Tables { root: root.to_owned(), slabinfo, allocinfo, total, snapshot: Snapshot::new() }
    }
}

impl PoolSource for Tables {
    fn name(&self) -> &'static str {
        if self.allocinfo.is_some() { "linux slabinfo and allocinfo" } else { "linux slabinfo" }
    }

    fn sample(&mut self) -> Result<&Snapshot, MachineError> {
        // Begins the snapshot anew, as often as it takes.
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
