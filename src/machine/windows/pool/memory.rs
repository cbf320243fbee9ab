//! The memory of the whole Windows machine (Microsoft Learn, "GetPerformanceInfo function").
//!
//! Page faults and the resident memory of the kernel are only in class 2 of NtQuerySystemInformation
//! (SYSTEM_PERFORMANCE_INFORMATION; winternl.h names none of its fields, System Informer's phnt does). poolgate uses
//! these fields only if the commit limit among them equals the documented one, which shows that the layout is right;
//! otherwise they stay unknown.
#![allow(unsafe_code, reason = "the system's calls take pointers")]

use std::ffi::c_void;

use windows_sys::Wdk::System::SystemInformation::{NtQuerySystemInformation, SystemPerformanceInformation};
use windows_sys::Win32::System::ProcessStatus::{K32GetPerformanceInfo, PERFORMANCE_INFORMATION};

use crate::machine::Memory;

/// More than any Windows writes.
const LONGS: usize = 256;

/// Offsets in SYSTEM_PERFORMANCE_INFORMATION, in u32s; the same on every architecture.
mod place {
    pub(super) const COMMIT_LIMIT: usize = 13;
    pub(super) const PAGE_FAULTS: usize = 15;
    pub(super) const RESIDENT_CODE: usize = 35;
    pub(super) const RESIDENT_PAGED_POOL: usize = 42;
    pub(super) const RESIDENT_DRIVERS: usize = 43;
}

/// Returns this machine's memory; all fields are unknown if the call fails.
pub(super) fn memory() -> Memory {
    let size = size_of::<PERFORMANCE_INFORMATION>() as u32;
    let mut said = PERFORMANCE_INFORMATION { cb: size, ..Default::default() };
    // SAFETY: `said` is an exclusively owned PERFORMANCE_INFORMATION, and `size` is its size.
    let done = unsafe { K32GetPerformanceInfo(&raw mut said, size) };
    if done == 0 || said.PageSize == 0 {
        return Memory::default();
    }
    let page = said.PageSize as u64;
    let bytes = |pages: usize| Some((pages as u64).saturating_mul(page));
    let known = Memory {
        physical: bytes(said.PhysicalTotal),
        available: bytes(said.PhysicalAvailable),
        committed: bytes(said.CommitTotal),
        commit_limit: bytes(said.CommitLimit),
        commit_peak: bytes(said.CommitPeak),
        nonpaged: bytes(said.KernelNonpaged),
        paged: bytes(said.KernelPaged),
        ..Memory::default()
    };
    match performance() {
        Some(longs) if longs[place::COMMIT_LIMIT] as usize == said.CommitLimit => Memory {
            page_faults: Some(longs[place::PAGE_FAULTS].into()),
            resident_kernel: bytes(longs[place::RESIDENT_CODE] as usize + longs[place::RESIDENT_DRIVERS] as usize),
            resident_paged: bytes(longs[place::RESIDENT_PAGED_POOL] as usize),
            ..known
        },
        Some(_) | None => known,
    }
}

/// Returns class 2 unparsed.
fn performance() -> Option<[u32; LONGS]> {
    let mut longs = [0_u32; LONGS];
    let mut returned = 0;
    // SAFETY: the kernel writes at most the given size to `longs`, which is exclusively owned and of that size, and one
    // u32 to `returned`.
    let status = unsafe {
        NtQuerySystemInformation(
            SystemPerformanceInformation,
            longs.as_mut_ptr().cast::<c_void>(),
            size_of_val(&longs) as u32,
            &raw mut returned,
        )
    };
    (status >= 0 && returned as usize > place::RESIDENT_DRIVERS * size_of::<u32>()).then_some(longs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_system_reports_its_memory() {
        let memory = memory();
        assert!(memory.physical > Some(1 << 28) && memory.available < memory.physical, "{memory:?}");
        assert!(memory.commit_limit >= memory.committed, "{memory:?}");
    }
}
