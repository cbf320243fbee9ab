//! What the kernel is asked for and how it answers: information classes and status codes, by their public names.
//!
//! Classes and layouts are those of System Informer's phnt (ntexapi.h) and of Microsoft's public symbols; Microsoft Learn
//! describes the call itself ("NtQuerySystemInformation function").

use std::fmt;

/// One of the kernel's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// SystemPoolTagInformation2 of Windows 26H1 and later: every figure as wide as a pointer.
    PoolTag2,
    /// SystemPoolTagInformation: allocs and frees in 32 bits, which wrap.
    PoolTag,
    /// SystemSessionPoolTagInformation: the pools which sessions have to themselves.
    SessionPoolTag,
    /// SystemVerifierInformation: the drivers that Driver Verifier verifies.
    Verifier,
    /// SystemModuleInformation: the drivers that are loaded.
    Modules,
}

impl Class {
    /// Its number.
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

/// How the kernel ended a call (ntstatus.h). Shown as PoolMon and the debuggers do: `c0000002`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NtStatus(pub u32);

impl NtStatus {
    /// STATUS_SUCCESS.
    pub const SUCCESS: NtStatus = NtStatus(0);
    /// STATUS_NOT_IMPLEMENTED: pool tagging is off.
    pub const NOT_IMPLEMENTED: NtStatus = NtStatus(0xc000_0002);
    /// STATUS_INVALID_INFO_CLASS: there is no such table here.
    pub const INVALID_INFO_CLASS: NtStatus = NtStatus(0xc000_0003);
    /// STATUS_INFO_LENGTH_MISMATCH: the table did not fit.
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
