//! Sets Driver Verifier's boot mode with `verifier /bootmode resetonbootfail` for a run, and restores the mode after
//! it.
//!
//! Microsoft Learn, "Driver Verifier Command Syntax", documents the command. No public source documents the mode's
//! location, and verifier.exe prints the mode in the user's language. So poolgate saves every value of Driver
//! Verifier's key that may hold the mode (its name begins with `Verif`), sets the mode with verifier.exe, checks that
//! one of these values depends on the mode, and writes them back after the run. If none of them depends on it, the run
//! is refused: poolgate does not set a mode that it cannot restore.

use std::collections::BTreeMap;

use super::setting::{MEMORY, RegistrySetting, VERIFY_DRIVERS, VERIFY_LEVEL};
use super::{Registry, RegistryFlags, RegistryValue, value};
use crate::machine::{FlagValue, MachineError, SettingChange};

/// The setting's name in plans, checkpoints and reports.
pub(super) const NAME: &str = "Driver Verifier's boot mode";

/// The values that may hold the mode: names to values in poolgate's notation.
type ModeValues = BTreeMap<String, String>;

/// A boot mode of verifier.exe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) enum BootMode {
    /// The settings apply at every boot; this is the default of Windows.
    Persistent,
    /// The settings apply until a boot fails.
    ResetOnBootFail,
}

impl BootMode {
    /// Returns the mode's word on verifier.exe's command line.
    pub(in crate::machine) fn word(self) -> &'static str {
        match self {
            BootMode::Persistent => "persistent",
            BootMode::ResetOnBootFail => "resetonbootfail",
        }
    }
}

/// Returns whether a value of Driver Verifier's key may hold the boot mode.
pub(in crate::machine) fn may_hold_it(name: &str) -> bool {
    let others = [&VERIFY_DRIVERS.value, &VERIFY_LEVEL.value];
    name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("verif"))
        && !others.iter().any(|other| name.eq_ignore_ascii_case(other))
}

impl<R: Registry> RegistryFlags<R> {
    /// Returns the change to `resetonbootfail`. It is made in any case, since the current mode is not known.
    pub(super) fn boot_mode_change(&self) -> Result<SettingChange, MachineError> {
        let wanted = FlagValue::Present(BootMode::ResetOnBootFail.word().to_owned());
        Ok(SettingChange { name: NAME.to_owned(), original: self.boot_mode()?, wanted })
    }

    /// Returns the values that may hold the mode, as text; absent if there are none.
    pub(super) fn boot_mode(&self) -> Result<FlagValue, MachineError> {
        let kept = self.kept()?;
        if kept.is_empty() {
            return Ok(FlagValue::Absent);
        }
        let fields = kept.into_iter().map(|(name, value)| (name, value.into()));
        Ok(FlagValue::Present(serde_json::Value::Object(fields.collect()).to_string()))
    }

    /// Sets the mode, or restores the values from before the run.
    pub(super) fn set_boot_mode(&mut self, value: &FlagValue) -> Result<(), MachineError> {
        match value {
            FlagValue::Present(text) if text == BootMode::ResetOnBootFail.word() => self.reset_on_boot_fail(),
            value => {
                let before = parsed(value)?;
                let differing = differing(&before, &self.kept()?);
                differing.into_iter().try_for_each(|(setting, value)| match value {
                    Some(value) => self.registry.set(&setting, &value),
                    None => self.registry.delete(&setting),
                })
            }
        }
    }

    fn reset_on_boot_fail(&mut self) -> Result<(), MachineError> {
        let before = self.kept()?;
        self.registry.boot_mode(BootMode::ResetOnBootFail)?;
        let set = self.kept()?;
        if set != before {
            return Ok(());
        }
        // Either the mode was `resetonbootfail` before, or its location is unknown. Setting another mode decides
        // between the two.
        self.registry.boot_mode(BootMode::Persistent)?;
        let visible = self.kept()? != set;
        self.registry.boot_mode(BootMode::ResetOnBootFail)?;
        if visible { Ok(()) } else { Err(MachineError::HiddenBootMode) }
    }

    fn kept(&self) -> Result<ModeValues, MachineError> {
        let mut kept = ModeValues::new();
        for name in self.registry.verifier_values()? {
            if let Some(value) = self.registry.get(&setting(name.clone()))? {
                kept.insert(name, value.to_string());
            }
        }
        Ok(kept)
    }

    /// Returns the commands that restore the values from before the run.
    pub(super) fn boot_mode_by_hand(&self, original: &FlagValue) -> Vec<String> {
        let Ok(before) = parsed(original) else { return Vec::new() };
        // If the present values cannot be read, all values of before are written.
        let differing = differing(&before, &self.kept().unwrap_or_default());
        differing.iter().map(|(setting, value)| self.registry.command(setting, value.as_ref())).collect()
    }
}

fn setting(name: String) -> RegistrySetting {
    RegistrySetting { key: MEMORY, value: name.into() }
}

fn parsed(value: &FlagValue) -> Result<BTreeMap<String, RegistryValue>, MachineError> {
    let FlagValue::Present(text) = value else { return Ok(BTreeMap::new()) };
    let not_a_value = || MachineError::NotAValue { name: NAME.to_owned(), text: text.clone() };
    let kept: ModeValues = serde_json::from_str(text).map_err(|_| not_a_value())?;
    let values = kept.into_iter().map(|(name, value)| match value.parse() {
        Ok(value) if may_hold_it(&name) => Ok((name, value)),
        Ok(_) | Err(value::NotAValue) => Err(not_a_value()),
    });
    values.collect()
}

/// Returns the values to write or delete so that `now` becomes `before`.
fn differing(
    before: &BTreeMap<String, RegistryValue>,
    now: &ModeValues,
) -> Vec<(RegistrySetting, Option<RegistryValue>)> {
    let gone = now.keys().filter(|name| !before.contains_key(*name)).map(|name| (setting(name.clone()), None));
    let changed = before.iter().filter(|(name, value)| now.get(*name) != Some(&value.to_string()));
    gone.chain(changed.map(|(name, value)| (setting(name.clone()), Some(value.clone())))).collect()
}
