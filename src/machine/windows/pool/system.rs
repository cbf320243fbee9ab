//! Queries this Windows through its own system calls.
#![allow(unsafe_code, reason = "the system's calls take pointers")]

use std::ffi::c_void;

use windows_sys::Wdk::System::SystemInformation::NtQuerySystemInformation;
use windows_sys::Win32::Security::{SE_DEBUG_NAME, SE_PROF_SINGLE_PROCESS_NAME};
use windows_sys::Win32::System::ProcessStatus::{K32GetPerformanceInfo, PERFORMANCE_INFORMATION};

use super::class::{Class, NtStatus};
use super::layout::Bits;
use super::totals::PoolTotals;
use super::{ProcessKind, System, memory};
use crate::machine::Memory;
use crate::machine::windows::token;

/// The Windows that poolgate runs on.
#[derive(Debug)]
pub struct ThisSystem;

impl System for ThisSystem {
    fn query(&mut self, class: Class, buffer: &mut [u8]) -> (NtStatus, usize) {
        let mut returned = 0;
        let size = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        // SAFETY: the kernel writes at most `size` bytes to `buffer`, which is exclusively borrowed and at least that
        // long, and one u32 to `returned`.
        let status = unsafe {
            NtQuerySystemInformation(
                class.number() as i32,
                buffer.as_mut_ptr().cast::<c_void>(),
                size,
                &raw mut returned,
            )
        };
        (NtStatus(status as u32), returned as usize)
    }

    fn totals(&mut self) -> Option<PoolTotals> {
        let size = size_of::<PERFORMANCE_INFORMATION>() as u32;
        let mut said = PERFORMANCE_INFORMATION { cb: size, ..Default::default() };
        // SAFETY: `said` is an exclusively owned PERFORMANCE_INFORMATION, and `size` is its size.
        let done = unsafe { K32GetPerformanceInfo(&raw mut said, size) };
        let PERFORMANCE_INFORMATION { KernelPaged: paged, KernelNonpaged: nonpaged, PageSize: page, .. } = said;
        (done != 0 && page != 0).then_some(PoolTotals {
            paged: paged as u64,
            nonpaged: nonpaged as u64,
            page: page as u64,
        })
    }

    fn memory(&mut self) -> Memory {
        memory::memory()
    }

    fn enable_privileges(&mut self) {
        // If the account lacks a privilege, the next query returns the kernel's error.
        let _ = token::enable(SE_DEBUG_NAME);
        let _ = token::enable(SE_PROF_SINGLE_PROCESS_NAME);
    }

    fn process(&self) -> ProcessKind {
        if is_container() {
            return ProcessKind::Container;
        }
        #[cfg(target_pointer_width = "64")]
        return ProcessKind::Native(Bits::Bits64);
        #[cfg(target_pointer_width = "32")]
        return if is_wow64() { ProcessKind::Wow64 } else { ProcessKind::Native(Bits::Bits32) };
    }
}

/// Returns whether this is a container. Only containers have this value; the .NET SDK relies on it too
/// (`DockerContainerDetectorForTelemetry`). Since Windows Server 1709, Nano Server exists only as a container.
fn is_container() -> bool {
    let control = windows_registry::LOCAL_MACHINE.open(r"SYSTEM\CurrentControlSet\Control");
    control.is_ok_and(|control| control.get_value("ContainerType").is_ok())
}

/// Returns whether this 32-bit program runs on a 64-bit Windows. If the call fails, the result is true, because the
/// figures could be wrong.
#[cfg(target_pointer_width = "32")]
fn is_wow64() -> bool {
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, IsWow64Process};

    let mut wow64 = 0;
    // SAFETY: the pseudo handle of the current process is always valid, and `wow64` is an owned BOOL.
    let done = unsafe { IsWow64Process(GetCurrentProcess(), &raw mut wow64) };
    done == 0 || wow64 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::windows::pool::{PoolTable, PoolTagsError};
    use crate::machine::{MachineError, PoolSource};
    use crate::pool::Pool;

    #[test]
    fn this_system_lists_its_tags_or_reports_that_it_has_none() {
        let mut table = PoolTable::new(ThisSystem);
        match table.sample() {
            Ok(snapshot) => {
                // A real table has about 2,700 tags.
                let tags = snapshot.present().filter(|(key, _)| key.pool.has_pool_tags()).count();
                assert!(tags > 500, "{tags} rows");
                let bytes = |pool| -> u64 {
                    let rows = snapshot.present().filter(|(key, _)| key.pool == pool && key.session.is_none());
                    rows.map(|(_, usage)| usage.bytes).sum()
                };
                assert!(bytes(Pool::Paged) > 1 << 20 && bytes(Pool::Nonpaged) > 1 << 20);
            }
            Err(MachineError::PoolTags(error)) => {
                assert_eq!(error, PoolTagsError::NotReported);
                assert_eq!(error.to_string(), "this system does not report pool tags (c0000003)");
                // The sessions and the totals are useless without it.
                assert_eq!(table.class(), None);
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn this_system_reports_its_pool_totals() {
        let totals = ThisSystem.totals().unwrap();
        assert!(totals.page >= 4096 && totals.page.is_power_of_two(), "{totals:?}");
    }
}
