//! Boot settings in a Windows registry: global flags, and Driver Verifier's two values.
//!
//! What is planned and how a value is put back is the same on a real Windows and on the simulated machine, which plays an
//! old one; they differ in the [`Registry`] and in what the [`Running`] kernel tells. A value is kept with its exact type
//! and bytes, and an absent one is deleted again. docs/windows.md says what can be known of flags in force.

use std::path::Path;

use super::super::{Asked, Change, FlagValue, Flags, MachineError};
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
pub(in crate::machine) use setting::{GLOBAL_FLAG, Setting};
pub(in crate::machine) use value::Value;
use wanted::Wanted;

/// Where settings are kept. What is set may be lost before it is flushed.
pub(in crate::machine) trait Registry {
    /// What a setting is called on this machine.
    fn name(&self, setting: &Setting) -> String {
        setting.to_string()
    }

    /// The value; `None` where there is none.
    fn get(&self, setting: &Setting) -> Result<Option<Value>, MachineError>;

    /// Makes the value exactly this one.
    fn set(&mut self, setting: &Setting, value: &Value) -> Result<(), MachineError>;

    /// Removes the value, if there is one.
    fn delete(&mut self, setting: &Setting) -> Result<(), MachineError>;

    /// Makes what was set and deleted survive a power cut.
    fn flush(&mut self) -> Result<(), MachineError>;

    /// The names of the values beside [`VERIFY_DRIVERS`](setting::VERIFY_DRIVERS) which [`may_hold_it`], Driver Verifier's
    /// boot mode.
    fn verifier_values(&self) -> Result<Vec<String>, MachineError>;

    /// Sets Driver Verifier's boot mode, as `verifier /bootmode` does.
    fn boot_mode(&mut self, mode: BootMode) -> Result<(), MachineError>;

    /// The command with which an administrator makes the value exactly this one, or removes it.
    fn command(&self, setting: &Setting, value: Option<&Value>) -> String {
        remaining::command(setting, value)
    }
}

/// Whether the running kernel counts pool tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) enum Tagging {
    /// Whatever the flag says, as since Windows Server 2003. poolgate runs on Windows 10 and later, where nothing else is.
    Always,
    /// Because it was booted with the flag.
    On,
    /// It answers STATUS_NOT_IMPLEMENTED (c0000002): Windows 2000 and XP booted without `ptg`.
    Off,
}

impl Tagging {
    /// What an attempt to read pool tags says of it.
    ///
    /// # Errors
    /// Any other reason why they cannot be read.
    #[cfg(any(windows, test))]
    pub(in crate::machine) fn told_by<T>(attempt: Result<T, MachineError>) -> Result<Tagging, MachineError> {
        match attempt {
            Ok(_) => Ok(Tagging::Always),
            Err(MachineError::TaggingOff) => Ok(Tagging::Off),
            // The tags were read before the sessions were.
            Err(MachineError::PoolTags(error)) if error.is_of_sessions() => Ok(Tagging::Always),
            Err(error) => Err(error),
        }
    }
}

type Probe<T> = Box<dyn FnMut() -> Result<T, MachineError>>;

/// What the running kernel tells of the flags it was booted with.
pub(in crate::machine) struct Running {
    /// Whether it counts pool tags: the only sound test for a flag being needed.
    pub(in crate::machine) tagging: Probe<Tagging>,
    /// Its global flags; `None` where it does not tell.
    pub(in crate::machine) global_flags: Probe<Option<u32>>,
    /// What Driver Verifier verifies, or why that is unknown.
    pub(in crate::machine) verification: Box<dyn FnMut() -> Result<Verification, String>>,
}

/// Boot settings kept in a registry.
pub(in crate::machine) struct RegistryFlags<R> {
    pub(in crate::machine) registry: R,
    pub(in crate::machine) running: Running,
    /// What [`Flags::notes`] has not given yet.
    pub(in crate::machine) notes: Vec<String>,
}

impl<R: Registry> Flags for RegistryFlags<R> {
    fn plan(&mut self, asked: &[Asked]) -> Result<Vec<Change>, MachineError> {
        let wanted = Wanted::of(asked)?;
        let mut changes = Vec::from_iter(self.global_flags(&wanted)?);
        // What the running kernel verifies already may have been set without a boot (`verifier /volatile`), or by another
        // boot's settings, so this always takes one.
        for (setting, wanted) in wanted.verifier() {
            let original = self.registry.get(setting)?;
            changes.push(self.change(setting, original, &wanted));
        }
        if wanted.reset_on_boot_failure() {
            changes.push(self.boot_mode_change()?);
        }
        Ok(changes)
    }

