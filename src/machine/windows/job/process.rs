//! Processes by id: the program of a job's member, and its resumption.

#![allow(unsafe_code, reason = "processes are asked and let go by calls without a safe interface")]

use std::ffi::OsString;
use std::io;
use std::mem::size_of;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::PathBuf;

use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE, WAIT_OBJECT_0};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::Threading::{
    OpenProcess, OpenThread, PROCESS_NAME_WIN32, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
    QueryFullProcessImageNameW, ResumeThread, THREAD_SUSPEND_RESUME, WaitForSingleObject,
};
/// Returns the program of a running process; empty if Windows does not return it, `None` if the process has ended.
pub(super) fn program(process: u32) -> Option<PathBuf> {
    let opened = match open(process, PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Some(PathBuf::new()),
        Err(_) => return None,
    };
    // SAFETY: the handle is open, with the right to wait; 0 returns at once.
    if unsafe { WaitForSingleObject(opened.as_raw_handle(), 0) } == WAIT_OBJECT_0 {
        return None;
    }
    let mut path = [0_u16; 1024];
    let mut length = path.len() as u32;
    // SAFETY: the buffer has the given length; the call sets `length` to the number of units written.
    let told = unsafe {
        QueryFullProcessImageNameW(opened.as_raw_handle(), PROCESS_NAME_WIN32, path.as_mut_ptr(), &raw mut length)
    };
    let length = if told == 0 { 0 } else { length as usize };
    Some(PathBuf::from(from_wide(&path[..length])))
}

/// Resumes a process that was started suspended. Its threads are found by their owner, because std does not return the
/// handle of the first thread.
pub(super) fn resume(process: u32) -> io::Result<()> {
    // SAFETY: takes no pointers. On failure it returns INVALID_HANDLE_VALUE, not null.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    if snapshot == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    let snapshot = owned(snapshot)?;
    let mut entry = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..THREADENTRY32::default() };
    let mut resumed = false;
    // SAFETY: the entry contains its own size; the snapshot is open.
    let mut more = unsafe { Thread32First(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if entry.th32OwnerProcessID == process {
            // SAFETY: takes no pointers.
            let thread = owned(unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, entry.th32ThreadID) })?;
            // SAFETY: the handle is open, with the right to resume.
            if unsafe { ResumeThread(thread.as_raw_handle()) } == u32::MAX {
                return Err(io::Error::last_os_error());
            }
            resumed = true;
        }
        // SAFETY: as for `Thread32First`.
        more = unsafe { Thread32Next(snapshot.as_raw_handle(), &raw mut entry) };
    }
    if resumed { Ok(()) } else { Err(io::Error::other("the started process has no thread")) }
}

pub(super) fn open(process: u32, rights: u32) -> io::Result<OwnedHandle> {
    // SAFETY: takes no pointers.
    owned(unsafe { OpenProcess(rights, 0, process) })
}

/// Takes ownership of a handle that a call has just returned; null becomes the last error.
pub(super) fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: every call in this file returns a new handle, and no other code closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

pub(super) fn succeeded(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

pub(super) fn from_wide(text: &[u16]) -> OsString {
    OsStringExt::from_wide(text)
}
