//! Commands for finishing the restoration of a registry value by hand: reg.exe's, if it can write the exact value.
//!
//! Source: Microsoft Learn, "reg add" and "reg delete". `verifier /reset` is not used, because it also removes settings
//! from before the run.

use super::RegistryValue;
use super::setting::RegistrySetting;
use crate::machine::SettingChange;

/// Returns the command that sets the value to exactly `value`, or removes it.
pub(super) fn command(setting: &RegistrySetting, value: Option<&RegistryValue>) -> String {
    let place = format!(r#""HKLM\{}" /v {}"#, setting.key, setting.value);
    let Some(value) = value else { return format!("reg delete {place} /f") };
    match value.for_reg() {
        Some((kind, data)) => format!("reg add {place} /t {kind} /d {data} /f"),
        None => format!("make {setting} exactly {value}, which reg.exe cannot write: in regedit, or by the API"),
    }
}

/// Returns the instruction for a value that another program changed so that poolgate's part cannot be separated.
pub(super) fn look(name: &str, change: &SettingChange) -> String {
    format!(
        "look at {name} and remove the run's part: the value was {}, and the run made it {}",
        change.original, change.wanted
    )
}
