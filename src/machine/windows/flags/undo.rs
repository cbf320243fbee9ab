//! Removes poolgate's part of a registry value which somebody else edited during the run, and keeps theirs.
//!
//! Global flags are bits: those which the run changed go back, all others stay. Driver Verifier's drivers are a list:
//! those which somebody added stay. A level cannot be taken apart, since one which somebody set anew may hold the same
//! bits.

use super::setting::{Setting, VERIFY_DRIVERS, VERIFY_LEVEL};
use super::{GLOBAL_FLAG, Value, notation};
use crate::machine::{Change, FlagValue};

/// The value with their edits and without poolgate's; `None` when they cannot be told apart.
pub(super) fn undone(setting: &Setting, change: &Change, now: &FlagValue) -> Option<FlagValue> {
    if *now == change.wanted {
        return Some(change.original.clone());
    }
    let FlagValue::Present(now) = now else {
        // Windows removes Driver Verifier's values when a boot fails, and what was there before the run with them.
        // GlobalFlag only a person removes, and poolgate's part goes with it.
        let removed = if *setting == GLOBAL_FLAG { FlagValue::Absent } else { change.original.clone() };
        return Some(removed);
    };
    let now: Value = now.parse().ok()?;
    let original = value(&change.original)?;
    let wanted = value(&change.wanted)??;
    let undone = match setting {
        setting if *setting == GLOBAL_FLAG => flags(original.as_ref(), &wanted, &now),
        setting if *setting == VERIFY_DRIVERS => drivers(original.as_ref(), &wanted, &now),
        setting if *setting == VERIFY_LEVEL => level(original.as_ref(), &wanted, &now),
        // No run changes another one.
        _ => None,
    };
    undone.map(notation)
}

fn flags(original: Option<&Value>, wanted: &Value, now: &Value) -> Option<Option<Value>> {
    let before = number(original)?;
    let changed = before ^ wanted.number()?;
    let number = now.number()?;
    let undone = (number & !changed) | (before & changed);
    Some(match undone {
        undone if undone == number => Some(now.clone()),
        // There was no value before, and nobody put anything of theirs into ours.
        0 if original.is_none() => None,
        undone => Some(now.with_number(undone)),
    })
}

/// The run replaced the list by its own, so what is in neither was added by somebody else.
fn drivers(original: Option<&Value>, wanted: &Value, now: &Value) -> Option<Option<Value>> {
    let before = original.map_or(Some(String::new()), Value::text)?;
    let (ours, now_listed) = (wanted.text()?, now.text()?);
    let named = |list: &str, driver: &str| list.split_whitespace().any(|known| known.eq_ignore_ascii_case(driver));
    if !now_listed.split_whitespace().any(|driver| named(&ours, driver)) {
        // Another list altogether.
        return Some(Some(now.clone()));
    }
    let theirs = now_listed.split_whitespace().filter(|driver| !named(&ours, driver) && !named(&before, driver));
    let theirs: Vec<&str> = theirs.collect();
    if theirs.is_empty() {
        return Some(original.cloned());
    }
    let before = Some(before.as_str()).filter(|before| !before.is_empty());
    Some(Some(Value::sz(&before.into_iter().chain(theirs).collect::<Vec<_>>().join(" "))))
}

fn level(original: Option<&Value>, wanted: &Value, now: &Value) -> Option<Option<Value>> {
    let before = number(original)?;
    let changed = before ^ wanted.number()?;
    (now.number()? & changed == before & changed).then(|| Some(now.clone()))
}

fn number(value: Option<&Value>) -> Option<u32> {
    value.map_or(Some(0), Value::number)
}

/// `None` when the text stands for no value.
fn value(value: &FlagValue) -> Option<Option<Value>> {
    match value {
        FlagValue::Absent => Some(None),
        FlagValue::Present(text) => text.parse().ok().map(Some),
    }
}
