//! Prints boot settings: those of Windows exactly as gflags.exe does, and those of Linux in one line each.

use serde_json::json;

use super::FlagsError;
use crate::cli::output::stdout::{say, tell};
use crate::gflags::GlobalFlag;
use crate::machine::{CurrentSettings, FlagValue, MachineError, SettingChange};

/// Prints the settings for the next boot.
pub(super) fn next_boot(current: &CurrentSettings) -> Result<(), FlagsError> {
    match current {
        CurrentSettings::GlobalFlags(flags) => {
            let Some(number) = flags.number else {
                let (name, value) = (flags.name.clone(), flags.stored.to_string());
                return Err(MachineError::NotANumber { name, value }.into());
            };
            listed("Current Boot Registry Settings are", number);
            if flags.stored == FlagValue::Absent {
                tell!("note: {} does not exist and counts as 0", flags.name);
            }
        }
        CurrentSettings::CommandLine(line) => match &line.next {
            Some((file, next)) => say!("Next boot's command line ({}): {next}", file.display()),
            None => tell!(
                "note: the next boot's command line is unknown: it is not in GRUB's or kernel-install's configuration"
            ),
        },
    }
    Ok(())
}

/// Prints the settings of the running kernel. If the kernel does not show them, that is an error only if the user
/// `asked` for them.
pub(super) fn running(current: &CurrentSettings, asked: bool) -> Result<(), FlagsError> {
    const UNTOLD: &str = "the running kernel does not report its global flags";
    match current {
        CurrentSettings::GlobalFlags(flags) => match flags.running {
            Some(number) => listed("Current Running Kernel Settings are", number),
            None if asked => {
                return Err(FlagsError::failed(UNTOLD, "`poolgate flags /r` shows those of the next boot"));
            }
            None => tell!("note: {UNTOLD}"),
        },
        CurrentSettings::CommandLine(line) => say!("Running kernel's command line: {}", line.running),
    }
    Ok(())
}

fn listed(what: &str, number: u32) {
    say!("{what}: {number:08x}");
    GlobalFlag::listed(number).for_each(|line| say!("{line}"));
}

/// Returns the settings as JSON, with the change.
pub(super) fn json(current: &CurrentSettings, changed: Option<&SettingChange>, dry_run: bool) -> String {
    let change = changed.map(|change| {
        let (setting, made) = (&change.name, !dry_run);
        json!({ "setting": setting, "original": value(&change.original), "wanted": value(&change.wanted), "made": made })
    });
    let shown = match current {
        CurrentSettings::GlobalFlags(flags) => json!({
            "next_boot": { "setting": flags.name, "value": value(&flags.stored), "flags": flags.number.map(names) },
            "running": { "flags": flags.running.map(names) },
            "change": change,
        }),
        CurrentSettings::CommandLine(line) => json!({
            "next_boot": line.next.as_ref().map(|(file, line)| json!({ "setting": file, "value": line })),
            "running": { "value": line.running },
            "change": change,
        }),
    };
    format!("{shown:#}")
}

/// Returns the exact notation of a value, or `None` (null in JSON) if it is absent.
fn value(value: &FlagValue) -> Option<&str> {
    match value {
        FlagValue::Absent => None,
        FlagValue::Present(text) => Some(text),
    }
}

fn names(number: u32) -> Vec<String> {
    GlobalFlag::set_in(number).map(GlobalFlag::to_string).collect()
}
