//! A lock on one byte beyond a file's contents.
//!
//! The standard library locks the whole file, and on Windows other processes then cannot read it. This lock covers a
//! single byte far beyond the end, so that a process that finds the file locked can still read the owner's name from
//! it.

#![allow(unsafe_code, reason = "the standard library locks whole files only")]

use std::fs::{File, TryLockError};
use std::io::{self, Seek, Write};
use std::os::windows::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows_sys::Win32::Foundation::{ERROR_IO_PENDING, ERROR_LOCK_VIOLATION};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_OPEN_REPARSE_POINT, LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY,
    LockFileEx, UnlockFileEx,
};
use windows_sys::Win32::System::IO::OVERLAPPED;
use windows_sys::Win32::System::LibraryLoader::{GetModuleHandleA, GetProcAddress};

use super::security::succeeded;
use super::trust::{make_or_check, shared_lock_file, state_folder};

/// The locked byte's position, beyond the end of any real file.
const BYTE: u64 = 1 << 62;

/// Opens or creates the lock file at `path`, and the state folder if the file belongs there. The file is not truncated,
/// because it holds the present owner's name. A link is refused, because poolgate would overwrite its target. A file of
/// another user may be readable only, and read access is enough to lock it.
///
/// # Errors
/// If the file cannot be created, is a link, or lies in a state folder that other users can write to.
pub fn open_lock(path: &Path) -> io::Result<File> {
    let states = state_folder(Path::new(""));
    if path.parent() == Some(states.as_path()) {
        make_or_check(&states).map_err(io::Error::other)?;
    }
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    let opened = options.open(path).or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => open_to_look(path),
        _ => Err(error),
    });
    not_a_link(opened?)
}

/// Opens the lock file at `path` for reading.
///
/// # Errors
/// If the file does not exist or cannot be read.
pub fn open_to_look(path: &Path) -> io::Result<File> {
    not_a_link(File::options().read(true).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(path)?)
}

fn not_a_link(file: File) -> io::Result<File> {
    if file.metadata()?.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        return Err(io::Error::other("it is a link"));
    }
    Ok(file)
}

/// Writes `owner` to the shared lock file and locks it, so that unprivileged runs see the administrator's run that has
/// the lock at `path`. This is a hint only: any user can lock that file.
pub fn sign(path: &Path, owner: &str) -> Option<File> {
    let shared = shared_lock_file();
    if path.parent() != Some(state_folder(Path::new("")).as_path()) || path == shared {
        return None;
    }
    let mut file = open_lock(&shared).ok()?;
    try_lock(&file).ok()?;
    let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(owner.as_bytes()));
    Some(file)
}

/// Returns whether another handle has locked `file`: then its byte cannot be read. On Windows this takes no lock and so
/// cannot block another process.
///
/// # Errors
/// If the file cannot be read.
pub fn is_locked(file: &File) -> io::Result<bool> {
    match file.seek_read(&mut [0], BYTE) {
        Err(error) if error.raw_os_error().map(i32::cast_unsigned) == Some(ERROR_LOCK_VIOLATION) => Ok(true),
        Err(error) => Err(error),
        // Wine lets every process read a locked byte, so the only test is to take the lock.
        Ok(_) if under_wine() => match lock(file, LOCKFILE_FAIL_IMMEDIATELY) {
            Ok(()) => unlock(file).map(|()| false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        },
        Ok(_) => Ok(false),
    }
}

/// Returns whether this is Wine, which exports a function that Windows does not have.
fn under_wine() -> bool {
    // SAFETY: both names end in zero; ntdll.dll is loaded in every process, and never unloaded.
    unsafe {
        let ntdll = GetModuleHandleA(c"ntdll.dll".as_ptr().cast());
        !ntdll.is_null() && GetProcAddress(ntdll, c"wine_get_version".as_ptr().cast()).is_some()
    }
}

/// Locks `file` until it is closed.
///
/// # Errors
/// If the file is already locked in this way, or the file system has no locks.
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    lock(file, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY)
}

fn lock(file: &File, how: u32) -> Result<(), TryLockError> {
    let mut place = place();
    // SAFETY: the handle is open; the place outlives the call, which does not wait.
    let locked = succeeded(unsafe { LockFileEx(file.as_raw_handle(), how, 0, 1, 0, &mut place) });
    locked.map_err(|error| match error.raw_os_error().map(i32::cast_unsigned) {
        Some(ERROR_LOCK_VIOLATION | ERROR_IO_PENDING) => TryLockError::WouldBlock,
        _ => TryLockError::Error(error),
    })
}

fn unlock(file: &File) -> io::Result<()> {
    let mut place = place();
    // SAFETY: the handle is open; the place outlives the call.
    succeeded(unsafe { UnlockFileEx(file.as_raw_handle(), 0, 1, 0, &mut place) })
}

fn place() -> OVERLAPPED {
    let mut place = OVERLAPPED::default();
    place.Anonymous.Anonymous.Offset = BYTE as u32;
    place.Anonymous.Anonymous.OffsetHigh = (BYTE >> 32) as u32;
    place
}
