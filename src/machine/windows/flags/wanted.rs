//! What a scenario asks of a registry, taken together.

use super::setting::{Setting, VERIFY_DRIVERS, VERIFY_LEVEL};
use super::value::Value;
use crate::gflags::{POOL_TAGGING, Switches};
use crate::machine::{Asked, MachineError};

/// What is asked for. Pool tagging stands by itself, since the kernel may count tags without the flag for it.
pub(super) struct Wanted<'a> {
    pub(super) pool_tagging: bool,
    /// The global flags besides.
    pub(super) switches: Switches,
    verifier: Option<Verified<'a>>,
}

/// What Driver Verifier is asked to do.
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
        // `+ptg` is asked of a kernel which needs it only. It is never cleared: poolgate reads pool tags itself.
        wanted.pool_tagging |= wanted.switches.on & POOL_TAGGING != 0;
        wanted.switches.on &= !POOL_TAGGING;
        wanted.switches.off &= !POOL_TAGGING;
        Ok(wanted)
    }

    /// The global flags with the one for pool tagging.
    pub(super) fn with_pool_tagging(&self) -> Switches {
        Switches { on: self.switches.on | POOL_TAGGING, ..self.switches }
    }

    /// Whether a kernel which read `value` when it booted has the global flags. That a kernel reads GlobalFlag is
    /// documented for a REG_DWORD only.
    pub(super) fn kept_in(&self, value: &Value) -> bool {
        value.is_dword() && value.number().is_some_and(|flags| self.switches.hold_in(flags))
    }

    /// What Driver Verifier is asked to do, if anything.
    pub(super) fn verified(&self) -> Option<&Verified<'a>> {
        self.verifier.as_ref()
    }

    /// What Driver Verifier's values are to be: the drivers asked for and no others.
    pub(super) fn verifier(&self) -> impl Iterator<Item = (&'static Setting, Value)> + use<> {
        let values = self.verifier.as_ref().map(|verified| {
            [(&VERIFY_DRIVERS, Value::sz(&verified.drivers.join(" "))), (&VERIFY_LEVEL, Value::dword(verified.level))]
        });
        values.into_iter().flatten()
    }

    /// Whether Driver Verifier is to be switched off by Windows when a boot fails.
    pub(super) fn reset_on_boot_failure(&self) -> bool {
        self.verifier.as_ref().is_some_and(|verified| verified.reset_on_boot_failure)
    }
}
