//! Removes poolgate's part from a registry value that another program edited during the run, and keeps that edit.
//!
//! Global flags are bits: the bits that the run changed are restored, all others stay. Driver Verifier's drivers are a
//! list: drivers added by others stay. A level cannot be split, because a level set by another program may contain the
//! same bits.

use super::setting::{RegistrySetting, VERIFY_DRIVERS, VERIFY_LEVEL};
use super::{GLOBAL_FLAG, RegistryValue, notation};
use crate::machine::{FlagValue, SettingChange};

/// Returns the value with the other program's edits and without poolgate's; `None` if they cannot be separated.
pub(super) fn undone(setting: &RegistrySetting, change: &SettingChange, now: &FlagValue) -> Option<FlagValue> {
    if *now == change.wanted {
        return Some(change.original.clone());
    }
    let FlagValue::Present(now) = now else {
        // After a failed boot, Windows removes Driver Verifier's values, including those from before the run. Only a
        // user or a program removes GlobalFlag, and poolgate's part is removed with it.
        let removed = if *setting == GLOBAL_FLAG { FlagValue::Absent } else { change.original.clone() };
        return Some(removed);
    };
    let now: RegistryValue = now.parse().ok()?;
    let original = value(&change.original)?;
    let wanted = value(&change.wanted)??;
    let undone = match setting {
        setting if *setting == GLOBAL_FLAG => flags(original.as_ref(), &wanted, &now),
        setting if *setting == VERIFY_DRIVERS => drivers(original.as_ref(), &wanted, &now),
        setting if *setting == VERIFY_LEVEL => level(original.as_ref(), &wanted, &now),
        // No run changes any other setting.
        _ => None,
    };
    undone.map(notation)
}

fn flags(
    original: Option<&RegistryValue>,
    wanted: &RegistryValue,
    now: &RegistryValue,
) -> Option<Option<RegistryValue>> {
    let before = number(original)?;
    let changed = before ^ wanted.number()?;
    let number = now.number()?;
    let undone = (number & !changed) | (before & changed);
    Some(match undone {
        undone if undone == number => Some(now.clone()),
        // There was no value before the run, and no other program added a flag to it.
        0 if original.is_none() => None,
        undone => Some(now.with_number(undone)),
    })
}

/// The run replaced the whole list, so another program added any driver that is in neither list.
fn drivers(
    original: Option<&RegistryValue>,
    wanted: &RegistryValue,
    now: &RegistryValue,
) -> Option<Option<RegistryValue>> {
    let before = original.map_or(Some(String::new()), RegistryValue::text)?;
    let (ours, now_listed) = (wanted.text()?, now.text()?);
    let named = |list: &str, driver: &str| list.split_whitespace().any(|known| known.eq_ignore_ascii_case(driver));
    if !now_listed.split_whitespace().any(|driver| named(&ours, driver)) {
        // A different list.
        return Some(Some(now.clone()));
    }
    let theirs = now_listed.split_whitespace().filter(|driver| !named(&ours, driver) && !named(&before, driver));
    let theirs: Vec<&str> = theirs.collect();
    if theirs.is_empty() {
        return Some(original.cloned());
    }
    let before = Some(before.as_str()).filter(|before| !before.is_empty());
    Some(Some(RegistryValue::sz(&before.into_iter().chain(theirs).collect::<Vec<_>>().join(" "))))
}

fn level(
    original: Option<&RegistryValue>,
    wanted: &RegistryValue,
    now: &RegistryValue,
) -> Option<Option<RegistryValue>> {
    let before = number(original)?;
    let changed = before ^ wanted.number()?;
    (now.number()? & changed == before & changed).then(|| Some(now.clone()))
}

fn number(value: Option<&RegistryValue>) -> Option<u32> {
    value.map_or(Some(0), RegistryValue::number)
}

/// Parses the text of a value; `None` if it is invalid.
fn value(value: &FlagValue) -> Option<Option<RegistryValue>> {
    match value {
        FlagValue::Absent => Some(None),
        FlagValue::Present(text) => text.parse().ok().map(Some),
    }
}
