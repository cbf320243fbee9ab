//! The registry settings that a scenario asks for, combined.

use super::setting::{Setting, VERIFY_DRIVERS, VERIFY_LEVEL};
use super::value::Value;
use crate::gflags::{POOL_TAGGING, Switches};
use crate::machine::{Asked, MachineError};

/// The requested settings. Pool tagging is separate, because a kernel may count tags without its flag.
pub(super) struct Wanted<'a> {
    pub(super) pool_tagging: bool,
    /// The other global flags.
    pub(super) switches: Switches,
    verifier: Option<Verified<'a>>,
}

/// The requested settings of Driver Verifier.
pub(super) struct Verified<'a> {
    pub(super) drivers: &'a [String],
    pub(super) level: u32,
    reset_on_boot_failure: bool,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(asked: &'a [Asked]) -> Result<Wanted<'a>, MachineError> {
        let mut wanted = Wanted { pool_tagging: false, switches: Switches::default(), verifier: None };
        for asked in asked {
            match asked {
                Asked::PoolTagging => wanted.pool_tagging = true,
                Asked::GlobalFlag(switch) => wanted.switches = wanted.switches.then(*switch),
                &Asked::Verifier { ref drivers, level, reset_on_boot_failure } => {
                    wanted.verifier = Some(Verified { drivers, level, reset_on_boot_failure });
                }
                Asked::KernelParameter(parameter) => return Err(MachineError::OnlyOnLinux(parameter.clone())),
            }
        }
        // `+ptg` is only set for a kernel that needs it. It is never cleared, because poolgate itself reads pool tags.
        wanted.pool_tagging |= wanted.switches.on & POOL_TAGGING != 0;
        wanted.switches.on &= !POOL_TAGGING;
        wanted.switches.off &= !POOL_TAGGING;
        Ok(wanted)
    }

    /// Returns the global flags, including the one for pool tagging.
    pub(super) fn with_pool_tagging(&self) -> Switches {
        Switches { on: self.switches.on | POOL_TAGGING, ..self.switches }
    }

    /// Returns whether a kernel that read `value` at its boot has the global flags. GlobalFlag is documented only as a
    /// REG_DWORD.
    pub(super) fn kept_in(&self, value: &Value) -> bool {
        value.is_dword() && value.number().is_some_and(|flags| self.switches.hold_in(flags))
    }

    /// Returns the request to Driver Verifier, if any.
    pub(super) fn verified(&self) -> Option<&Verified<'a>> {
        self.verifier.as_ref()
    }

    /// Returns Driver Verifier's registry values: exactly the requested drivers, and the level.
    pub(super) fn verifier(&self) -> impl Iterator<Item = (&'static Setting, Value)> + use<> {
        let values = self.verifier.as_ref().map(|verified| {
            [(&VERIFY_DRIVERS, Value::sz(&verified.drivers.join(" "))), (&VERIFY_LEVEL, Value::dword(verified.level))]
        });
        values.into_iter().flatten()
    }

    /// Returns whether Windows should switch Driver Verifier off after a failed boot.
    pub(super) fn reset_on_boot_failure(&self) -> bool {
        self.verifier.as_ref().is_some_and(|verified| verified.reset_on_boot_failure)
    }
}