    fn in_force(&mut self, asked: &[Asked]) -> Result<bool, MachineError> {
        let wanted = Wanted::of(asked)?;
        if wanted.pool_tagging && (self.running.tagging)()? == Tagging::Off {
            return Ok(false);
        }
        // What the kernel shows is so. What it does not show may be so all the same, and then only the registry, as the
        // kernel found it at its boot, speaks for it; where that does not either, nothing is known.
        if !wanted.switches.is_empty() {
            let shown = (self.running.global_flags)()?.is_some_and(|flags| wanted.switches.hold_in(flags));
            let kept = || Ok(self.registry.get(&GLOBAL_FLAG)?.is_some_and(|value| wanted.kept_in(&value)));
            if !shown && !kept()? {
                return Err(self.untold(&GLOBAL_FLAG));
            }
        }
        let reset = wanted.reset_on_boot_failure();
        for (setting, wanted) in wanted.verifier() {
            match self.registry.get(setting)? {
                Some(kept) if kept == wanted => {}
                None if reset => return Err(MachineError::VerifierGone(self.registry.name(setting))),
                _ => return Err(self.untold(setting)),
            }
        }
        let Some(verified) = wanted.verified() else { return Ok(true) };
        let Proof { in_force, notes } = proof(verified, &(self.running.verification)());
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

    /// Which values the mode is kept in is known only while it changes, so whatever they are is taken for the run's.
    fn is_made(&self, change: &Change, now: &FlagValue) -> bool {
        *now == change.wanted || change.name == boot_mode::NAME
    }

    fn undo(&self, change: &Change, now: &FlagValue) -> Option<FlagValue> {
        undo::undone(self.named(&change.name).ok()?, change, now)
    }

    fn by_hand(&self, change: &Change, now: Option<&FlagValue>, _: &Path) -> Vec<String> {
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
            FlagValue::Present(text) => match text.parse::<Value>() {
                Ok(value) => Some(value),
                Err(value::NotAValue) => return Vec::new(),
            },
        };
        vec![self.registry.command(setting, value.as_ref())]
    }
}

impl<R: Registry> RegistryFlags<R> {
    /// The one change which all global flags take together; `None` when they are in force.
    fn global_flags(&mut self, wanted: &Wanted) -> Result<Option<Change>, MachineError> {
        let tagging_needed = wanted.pool_tagging && (self.running.tagging)()? == Tagging::Off;
        let shown = wanted.switches.is_empty()
            || (self.running.global_flags)()?.is_some_and(|flags| wanted.switches.hold_in(flags));
        if shown && !tagging_needed {
            return Ok(None);
        }
        let switches = if tagging_needed { wanted.with_pool_tagging() } else { wanted.switches };
        let original = self.registry.get(&GLOBAL_FLAG)?;
        let value = match &original {
            None => Value::dword(switches.applied_to(0)),
            Some(value) => match value.number() {
                // Where the flags hold already it was not by the boot the kernel runs in.
                Some(flags) => Value::dword(switches.applied_to(flags)),
                None => {
                    let name = self.registry.name(&GLOBAL_FLAG);
                    return Err(MachineError::NotANumber { name, value: value.to_string() });
                }
            },
        };
        Ok(Some(self.change(&GLOBAL_FLAG, original, &value)))
    }

    fn change(&self, setting: &Setting, original: Option<Value>, wanted: &Value) -> Change {
        let wanted = FlagValue::Present(wanted.to_string());
        Change { name: self.registry.name(setting), original: notation(original), wanted }
    }

    fn named(&self, name: &str) -> Result<&'static Setting, MachineError> {
        let found = Setting::all().find(|setting| self.registry.name(setting) == name);
        found.ok_or_else(|| MachineError::UnknownSetting(name.to_owned()))
    }

    fn untold(&self, setting: &Setting) -> MachineError {
        MachineError::Untold(self.registry.name(setting))
    }
}

fn notation(value: Option<Value>) -> FlagValue {
    value.map_or(FlagValue::Absent, |value| FlagValue::Present(value.to_string()))
}
