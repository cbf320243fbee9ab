//! Flushes registry keys to disk.

#![allow(unsafe_code, reason = "RegFlushKey, which no safe crate has")]

use std::io;

use windows_registry::Key;
use windows_sys::Win32::System::Registry::RegFlushKey;

/// Writes all changes of the key's hive to disk, so that they survive a power cut.
pub(super) fn flush(key: &Key) -> io::Result<()> {
    // SAFETY: the handle belongs to `key`, which is open until after the call.
    match unsafe { RegFlushKey(key.as_raw()) } {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code.cast_signed())),
    }
}
