//! A privilege of this process' account, switched on (Microsoft Learn, "Enabling and Disabling Privileges in C++").
#![allow(unsafe_code, reason = "the system's calls take pointers")]

use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, LUID};
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW, SE_PRIVILEGE_ENABLED, TOKEN_ADJUST_PRIVILEGES,
    TOKEN_PRIVILEGES,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::core::PCWSTR;

/// Enables the privilege of a name (one of the system's constants) where the account has it; else nothing happens.
pub(super) fn enable(name: PCWSTR) {
    let mut luid = LUID::default();
    // SAFETY: `name` is one of the system's constants, ended by a zero, and `luid` is ours.
    if unsafe { LookupPrivilegeValueW(null(), name, &raw mut luid) } == 0 {
        return;
    }
    let mut token: HANDLE = null_mut();
    // SAFETY: the current process' pseudo handle is always good, and `token` is ours.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &raw mut token) } == 0 {
        return;
    }
    let wanted = TOKEN_PRIVILEGES {
        PrivilegeCount: 1,
        Privileges: [LUID_AND_ATTRIBUTES { Luid: luid, Attributes: SE_PRIVILEGE_ENABLED }],
    };
    // SAFETY: `token` was opened for this just now, `wanted` holds the one privilege it says, and no old state is asked
    // for.
    unsafe { AdjustTokenPrivileges(token, 0, &raw const wanted, 0, null_mut(), null_mut()) };
    // SAFETY: `token` is open, and not used again.
    unsafe { CloseHandle(token) };
}
