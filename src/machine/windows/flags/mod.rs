//! Boot settings in a Windows registry: global flags, and Driver Verifier's two values.
//!
//! Planning a change and restoring a value work the same on a real Windows and on the simulated machine, which imitates
//! a Windows registry. Only the [`Registry`] and the [`Running`] kernel differ. A value is kept with its exact type and
//! bytes; a value that was absent before the run is deleted after it. docs/windows.md describes how poolgate finds out
//! which flags are in force.

use std::path::Path;

use super::super::{BootSettings, FlagValue, MachineError, RequestedSetting, SettingChange};
use super::verified::Verification;

mod boot_mode;
mod by_hand;
#[cfg(windows)]
mod live;
mod proof;
mod remaining;
mod setting;
mod switched;
#[cfg(test)]
mod tests;
mod undo;
mod value;
mod wanted;

pub(in crate::machine) use boot_mode::{BootMode, may_hold_it};
#[cfg(windows)]
pub(super) use live::{LiveRegistry, registry_flags};
use proof::{Proof, proof};
pub(in crate::machine) use setting::{GLOBAL_FLAG, RegistrySetting};
pub(in crate::machine) use value::RegistryValue;
use wanted::RegistryRequest;

/// A store of settings. A change may be lost until it is flushed.
pub(in crate::machine) trait Registry {
    /// Returns the name of a setting on this machine.
    fn name(&self, setting: &RegistrySetting) -> String {
        setting.to_string()
    }

    /// Returns the value; `None` if it does not exist.
    fn get(&self, setting: &RegistrySetting) -> Result<Option<RegistryValue>, MachineError>;

    /// Sets the value, with its type.
    fn set(&mut self, setting: &RegistrySetting, value: &RegistryValue) -> Result<(), MachineError>;

    /// Removes the value, if it exists.
    fn delete(&mut self, setting: &RegistrySetting) -> Result<(), MachineError>;

    /// Writes all changes to disk, so that they survive a power cut.
    fn flush(&mut self) -> Result<(), MachineError>;

    /// Returns the names of the values that [may hold](may_hold_it) Driver Verifier's boot mode.
    fn verifier_values(&self) -> Result<Vec<String>, MachineError>;

    /// Sets Driver Verifier's boot mode, as `verifier /bootmode` does.
    fn boot_mode(&mut self, mode: BootMode) -> Result<(), MachineError>;

    /// Returns the command that sets `setting` to exactly `value`. If `value` is `None`, the command removes the
    /// setting.
    fn command(&self, setting: &RegistrySetting, value: Option<&RegistryValue>) -> String {
        remaining::command(setting, value)
    }
}

/// Whether the running kernel counts pool tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) enum Tagging {
    /// Regardless of the flag, as in Windows Server 2003 and later. Every real kernel that poolgate supports is of this
    /// kind.
    Always,
    /// The kernel was booted with the flag.
    On,
    /// The kernel returns STATUS_NOT_IMPLEMENTED (c0000002): Windows 2000 and XP booted without `ptg`.
    Off,
}

impl Tagging {
    /// Derives the state from an attempt to read pool tags.
    ///
    /// # Errors
    /// If the tags could not be read for any other reason.
    #[cfg(any(windows, test))]
    pub(in crate::machine) fn from_attempt<T>(attempt: Result<T, MachineError>) -> Result<Tagging, MachineError> {
        match attempt {
            Ok(_) => Ok(Tagging::Always),
            Err(MachineError::TaggingOff) => Ok(Tagging::Off),
            // Tags are read before sessions, so an error about sessions means that the tags were read.
            Err(MachineError::PoolTags(error)) if error.is_of_sessions() => Ok(Tagging::Always),
            Err(error) => Err(error),
        }
    }
}

type KernelQuery<T> = Box<dyn FnMut() -> Result<T, MachineError>>;

/// Queries to the running kernel about the flags it was booted with.
pub(in crate::machine) struct Running {
    /// Whether it counts pool tags: the only reliable test of whether the flag is needed.
    pub(in crate::machine) tagging: KernelQuery<Tagging>,
    /// Its global flags; `None` if it does not report them.
    pub(in crate::machine) global_flags: KernelQuery<Option<u32>>,
    /// The drivers that Driver Verifier verifies, or the reason why they are unknown.
    pub(in crate::machine) verification: Box<dyn FnMut() -> Result<Verification, String>>,
}

/// Boot settings kept in a registry.
pub(in crate::machine) struct RegistryFlags<R> {
    pub(in crate::machine) registry: R,
    pub(in crate::machine) running: Running,
    /// Notes that [`BootSettings::notes`] has not returned yet.
    pub(in crate::machine) notes: Vec<String>,
}

impl<R: Registry> BootSettings for RegistryFlags<R> {
    fn plan(&mut self, asked: &[RequestedSetting]) -> Result<Vec<SettingChange>, MachineError> {
        let wanted = RegistryRequest::new(asked)?;
        let mut changes = Vec::from_iter(self.global_flags(&wanted)?);
        // A boot is always needed: even if the running kernel already verifies the drivers, that may come from
        // `verifier /volatile` or from other settings at its boot.
        for (setting, wanted) in wanted.verifier_values() {
            let original = self.registry.get(setting)?;
            changes.push(self.change(setting, original, &wanted));
        }
        if wanted.reset_on_boot_failure() {
            changes.push(self.boot_mode_change()?);
        }
        Ok(changes)
    }

