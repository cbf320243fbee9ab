//! The calls that restart Windows.

#![allow(unsafe_code, reason = "shutting down has no safe interface")]

use std::ptr::null;

use windows_sys::Win32::System::Shutdown::{
    EWX_FORCE, EWX_REBOOT, ExitWindowsEx, InitiateShutdownW, InitiateSystemShutdownExW, SHTDN_REASON_FLAG_PLANNED,
    SHTDN_REASON_MAJOR_APPLICATION, SHTDN_REASON_MINOR_MAINTENANCE, SHUTDOWN_FORCE_OTHERS, SHUTDOWN_FORCE_SELF,
    SHUTDOWN_RESTART,
};

use super::restart::{ErrorCode, Ways};
use super::security::{succeeded, wide};

/// The reason for the restart, as recorded in the event log.
const REASON: u32 = SHTDN_REASON_MAJOR_APPLICATION | SHTDN_REASON_MINOR_MAINTENANCE | SHTDN_REASON_FLAG_PLANNED;
/// The time for which logged-on users see the message before the machine goes down, in seconds.
const GRACE_SECONDS: u32 = 5;
const MESSAGE: &str = "poolgate restarts this machine: a driver's memory is tested with other flags (poolgate status)";

/// The calls of this machine.
pub(super) struct Calls;

/// All calls close programs without asking. A run with `--allow-reboot` is unattended, and one unsaved document would
/// block the restart forever.
impl Ways for Calls {
    fn initiate(&self) -> Result<(), ErrorCode> {
        let flags = SHUTDOWN_RESTART | SHUTDOWN_FORCE_OTHERS | SHUTDOWN_FORCE_SELF;
        // SAFETY: the message ends in zero; a null machine name means this machine.
        match unsafe { InitiateShutdownW(null(), wide(MESSAGE).as_ptr(), GRACE_SECONDS, flags, REASON) } {
            0 => Ok(()),
            code => Err(code),
        }
    }

    fn initiate_as_before(&self) -> Result<(), ErrorCode> {
        let (force, restart) = (1, 1);
        // SAFETY: as above; the call does not write to the message.
        code(unsafe {
            InitiateSystemShutdownExW(null(), wide(MESSAGE).as_ptr(), GRACE_SECONDS, force, restart, REASON)
        })
    }

    fn force(&self) -> Result<(), ErrorCode> {
        // SAFETY: takes numbers only.
        code(unsafe { ExitWindowsEx(EWX_REBOOT | EWX_FORCE, REASON) })
    }
}

fn code(result: i32) -> Result<(), ErrorCode> {
    succeeded(result).map_err(|error| error.raw_os_error().unwrap_or_default().cast_unsigned())
}
