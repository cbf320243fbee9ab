//! The simulated machine's flags: a registry like that of Windows. On request, the machine counts pool tags only if the
//! flag for it is set, like Windows XP.
//!
//! Planning and restoring use the code for real Windows; only the registry below it and the running kernel are
//! simulated.

use super::{Home, KernelState};
use crate::gflags::POOL_TAGGING;
use crate::machine::MachineError;
use crate::machine::windows::flags::{
    BootMode, GLOBAL_FLAG, Registry, RegistryFlags, RegistrySetting, RegistryValue, Running, Tagging, may_hold_it,
};
use crate::machine::windows::verified::{Verification, VerifiedDriver};

/// The flags of the machine with the kernel in `home`.
pub(super) fn flags<H: Home + 'static>(home: &H) -> RegistryFlags<SimulatedRegistry<H>> {
    let (tagging, booted, verified) = (home.clone(), home.clone(), home.clone());
    let running = Running {
        tagging: Box::new(move || {
            let state = tagging.read()?;
            Ok(match (state.tagging_needs_flag, state.tagging()) {
                (false, _) => Tagging::Always,
                (true, true) => Tagging::On,
                (true, false) => Tagging::Off,
            })
        }),
        global_flags: Box::new(move || Ok(Some(booted_with(&booted.read()?)))),
        verification: Box::new(move || Ok(verification(&verified.read().map_err(|error| error.to_string())?))),
    };
    RegistryFlags { registry: SimulatedRegistry(home.clone()), running, notes: Vec::new() }
}

/// Registry values by name alone, kept as text.
pub(super) struct SimulatedRegistry<H>(H);

impl<H: Home> Registry for SimulatedRegistry<H> {
    fn name(&self, setting: &RegistrySetting) -> String {
        setting.value.clone().into_owned()
    }

    fn get(&self, setting: &RegistrySetting) -> Result<Option<RegistryValue>, MachineError> {
        let Some(text) = self.0.read()?.settings.flag(&setting.value) else { return Ok(None) };
        let not_a_value = |_| MachineError::NotAValue { name: self.name(setting), text: text.clone() };
        text.parse().map(Some).map_err(not_a_value)
    }

    fn set(&mut self, setting: &RegistrySetting, value: &RegistryValue) -> Result<(), MachineError> {
        self.0.change(|state| state.settings.set_flag(&setting.value, Some(value.to_string())))
    }

    fn delete(&mut self, setting: &RegistrySetting) -> Result<(), MachineError> {
        self.0.change(|state| state.settings.set_flag(&setting.value, None))
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        self.0.change(|state| state.settings.flush_flags())
    }

    fn verifier_values(&self) -> Result<Vec<String>, MachineError> {
        let flags = self.0.read()?.settings.flags();
        Ok(flags.into_keys().filter(|name| may_hold_it(name)).collect())
    }

    fn boot_mode(&mut self, mode: BootMode) -> Result<(), MachineError> {
        let value = RegistryValue::sz(mode.word()).to_string();
        self.0.change(|state| state.settings.set_flag("VerifierSimulatedBootMode", Some(value)))
    }

    fn command(&self, setting: &RegistrySetting, value: Option<&RegistryValue>) -> String {
        match value {
            None => format!("remove {} from the simulated machine", setting.value),
            Some(value) => format!("set {} of the simulated machine to exactly {:?}", setting.value, value.to_string()),
        }
    }
}

/// The global flags of this boot's kernel: the first four bytes of the value, regardless of its type; 0 if it has
/// fewer.
fn booted_with(state: &KernelState) -> u32 {
    let value = state.booted_with.get(GLOBAL_FLAG.value.as_ref()).and_then(|text| text.parse::<RegistryValue>().ok());
    value.and_then(|value| value.first_number()).unwrap_or(0)
}

/// This boot's kernel verifies what the registry named at its boot.
fn verification(state: &KernelState) -> Verification {
    let booted_with = |name: &str| state.booted_with.get(name).and_then(|text| text.parse::<RegistryValue>().ok());
    let level = booted_with("VerifyDriverLevel").and_then(|value| value.number()).unwrap_or(0);
    let drivers = booted_with("VerifyDrivers").and_then(|value| value.text()).unwrap_or_default();
    let drivers = drivers.split_whitespace().map(|name| VerifiedDriver { name: name.to_owned(), level });
    Verification { drivers: drivers.collect(), loaded: Vec::new() }
}

impl KernelState {
    /// Whether pool tags are counted in this boot.
    pub fn tagging(&self) -> bool {
        !self.tagging_needs_flag || booted_with(self) & POOL_TAGGING != 0
    }
}
