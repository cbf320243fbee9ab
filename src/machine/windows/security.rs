//! Converts security descriptors: from text when a folder is created, and to [`Access`] when one is read.
//!
//! Descriptors are read through a handle to the file or link itself, so that a check is about one object even if the
//! path leads elsewhere a moment later.

#![allow(unsafe_code, reason = "security descriptors have no safe interface")]

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::ptr::{null_mut, read_unaligned};

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, OWNER_SECURITY_INFORMATION,
    PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateDirectoryW, FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    FILE_LIST_DIRECTORY, FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, READ_CONTROL,
};

use super::access::{Access, AccessEntry};
use crate::long_path::for_calls;

/// Creates a folder that has the owner and access list of `sddl` from the start (Microsoft Learn, "Security Descriptor
/// String Format").
pub(super) fn create_folder(path: &Path, sddl: &str) -> io::Result<()> {
    let descriptor = descriptor(sddl)?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    // SAFETY: the path ends in zero; the attributes and the descriptor in them outlive the call.
    succeeded(unsafe { CreateDirectoryW(wide_path(path).as_ptr(), &attributes) })
}

fn descriptor(sddl: &str) -> io::Result<Local> {
    let sddl = wide(sddl);
    let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
    // SAFETY: `sddl` ends in zero; `descriptor` receives the new descriptor; its size is not requested.
    let converted = unsafe {
        let version = SDDL_REVISION_1;
        ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl.as_ptr(), version, &mut descriptor, null_mut())
    };
    succeeded(converted)?;
    Ok(Local(descriptor))
}

/// Opens the file, folder or link at `path` itself, with `rights` in addition to those for checking it. `share` is the
/// access that other programs have meanwhile.
pub(super) fn open_itself(path: &Path, rights: u32, share: u32) -> io::Result<File> {
    OpenOptions::new()
        .access_mode(READ_CONTROL | FILE_READ_ATTRIBUTES | rights)
        .share_mode(share)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT)
        .open(path)
}

/// Opens a folder. Until it is closed, neither it nor a folder above it can be renamed or deleted. This needs a handle
/// with the right to list the contents (Microsoft Learn, "CreateFile", dwShareMode).
pub(super) fn hold_folder(path: &Path) -> io::Result<File> {
    open_itself(path, FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE)
}

/// The share mode for a file that is opened only for checking: it restricts no other program.
pub(super) const ANYTHING: u32 = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

/// Returns the owner and the access list of an open file, folder or link.
pub(super) fn access_of(file: &File) -> io::Result<Access> {
    let link = is_link(file)?;
    let mut owner: PSID = null_mut();
    let mut list: *mut ACL = null_mut();
    let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
    // SAFETY: the handle is open for READ_CONTROL; the pointers receive the results, and are null for unrequested ones.
    let code = unsafe {
        GetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &mut owner,
            null_mut(),
            &mut list,
            null_mut(),
            &mut descriptor,
        )
    };
    if code != 0 {
        return Err(io::Error::from_raw_os_error(code as i32));
    }
    let _descriptor = Local(descriptor);
    // SAFETY: `owner` and `list` point into the descriptor, which is freed at the end of this function.
    unsafe { Ok(Access { link, owner: text(owner)?, entries: entries(list)? }) }
}

/// Returns whether it is a link, a junction or another reparse point.
pub(super) fn is_link(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT != 0)
}

/// Returns the entries of a list; `None` if `list` is null.
///
/// # Safety
/// `list` must be null or a valid access list.
unsafe fn entries(list: *const ACL) -> io::Result<Option<Vec<AccessEntry>>> {
    if list.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller guarantees a valid list, and it begins with this header.
    let count = unsafe { (*list).AceCount };
    let mut entries = Vec::with_capacity(count.into());
    for index in 0..u32::from(count) {
        let mut entry: *mut c_void = null_mut();
        // SAFETY: the list is valid and `index` below its count.
        succeeded(unsafe { GetAce(list, index, &mut entry) })?;
        // SAFETY: every entry begins with this header.
        let kind = unsafe { read_unaligned(entry.cast::<ACE_HEADER>()) }.AceType;
        entries.push(match kind {
            ALLOWED | ALLOWED_IF => {
                // SAFETY: entries of these types have the rights and the SID at the same offsets as ACCESS_ALLOWED_ACE.
                let (rights, sid) = unsafe {
                    let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
                    (read_unaligned(&raw const (*entry).Mask), text((&raw mut (*entry).SidStart).cast())?)
                };
                AccessEntry::Allow(sid, rights)
            }
            DENIED | DENIED_IF => AccessEntry::Deny,
            other => AccessEntry::Strange(other),
        });
    }
    Ok(Some(entries))
}

/// Types of entries (Microsoft Learn, "ACE_HEADER"). The two conditional types store the condition after the SID.
const ALLOWED: u8 = 0;
const DENIED: u8 = 1;
const ALLOWED_IF: u8 = 9;
const DENIED_IF: u8 = 10;

/// Returns a SID as text: `S-1-5-18`.
///
/// # Safety
/// `sid` must be null or a valid SID.
pub(super) unsafe fn text(sid: PSID) -> io::Result<String> {
    let mut text: *mut u16 = null_mut();
    // SAFETY: the caller guarantees a valid SID; the call refuses a null one.
    succeeded(unsafe { ConvertSidToStringSidW(sid, &mut text) })?;
    let text = Local(text.cast());
    let start: *const u16 = text.0.cast_const().cast();
    // SAFETY: the text made by the call ends in zero.
    let length = (0..).take_while(|&at| unsafe { *start.add(at) } != 0).count();
    // SAFETY: there are `length` units before that zero.
    Ok(String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(start, length) }))
}

/// Memory allocated by Windows that LocalFree frees.
struct Local(*mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: the pointer comes from a call that documents LocalFree, and is freed only here.
        unsafe { LocalFree(self.0) };
    }
}

/// Returns `text` in UTF-16, ending in zero.
pub(super) fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// Returns the path in UTF-16, ending in zero, in a form without the length limit.
pub(super) fn wide_path(path: &Path) -> Vec<u16> {
    for_calls(path).as_os_str().encode_wide().chain([0]).collect()
}

/// Converts the BOOL of a call to a result.
pub(super) fn succeeded(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Sets the access list of the file or folder at `path` to that of `sddl`.
#[cfg(test)]
pub(super) fn set_access(path: &Path, sddl: &str) -> io::Result<()> {
    use windows_sys::Win32::Security::SetFileSecurityW;
    let descriptor = descriptor(sddl)?;
    // SAFETY: the path ends in zero; the descriptor outlives the call.
    succeeded(unsafe { SetFileSecurityW(wide_path(path).as_ptr(), DACL_SECURITY_INFORMATION, descriptor.0) })
}
