//! The user and the rights of this process.

#![allow(unsafe_code, reason = "tokens have no safe interface")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_NOT_ALL_ASSIGNED, GetLastError, LUID};
use windows_sys::Win32::Security::SE_SHUTDOWN_NAME;
use windows_sys::Win32::Security::{
    AdjustTokenPrivileges, CheckTokenMembership, CreateWellKnownSid, GetTokenInformation, LUID_AND_ATTRIBUTES,
    LookupAccountSidW, LookupPrivilegeValueW, PSID, SE_PRIVILEGE_ENABLED, SECURITY_MAX_SID_SIZE, SetTokenInformation,
    TOKEN_ACCESS_MASK, TOKEN_ADJUST_DEFAULT, TOKEN_ADJUST_PRIVILEGES, TOKEN_OWNER, TOKEN_PRIVILEGES, TOKEN_QUERY,
    TOKEN_USER, TokenOwner, TokenUser, WinBuiltinAdministratorsSid,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};
use windows_sys::core::PCWSTR;

use super::security::{succeeded, text};

/// Returns whether this process has administrator rights: its membership of Administrators is enabled. This is also
/// true for LocalSystem. Elevation alone is not enough: the token of a service account such as NetworkService is
/// elevated too. If the check fails, the result is false.
pub fn is_administrator() -> bool {
    let member = || {
        let mut administrators = administrators()?;
        let mut member = 0;
        // SAFETY: the SID is complete; a null token means that of this process.
        succeeded(unsafe { CheckTokenMembership(null_mut(), administrators.as_mut_ptr().cast(), &mut member) })?;
        Ok::<bool, io::Error>(member != 0)
    };
    member().unwrap_or(false)
}

/// Returns the SID of the group Administrators.
fn administrators() -> io::Result<Sid> {
    let mut sid = [0_u64; (SECURITY_MAX_SID_SIZE as usize).div_ceil(8)];
    let mut length = size_of_val(&sid) as u32;
    // SAFETY: the buffer has the given length, and this group needs no domain.
    succeeded(unsafe {
        CreateWellKnownSid(WinBuiltinAdministratorsSid, null_mut(), sid.as_mut_ptr().cast(), &mut length)
    })?;
    Ok(sid)
}

/// A buffer for any SID, with the alignment of one.
type Sid = [u64; (SECURITY_MAX_SID_SIZE as usize).div_ceil(8)];

/// Returns the SID of this process's user.
pub(super) fn user() -> io::Result<String> {
    // SAFETY: the SID comes from an open token, and lives through the call.
    of_user(|sid| unsafe { text(sid) })
}

/// Returns the account of this process, in the form of `whoami`: `NT AUTHORITY\NETWORK SERVICE`.
pub(super) fn account() -> io::Result<String> {
    of_user(|sid| {
        let (mut name, mut domain) = ([0_u16; 260], [0_u16; 260]);
        let (mut name_length, mut domain_length) = (name.len() as u32, domain.len() as u32);
        let mut kind = 0;
        // SAFETY: the SID lives through the call; both buffers have the given lengths.
        succeeded(unsafe {
            LookupAccountSidW(
                null(),
                sid,
                name.as_mut_ptr(),
                &mut name_length,
                domain.as_mut_ptr(),
                &mut domain_length,
                &mut kind,
            )
        })?;
        let part = |units: &[u16], length: u32| String::from_utf16_lossy(units.get(..length as usize).unwrap_or(units));
        Ok(format!(r"{}\{}", part(&domain, domain_length), part(&name, name_length)))
    })
}

/// Calls `with` with the SID of this process's user.
fn of_user<T>(with: impl FnOnce(PSID) -> io::Result<T>) -> io::Result<T> {
    let token = own_token(TOKEN_QUERY)?;
    // The SID follows the structure that points to it. The u64s give both their alignment.
    let mut answer = [0_u64; (size_of::<TOKEN_USER>() + SECURITY_MAX_SID_SIZE as usize).div_ceil(8)];
    let mut length = 0;
    // SAFETY: the token is open for queries, and the buffer has the given length; the call fills it with a TOKEN_USER
    // and the SID to which that points.
    unsafe {
        let size = size_of_val(&answer) as u32;
        succeeded(GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            answer.as_mut_ptr().cast(),
            size,
            &mut length,
        ))?;
        with((*answer.as_ptr().cast::<TOKEN_USER>()).User.Sid)
    }
}

/// Enables the privilege to shut the machine down. An administrator's token has it, but disabled.
pub(super) fn enable_shutdown() -> io::Result<()> {
    enable(SE_SHUTDOWN_NAME)
}

/// Enables a privilege, given by the system's constant for its name.
pub(super) fn enable(privilege: PCWSTR) -> io::Result<()> {
    let token = own_token(TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES)?;
    let mut luid = LUID::default();
    // SAFETY: the name is a constant that ends in zero; a null system name means this machine.
    succeeded(unsafe { LookupPrivilegeValueW(null(), privilege, &mut luid) })?;
    let privilege = LUID_AND_ATTRIBUTES { Luid: luid, Attributes: SE_PRIVILEGE_ENABLED };
    let wanted = TOKEN_PRIVILEGES { PrivilegeCount: 1, Privileges: [privilege] };
    // SAFETY: the token is open for this; the previous state is not requested.
    let result = unsafe { AdjustTokenPrivileges(token.as_raw_handle(), 0, &wanted, 0, null_mut(), null_mut()) };
    succeeded(result)?;
    // SAFETY: only reads this thread's last error. The call above succeeds even if it has changed nothing.
    match unsafe { GetLastError() } {
        ERROR_NOT_ALL_ASSIGNED => Err(io::Error::from_raw_os_error(ERROR_NOT_ALL_ASSIGNED as i32)),
        _ => Ok(()),
    }
}

/// Makes Administrators the owner of all objects that this process creates from now on, as is the default for elevated
/// processes. If the machine is configured to make the user the owner, the service could not trust these files after
/// the boot.
pub(super) fn own_as_administrators() -> io::Result<()> {
    let token = own_token(TOKEN_QUERY | TOKEN_ADJUST_DEFAULT)?;
    let mut sid = administrators()?;
    let owner = TOKEN_OWNER { Owner: sid.as_mut_ptr().cast() };
    // SAFETY: the token is open for this; the structure and the SID it points to outlive the call, which copies them.
    succeeded(unsafe {
        let size = size_of::<TOKEN_OWNER>() as u32;
        SetTokenInformation(token.as_raw_handle(), TokenOwner, (&raw const owner).cast(), size)
    })
}

fn own_token(access: TOKEN_ACCESS_MASK) -> io::Result<OwnedHandle> {
    let mut token = null_mut();
    // SAFETY: `token` receives the handle, and this function's caller owns it.
    unsafe {
        succeeded(OpenProcessToken(GetCurrentProcess(), access, &mut token))?;
        Ok(OwnedHandle::from_raw_handle(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_an_account_with_a_domain() {
        let account = account().unwrap();
        let (domain, name) = account.split_once('\\').unwrap();
        assert!(!domain.is_empty() && !name.is_empty(), "{account}");
        assert!(user().unwrap().starts_with("S-1-"));
    }

    /// Compares with the decision of the service manager.
    #[test]
    fn administrators_are_those_who_may_make_services() {
        use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

        let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
        assert_eq!(is_administrator(), ServiceManager::local_computer(None::<&str>, access).is_ok());
    }
}
