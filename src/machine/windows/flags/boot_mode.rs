//! Driver Verifier's boot mode: `verifier /bootmode resetonbootfail` for the run, and the mode of before after it.
//!
//! Microsoft Learn, "Driver Verifier Command Syntax", documents the command. No public source documents where the mode is
//! kept, and verifier.exe prints it in the language of whoever runs it. So poolgate keeps every value of Driver Verifier's
//! key that may hold the mode (those whose name begins with `Verif`) as it was found, has verifier.exe set the mode, makes
//! sure that one of these values depends on the mode, and writes them back after the run. Where none does the run is
//! refused: a mode that cannot be put back is not set.

use std::collections::BTreeMap;

use super::setting::{MEMORY, Setting, VERIFY_DRIVERS, VERIFY_LEVEL};
use super::{Registry, RegistryFlags, Value, value};
use crate::machine::{Change, FlagValue, MachineError};

/// What this setting is called in plans, checkpoints and reports.
pub(super) const NAME: &str = "Driver Verifier's boot mode";

/// The values that may hold the mode, by name, in poolgate's notation.
type Kept = BTreeMap<String, String>;

/// A boot mode, as verifier.exe takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::machine) enum BootMode {
    /// The settings hold at every boot: Windows' default.
    Persistent,
    /// They hold until a boot fails.
    ResetOnBootFail,
}

impl BootMode {
    /// The word for it on verifier.exe's command line.
    pub(in crate::machine) fn word(self) -> &'static str {
        match self {
            BootMode::Persistent => "persistent",
            BootMode::ResetOnBootFail => "resetonbootfail",
        }
    }
}

/// Whether a value of Driver Verifier's key may hold the boot mode.
pub(in crate::machine) fn may_hold_it(name: &str) -> bool {
    let others = [&VERIFY_DRIVERS.value, &VERIFY_LEVEL.value];
    name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("verif"))
        && !others.iter().any(|other| name.eq_ignore_ascii_case(other))
}

impl<R: Registry> RegistryFlags<R> {
    /// The change to `resetonbootfail`. It is made whatever the mode is now, since nothing tells.
    pub(super) fn boot_mode_change(&self) -> Result<Change, MachineError> {
        let wanted = FlagValue::Present(BootMode::ResetOnBootFail.word().to_owned());
        Ok(Change { name: NAME.to_owned(), original: self.boot_mode()?, wanted })
    }

    /// The values that may hold the mode, as text; absent where there are none.
    pub(super) fn boot_mode(&self) -> Result<FlagValue, MachineError> {
        let kept = self.kept()?;
        if kept.is_empty() {
            return Ok(FlagValue::Absent);
        }
        let fields = kept.into_iter().map(|(name, value)| (name, value.into()));
        Ok(FlagValue::Present(serde_json::Value::Object(fields.collect()).to_string()))
    }

    /// Sets the mode, or puts the values of before back.
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
        // Either the mode was this one already, or it is kept where poolgate does not look: another mode shows which.
        self.registry.boot_mode(BootMode::Persistent)?;
        let visible = self.kept()? != set;
        self.registry.boot_mode(BootMode::ResetOnBootFail)?;
        if visible { Ok(()) } else { Err(MachineError::HiddenBootMode) }
    }

    fn kept(&self) -> Result<Kept, MachineError> {
        let mut kept = Kept::new();
        for name in self.registry.verifier_values()? {
            if let Some(value) = self.registry.get(&setting(name.clone()))? {
                kept.insert(name, value.to_string());
            }
        }
        Ok(kept)
    }

    /// The commands which put the values of before back.
    pub(super) fn boot_mode_by_hand(&self, original: &FlagValue) -> Vec<String> {
        let Ok(before) = parsed(original) else { return Vec::new() };
        // Values that cannot be read are written whatever they are.
        let differing = differing(&before, &self.kept().unwrap_or_default());
        differing.iter().map(|(setting, value)| self.registry.command(setting, value.as_ref())).collect()
    }
}

fn setting(name: String) -> Setting {
    Setting { key: MEMORY, value: name.into() }
}

fn parsed(value: &FlagValue) -> Result<BTreeMap<String, Value>, MachineError> {
    let FlagValue::Present(text) = value else { return Ok(BTreeMap::new()) };
    let not_a_value = || MachineError::NotAValue { name: NAME.to_owned(), text: text.clone() };
    let kept: Kept = serde_json::from_str(text).map_err(|_| not_a_value())?;
    let values = kept.into_iter().map(|(name, value)| match value.parse() {
        Ok(value) if may_hold_it(&name) => Ok((name, value)),
        Ok(_) | Err(value::NotAValue) => Err(not_a_value()),
    });
    values.collect()
}

/// What has to be written (or deleted) for `now` to become `before`.
fn differing(before: &BTreeMap<String, Value>, now: &Kept) -> Vec<(Setting, Option<Value>)> {
    let gone = now.keys().filter(|name| !before.contains_key(*name)).map(|name| (setting(name.clone()), None));
    let changed = before.iter().filter(|(name, value)| now.get(*name) != Some(&value.to_string()));
    gone.chain(changed.map(|(name, value)| (setting(name.clone()), Some(value.clone())))).collect()
}
