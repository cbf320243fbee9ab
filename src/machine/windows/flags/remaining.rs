//! The commands which finish putting a registry value back: reg.exe's, where it can write the value exactly.
//!
//! Source: Microsoft Learn, "reg add" and "reg delete". `verifier /reset` is not among them: it also removes what was
//! there before the run.

use super::Value;
use super::setting::Setting;
use crate::machine::Change;

/// Makes the value exactly this one, or removes it.
pub(super) fn command(setting: &Setting, value: Option<&Value>) -> String {
    let place = format!(r#""HKLM\{}" /v {}"#, setting.key, setting.value);
    let Some(value) = value else { return format!("reg delete {place} /f") };
    match value.for_reg() {
        Some((kind, data)) => format!("reg add {place} /t {kind} /d {data} /f"),
        None => format!("make {setting} exactly {value}, which reg.exe cannot write: in regedit, or by the API"),
    }
}

/// What to look at when somebody else changed the value, and poolgate's part in it cannot be told from theirs.
pub(super) fn look(name: &str, change: &Change) -> String {
    format!(
        "look at {name} and take out what the run put there: it was {}, and the run made it {}",
        change.original, change.wanted
    )
}
