//! Windows' pool tags: every layout is read to its figures, every answer of the kernel is distinguished, a failed
//! reading is never a smaller sample, and a sample allocates no heap memory, because that would disturb the
//! measurement. The kernel is a test double, so all of this runs on any machine.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod bytes;
mod compared;
mod fixtures;
mod judged;
mod kernel;
mod samples;
mod sessions;

use std::collections::BTreeMap;

use poolgate::machine::windows::pool::PoolTable;
use poolgate::machine::{MachineError, PoolSource};
use poolgate::pool::{Snapshot, Usage};

use bytes::Row;
use kernel::Kernel;

/// For each row: allocs, frees, bytes.
type Figures = BTreeMap<String, (u64, u64, u64)>;

fn figures(snapshot: &Snapshot) -> Figures {
    let figures = |usage: Usage| (usage.allocs, usage.frees, usage.bytes);
    snapshot.present().map(|(key, usage)| (key.to_string(), figures(usage))).collect()
}

/// A source that reads from `kernel`.
fn source(kernel: &Kernel) -> PoolTable<Kernel> {
    PoolTable::new(kernel.clone())
}

fn sample(source: &mut PoolTable<Kernel>) -> Result<Figures, MachineError> {
    source.sample().map(figures)
}

fn expected(rows: &[(&str, (u64, u64, u64))]) -> Figures {
    rows.iter().map(|(key, figures)| ((*key).to_owned(), *figures)).collect()
}

/// A tag with memory only in the nonpaged pool.
fn nonpaged(tag: &[u8; 4], allocs: u64) -> Row {
    Row { tag: *tag, paged: [0; 3], nonpaged: [allocs, 0, allocs * 64] }
}

/// A tag with memory only in the paged pool.
fn paged(tag: &[u8; 4], allocs: u64) -> Row {
    Row { tag: *tag, paged: [allocs, 0, allocs * 64], nonpaged: [0; 3] }
}
