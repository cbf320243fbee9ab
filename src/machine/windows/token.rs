//! Who this process is: its user, and whether it has an administrator's rights.

#![allow(unsafe_code, reason = "tokens have no safe interface")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_NOT_ALL_ASSIGNED, GetLastError, LUID};
use windows_sys::Win32::Security::SE_SHUTDOWN_NAME;
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, CreateWellKnownSid, GetTokenInformation, LUID_AND_ATTRIBUTES, LookupPrivilegeValueW,
    SE_PRIVILEGE_ENABLED, SECURITY_MAX_SID_SIZE, SetTokenInformation, TOKEN_ACCESS_MASK, TOKEN_ADJUST_DEFAULT,
    TOKEN_ADJUST_PRIVILEGES, TOKEN_ELEVATION, TOKEN_OWNER, TOKEN_PRIVILEGES, TOKEN_QUERY, TOKEN_USER, TokenElevation,
    TokenOwner, TokenUser, WinBuiltinAdministratorsSid,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::core::PCWSTR;

use super::security::{succeeded, text};

/// Whether this process has an administrator's rights, or is the system itself. When Windows does not tell it has not.
pub fn is_elevated() -> bool {
    elevation().is_ok_and(|elevation| elevation.TokenIsElevated != 0)
}

fn elevation() -> io::Result<TOKEN_ELEVATION> {
    let token = own_token(TOKEN_QUERY)?;
    let mut elevation = TOKEN_ELEVATION::default();
    let mut length = 0;
    // SAFETY: the token is open for queries; the answer of this class is one TOKEN_ELEVATION, which is this long.
    succeeded(unsafe {
        let size = size_of::<TOKEN_ELEVATION>() as u32;
        GetTokenInformation(token.as_raw_handle(), TokenElevation, (&raw mut elevation).cast(), size, &mut length)
    })?;
    Ok(elevation)
}

/// The SID of the user this process runs as.
pub(super) fn user() -> io::Result<String> {
    let token = own_token(TOKEN_QUERY)?;
    // The structure is followed by the SID it points to. As u64, which is aligned for both.
    let mut answer = [0_u64; (size_of::<TOKEN_USER>() + SECURITY_MAX_SID_SIZE as usize).div_ceil(8)];
    let mut length = 0;
    // SAFETY: the token is open for queries, and the buffer as long as is said; what is in it afterwards is a TOKEN_USER
    // whose SID lies in the same buffer.
    unsafe {
        let size = size_of_val(&answer) as u32;
        succeeded(GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            answer.as_mut_ptr().cast(),
            size,
            &mut length,
        ))?;
        text((*answer.as_ptr().cast::<TOKEN_USER>()).User.Sid)
    }
}

/// Gives this process the right to shut the machine down, which an administrator's token has, but not switched on.
pub(super) fn enable_shutdown() -> io::Result<()> {
    enable(SE_SHUTDOWN_NAME)
}

/// Switches on a privilege, given by the system's constant for its name.
pub(super) fn enable(privilege: PCWSTR) -> io::Result<()> {
    let token = own_token(TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES)?;
    let mut luid = LUID::default();
    // SAFETY: the name is a constant that ends in zero; no system name means this one.
    succeeded(unsafe { LookupPrivilegeValueW(null(), privilege, &mut luid) })?;
    let privilege = LUID_AND_ATTRIBUTES { Luid: luid, Attributes: SE_PRIVILEGE_ENABLED };
    let wanted = TOKEN_PRIVILEGES { PrivilegeCount: 1, Privileges: [privilege] };
    // SAFETY: the token is open for this; the old state is not asked for.
    let result = unsafe { AdjustTokenPrivileges(token.as_raw_handle(), 0, &wanted, 0, null_mut(), null_mut()) };
    succeeded(result)?;
    // SAFETY: reads this thread's last error, no more. The call succeeds even when it has changed nothing.
    match unsafe { GetLastError() } {
        ERROR_NOT_ALL_ASSIGNED => Err(io::Error::from_raw_os_error(ERROR_NOT_ALL_ASSIGNED as i32)),
        _ => Ok(()),
    }
}

/// Lets what this process makes from now on belong to the Administrators, as is Windows' default for elevated processes;
/// where it was configured to belong to the person, the service could not trust it after the boot.
pub(super) fn own_as_administrators() -> io::Result<()> {
    let token = own_token(TOKEN_QUERY | TOKEN_ADJUST_DEFAULT)?;
    let mut sid = [0_u64; (SECURITY_MAX_SID_SIZE as usize).div_ceil(8)];
    let mut length = size_of_val(&sid) as u32;
    // SAFETY: the buffer is as long as is said, and this group needs no domain.
    succeeded(unsafe {
        CreateWellKnownSid(WinBuiltinAdministratorsSid, null_mut(), sid.as_mut_ptr().cast(), &mut length)
    })?;
    let owner = TOKEN_OWNER { Owner: sid.as_mut_ptr().cast() };
    // SAFETY: the token is open for this; the structure and the SID it points to outlive the call, which copies them.
    succeeded(unsafe {
        let size = size_of::<TOKEN_OWNER>() as u32;
        SetTokenInformation(token.as_raw_handle(), TokenOwner, (&raw const owner).cast(), size)
    })
}

fn own_token(access: TOKEN_ACCESS_MASK) -> io::Result<OwnedHandle> {
    let mut token = null_mut();
    // SAFETY: `token` is where the handle goes, which is ours to close.
    unsafe {
        succeeded(OpenProcessToken(GetCurrentProcess(), access, &mut token))?;
        Ok(OwnedHandle::from_raw_handle(token))
    }
}
