//! `/proc/meminfo` and `/proc/vmstat`: machine-wide memory figures.
//!
//! Linux never pages out kernel memory, so the whole slab allocator is nonpaged and the size of the paged pool is a
//! known 0, not a missing figure. Linux records neither the peak of committed memory nor the number of the kernel's own
//! pages.

use std::path::Path;

use super::proc_text::{ProcText, number};
use crate::machine::{MachineError, Memory};
use crate::pool::{Counters, Key, Pool, RowId, Snapshot, Usage};

/// `Slab:` of `/proc/meminfo` as a row: the total memory of the slab allocator. It covers the slabs of every cache and
/// the memory that kmalloc takes from the page allocator for sizes above two pages (mm/slub.c,
/// `___kmalloc_large_node`).
pub(super) struct SlabTotal {
    /// `None` below a root without this file.
    text: Option<ProcText>,
    row: Option<RowId>,
}

impl SlabTotal {
    /// Prepares to read the figure below `root`.
    pub(super) fn new(root: &Path) -> SlabTotal {
        let path = root.join("proc/meminfo");
        SlabTotal { text: path.exists().then(|| ProcText::new(path)), row: None }
    }

    /// Adds the row to `snapshot`.
    pub(super) fn fill(&mut self, snapshot: &mut Snapshot) -> Result<(), MachineError> {
        let Some(text) = &mut self.text else { return Ok(()) };
        text.read()?;
        let mut held = None;
        text.each_line(|_, line| {
            if let Some(figure) = line.strip_prefix(b"Slab:") {
                held = Some(slab_bytes(figure).ok_or("not a number of kB")?);
            }
            Ok(())
        })?;
        let Some(bytes) = held else { return Ok(()) };
        let row = match self.row {
            Some(row) => row,
            None => *self.row.insert(snapshot.row(total_key())),
        };
        snapshot.set(row, Some(Usage { bytes, ..Usage::default() }));
        Ok(())
    }
}

#[expect(clippy::expect_used, reason = "the name is a constant")]
fn total_key() -> Key {
    Key::new("Slab".parse().expect("the name is a tag"), Pool::Kernel, Counters::BytesOnly)
}

fn slab_bytes(figure: &[u8]) -> Option<u64> {
    number(figure.strip_suffix(b" kB")?.trim_ascii_start())?.checked_mul(1024)
}

/// Reads the figures of the kernel with its `/proc` below `root`.
pub(super) fn memory(root: &Path) -> Memory {
    let text = |name: &str| fs_err::read_to_string(root.join("proc").join(name)).unwrap_or_default();
    of_texts(&text("meminfo"), &text("vmstat"))
}

fn of_texts(meminfo: &str, vmstat: &str) -> Memory {
    let known = |name| kibibytes(meminfo, name);
    let paged = meminfo.contains("MemTotal:").then_some(0);
    Memory {
        physical: known("MemTotal:"),
        available: known("MemAvailable:"),
        page_faults: figure(vmstat, "pgfault").and_then(|count| count.parse().ok()),
        resident_kernel: None,
        resident_paged: paged,
        committed: known("Committed_AS:"),
        commit_limit: known("CommitLimit:"),
        commit_peak: None,
        nonpaged: known("Slab:"),
        paged,
    }
}

/// Parses `MemTotal:    16384 kB`; one `kB` is 1024 bytes (fs/proc/meminfo.c).
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    figure(text, name)?.strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Returns the text after `name` at the beginning of a line.
fn figure<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figures_are_bytes_and_missing_ones_are_unknown() {
        let meminfo = "MemTotal:        8000000 kB\nMemFree:          900 kB\nMemAvailable:    6000000 kB\nSlab:             120000 kB\n\
                       CommitLimit:     4000000 kB\nCommitted_AS:    1000000 kB\n";
        let memory = of_texts(meminfo, "pgpgin 5\npgfault 1234567\npgfaultx 8\n");
        assert_eq!(memory.physical, Some(8_000_000 * 1024));
        assert_eq!(memory.available, Some(6_000_000 * 1024));
        assert_eq!((memory.committed, memory.commit_limit), (Some(1_000_000 << 10), Some(4_000_000 << 10)));
        assert_eq!((memory.nonpaged, memory.paged), (Some(120_000 << 10), Some(0)));
        assert_eq!(memory.page_faults, Some(1_234_567));
        assert_eq!((memory.commit_peak, memory.resident_kernel), (None, None));
        assert_eq!(of_texts("", ""), Memory::default());
        assert_eq!(kibibytes("MemTotal: lots kB", "MemTotal:"), None);
    }
}
