//! The public names of the queries to the kernel and of its results: information classes and status codes.
//!
//! Classes and layouts are those of System Informer's phnt (ntexapi.h) and of Microsoft's public symbols; Microsoft Learn
//! describes the call itself ("NtQuerySystemInformation function").

use std::fmt;

/// One of the kernel's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// SystemPoolTagInformation2 of Windows 26H1 and later: all figures are as wide as a pointer.
    PoolTag2,
    /// SystemPoolTagInformation: counts allocs and frees in 32 bits, which wrap.
    PoolTag,
    /// SystemSessionPoolTagInformation: the pools of single sessions.
    SessionPoolTag,
    /// SystemVerifierInformation: the drivers that Driver Verifier verifies.
    Verifier,
    /// SystemModuleInformation: the drivers that are loaded.
    Modules,
}

impl Class {
    /// Returns its number.
    pub fn number(self) -> u32 {
        match self {
            Class::PoolTag2 => 255,
            Class::PoolTag => 22,
            Class::SessionPoolTag => 67,
            Class::Verifier => 51,
            Class::Modules => 11,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Class::PoolTag2 | Class::PoolTag => "pool tags",
            Class::SessionPoolTag => "session pools",
            Class::Verifier => "the verified drivers",
            Class::Modules => "the loaded drivers",
        })
    }
}

/// The result of a call (ntstatus.h). Shown as in PoolMon and the debuggers: `c0000002`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NtStatus(pub u32);

impl NtStatus {
    /// STATUS_SUCCESS.
    pub const SUCCESS: NtStatus = NtStatus(0);
    /// STATUS_NOT_IMPLEMENTED: pool tagging is off.
    pub const NOT_IMPLEMENTED: NtStatus = NtStatus(0xc000_0002);
    /// STATUS_INVALID_INFO_CLASS: this kernel does not have the table.
    pub const INVALID_INFO_CLASS: NtStatus = NtStatus(0xc000_0003);
    /// STATUS_INFO_LENGTH_MISMATCH: the buffer is too small.
    pub const INFO_LENGTH_MISMATCH: NtStatus = NtStatus(0xc000_0004);
    /// STATUS_ACCESS_DENIED.
    pub const ACCESS_DENIED: NtStatus = NtStatus(0xc000_0022);
    /// STATUS_PRIVILEGE_NOT_HELD.
    pub const PRIVILEGE_NOT_HELD: NtStatus = NtStatus(0xc000_0061);
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}
