//! The process's exit code: the gate's answer to the caller.

use std::process::{ExitCode, Termination};

/// The result of a poolgate command. The numbers are part of the interface and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Every threshold held.
    Held = 0,
    /// At least one threshold is broken: the driver's fault.
    Broken = 1,
    /// Bad usage or a mistake in the scenario; nothing was touched.
    Usage = 2,
    /// poolgate or the machine failed, so nothing is known about the driver.
    Failed = 3,
    /// Measured, but the evidence allows no verdict.
    Unclear = 4,
    /// Not finished: the machine is rebooting and the run goes on afterwards.
    NotFinished = 10,
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}
