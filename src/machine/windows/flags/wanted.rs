//! The registry settings that a scenario asks for, combined.

use super::setting::{RegistrySetting, VERIFY_DRIVERS, VERIFY_LEVEL};
use super::value::RegistryValue;
use crate::gflags::{POOL_TAGGING, Switches};
use crate::machine::{MachineError, RequestedSetting};

/// The requested settings. Pool tagging is separate, because a kernel may count tags without its flag.
pub(super) struct RegistryRequest<'a> {
    pub(super) pool_tagging: bool,
    /// The other global flags.
    pub(super) switches: Switches,
    verifier: Option<VerifierRequest<'a>>,
}

/// The requested settings of Driver Verifier.
pub(super) struct VerifierRequest<'a> {
    pub(super) drivers: &'a [String],
    pub(super) level: u32,
    reset_on_boot_failure: bool,
}

impl<'a> RegistryRequest<'a> {
    pub(super) fn new(asked: &'a [RequestedSetting]) -> Result<RegistryRequest<'a>, MachineError> {
        let mut wanted = RegistryRequest { pool_tagging: false, switches: Switches::default(), verifier: None };
        for asked in asked {
            match asked {
                RequestedSetting::PoolTagging => wanted.pool_tagging = true,
                RequestedSetting::GlobalFlag(switch) => wanted.switches = wanted.switches.then(*switch),
                &RequestedSetting::Verifier { ref drivers, level, reset_on_boot_failure } => {
                    wanted.verifier = Some(VerifierRequest { drivers, level, reset_on_boot_failure });
                }
                RequestedSetting::KernelParameter(parameter) => {
                    return Err(MachineError::OnlyOnLinux(parameter.clone()));
                }
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
    pub(super) fn kept_in(&self, value: &RegistryValue) -> bool {
        value.is_dword() && value.number().is_some_and(|flags| self.switches.hold_in(flags))
    }

    /// Returns the request to Driver Verifier, if any.
    pub(super) fn verified(&self) -> Option<&VerifierRequest<'a>> {
        self.verifier.as_ref()
    }

    /// Returns Driver Verifier's registry values: exactly the requested drivers, and the level.
    pub(super) fn verifier(&self) -> impl Iterator<Item = (&'static RegistrySetting, RegistryValue)> + use<> {
        let values = self.verifier.as_ref().map(|verified| {
            [
                (&VERIFY_DRIVERS, RegistryValue::sz(&verified.drivers.join(" "))),
                (&VERIFY_LEVEL, RegistryValue::dword(verified.level)),
            ]
        });
        values.into_iter().flatten()
    }

    /// Returns whether Windows should switch Driver Verifier off after a failed boot.
    pub(super) fn reset_on_boot_failure(&self) -> bool {
        self.verifier.as_ref().is_some_and(|verified| verified.reset_on_boot_failure)
    }
}
