//! A lock beside a file's contents.
//!
//! A lock of the whole file, which is what the standard library takes, keeps everybody else from reading it on Windows.
//! This one is on a single byte far behind the end, so that whoever finds the lock taken can read who has it.

#![allow(unsafe_code, reason = "the standard library locks whole files only")]

use std::fs::{File, TryLockError};
use std::os::windows::io::AsRawHandle;

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_LOCK_VIOLATION};
use windows_sys::Win32::Storage::FileSystem::{LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx};
use windows_sys::Win32::System::IO::OVERLAPPED;

use super::security::succeeded;

/// No file is ever so long.
const BYTE: u64 = 1 << 62;

/// Locks `file` until it is closed.
///
/// # Errors
/// When somebody else has locked it so, or the file system has no locks.
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    let mut place = OVERLAPPED::default();
    place.Anonymous.Anonymous.Offset = BYTE as u32;
    place.Anonymous.Anonymous.OffsetHigh = (BYTE >> 32) as u32;
    let how = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open; the place outlives the call, which does not wait.
    let locked = succeeded(unsafe { LockFileEx(file.as_raw_handle(), how, 0, 1, 0, &mut place) });
    locked.map_err(|error| match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_LOCK_VIOLATION | ERROR_IO_PENDING) => TryLockError::WouldBlock,
        _ => TryLockError::Error(error),
    })
}
