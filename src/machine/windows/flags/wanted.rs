//! The registry settings that a scenario asks for, combined.

use super::setting::{RegistrySetting, VERIFY_DRIVERS, VERIFY_LEVEL};
use super::value::RegistryValue;
use crate::gflags::{POOL_TAGGING, Switches};
use crate::machine::{MachineError, RequestedSetting, VerifierRequest};

/// The requested settings. Pool tagging is separate, because a kernel may count tags without its flag.
pub(super) struct RegistryRequest<'a> {
    pub(super) pool_tagging: bool,
    /// The other global flags.
    pub(super) switches: Switches,
    pub(super) verifier: Option<&'a VerifierRequest>,
}

impl<'a> RegistryRequest<'a> {
    pub(super) fn new(asked: &'a [RequestedSetting]) -> Result<RegistryRequest<'a>, MachineError> {
        let mut wanted = RegistryRequest { pool_tagging: false, switches: Switches::default(), verifier: None };
        for asked in asked {
            match asked {
                RequestedSetting::PoolTagging => wanted.pool_tagging = true,
                RequestedSetting::GlobalFlag(switch) => wanted.switches = wanted.switches.then(*switch),
                RequestedSetting::Verifier(verifier) => wanted.verifier = Some(verifier),
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

    /// Returns Driver Verifier's registry values: exactly the requested drivers, and the level.
    pub(super) fn verifier_values(&self) -> impl Iterator<Item = (&'static RegistrySetting, RegistryValue)> + use<> {
        let values = self.verifier.map(|verifier| {
            [
                (&VERIFY_DRIVERS, RegistryValue::sz(&verifier.drivers.join(" "))),
                (&VERIFY_LEVEL, RegistryValue::dword(verifier.level)),
            ]
        });
        values.into_iter().flatten()
    }

    /// Returns whether Windows should switch Driver Verifier off after a failed boot.
    pub(super) fn reset_on_boot_failure(&self) -> bool {
        self.verifier.is_some_and(|verifier| verifier.reset_on_boot_failure)
    }
}