    fn in_force(&mut self, asked: &[RequestedSetting]) -> Result<bool, MachineError> {
        let wanted = RegistryRequest::new(asked)?;
        if wanted.pool_tagging && (self.running.tagging)()? == Tagging::Off {
            return Ok(false);
        }
        // A flag that the kernel reports is in force. If the kernel does not report it, the flag may still be in force:
        // poolgate then relies on the registry, which the kernel read at its boot. If the flag is not there either, the
        // state is unknown.
        if !wanted.switches.is_empty() {
            let shown = (self.running.global_flags)()?.is_some_and(|flags| wanted.switches.hold_in(flags));
            let kept = || Ok(self.registry.get(&GLOBAL_FLAG)?.is_some_and(|value| wanted.kept_in(&value)));
            if !shown && !kept()? {
                return Err(self.unreported(&GLOBAL_FLAG));
            }
        }
        let reset = wanted.reset_on_boot_failure();
        for (setting, wanted) in wanted.verifier_values() {
            match self.registry.get(setting)? {
                Some(kept) if kept == wanted => {}
                None if reset => return Err(MachineError::VerifierGone(self.registry.name(setting))),
                _ => return Err(self.unreported(setting)),
            }
        }
        let Some(verifier) = wanted.verifier else { return Ok(true) };
        let Proof { in_force, notes } = proof(verifier, &(self.running.verification)());
        self.notes.extend(notes);
        Ok(in_force)
    }

    fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn read(&self, name: &str) -> Result<FlagValue, MachineError> {
        if name == boot_mode::NAME {
            return self.boot_mode();
        }
        Ok(notation(self.registry.get(self.named(name)?)?))
    }

    fn write(&mut self, name: &str, value: &FlagValue) -> Result<(), MachineError> {
        if name == boot_mode::NAME {
            return self.set_boot_mode(value);
        }
        let setting = self.named(name)?;
        match value {
            FlagValue::Absent => self.registry.delete(setting),
            FlagValue::Present(text) => match text.parse() {
                Ok(value) => self.registry.set(setting, &value),
                Err(value::NotAValue) => Err(MachineError::NotAValue { name: name.to_owned(), text: text.clone() }),
            },
        }
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        self.registry.flush()
    }

    /// The values that hold the mode are known only after it changes, so every value counts as written by the run.
    fn is_made(&self, change: &SettingChange, now: &FlagValue) -> bool {
        *now == change.wanted || change.name == boot_mode::NAME
    }

    fn undo(&self, change: &SettingChange, now: &FlagValue) -> Option<FlagValue> {
        undo::undone(self.named(&change.name).ok()?, change, now)
    }

    fn by_hand(&self, change: &SettingChange, now: Option<&FlagValue>, _: &Path) -> Vec<String> {
        if change.name == boot_mode::NAME {
            return self.boot_mode_by_hand(&change.original);
        }
        let Ok(setting) = self.named(&change.name) else { return Vec::new() };
        let target = match now {
            Some(now) if *now != change.wanted && *now != change.original => match self.undo(change, now) {
                Some(target) => target,
                None => return vec![remaining::look(&self.registry.name(setting), change)],
            },
            _ => change.original.clone(),
        };
        if now == Some(&target) {
            return Vec::new();
        }
        let value = match &target {
            FlagValue::Absent => None,
            FlagValue::Present(text) => match text.parse::<RegistryValue>() {
                Ok(value) => Some(value),
                Err(value::NotAValue) => return Vec::new(),
            },
        };
        vec![self.registry.command(setting, value.as_ref())]
    }
}

impl<R: Registry> RegistryFlags<R> {
    /// Returns the single change for all global flags; `None` if they are in force.
    fn global_flags(&mut self, wanted: &RegistryRequest) -> Result<Option<SettingChange>, MachineError> {
        let tagging_needed = wanted.pool_tagging && (self.running.tagging)()? == Tagging::Off;
        let shown = wanted.switches.is_empty()
            || (self.running.global_flags)()?.is_some_and(|flags| wanted.switches.hold_in(flags));
        if shown && !tagging_needed {
            return Ok(None);
        }
        let switches = if tagging_needed { wanted.with_pool_tagging() } else { wanted.switches };
        let original = self.registry.get(&GLOBAL_FLAG)?;
        let value = match &original {
            None => RegistryValue::dword(switches.applied_to(0)),
            Some(value) => match value.number() {
                // If the registry already holds the flags, the running kernel lacks them or does not report them.
                Some(flags) => RegistryValue::dword(switches.applied_to(flags)),
                None => {
                    let name = self.registry.name(&GLOBAL_FLAG);
                    return Err(MachineError::NotANumber { name, value: value.to_string() });
                }
            },
        };
        Ok(Some(self.change(&GLOBAL_FLAG, original, &value)))
    }

    fn change(
        &self,
        setting: &RegistrySetting,
        original: Option<RegistryValue>,
        wanted: &RegistryValue,
    ) -> SettingChange {
        let wanted = FlagValue::Present(wanted.to_string());
        SettingChange { name: self.registry.name(setting), original: notation(original), wanted }
    }

    fn named(&self, name: &str) -> Result<&'static RegistrySetting, MachineError> {
        let found = RegistrySetting::all().find(|setting| self.registry.name(setting) == name);
        found.ok_or_else(|| MachineError::UnknownSetting(name.to_owned()))
    }

    fn unreported(&self, setting: &RegistrySetting) -> MachineError {
        MachineError::Unreported(self.registry.name(setting))
    }
}

fn notation(value: Option<RegistryValue>) -> FlagValue {
    value.map_or(FlagValue::Absent, |value| FlagValue::Present(value.to_string()))
}
