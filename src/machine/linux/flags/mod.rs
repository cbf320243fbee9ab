//! The kernel command line as boot settings.
//!
//! `/proc/cmdline` has the line that the kernel was booted with. The source of the next boot's line depends on the
//! boot loader ([`Setting`]). A setting is one whole file, saved and restored byte for byte. After every change of a file, poolgate
//! runs the program that turns it into the boot loader's own configuration.

use std::path::{Path, PathBuf};

use super::{boot, durable};
use crate::machine::{BootSettings, FlagValue, MachineError, RequestedSetting, SettingChange};

mod by_hand;
mod command_line;
mod grub;
mod grub_env;
mod grub_menu;
mod grub_once;
mod kernel_install;
mod loader_once;
mod remaining;
mod setting;
mod undo;

pub(super) use setting::ParameterMethod;
use setting::Setting;

pub(super) struct KernelParameters {
    pub(super) root: PathBuf,
}

impl BootSettings for KernelParameters {
    fn plan(&mut self, asked: &[RequestedSetting]) -> Result<Vec<SettingChange>, MachineError> {
        let parameters = parameters(asked)?;
        if parameters.is_empty() || self.runs_with(&parameters)? {
            return Ok(Vec::new());
        }
        boot::can_restart(&self.root)?;
        let ParameterMethod { setting, .. } = ParameterMethod::find(&self.root, &parameters)?;
        let original = durable::text(&setting.path(&self.root))?;
        let wanted = match setting {
            Setting::GrubDropIn | Setting::GrubDefault => grub::with(original.as_deref(), &parameters),
            Setting::KernelCmdline => kernel_install::with(&self.root, original.as_deref(), &parameters)?,
            Setting::GrubCustom(folder) | Setting::GrubNext(folder) => {
                return grub_once::plan(&self.root, folder, &parameters);
            }
            Setting::LoaderEntry(mount) => return loader_once::plan(&self.root, mount, &parameters),
            Setting::LoaderNext => return Err(MachineError::UnknownSetting(setting.name().to_owned())),
        };
        let original = original.map_or(FlagValue::Absent, FlagValue::Present);
        Ok(vec![SettingChange { name: setting.name().to_owned(), original, wanted: FlagValue::Present(wanted) }])
    }

    fn in_force(&mut self, asked: &[RequestedSetting]) -> Result<bool, MachineError> {
        let parameters = parameters(asked)?;
        Ok(parameters.is_empty() || self.runs_with(&parameters)?)
    }

    fn read(&self, name: &str) -> Result<FlagValue, MachineError> {
        let setting = Setting::named(name)?;
        let path = setting.path(&self.root);
        let text = match setting {
            Setting::GrubNext(_) => grub_env::get(&path, grub_once::NEXT_ENTRY)?,
            Setting::LoaderNext => loader_once::next(&self.root),
            _ => durable::text(&path)?,
        };
        Ok(text.map_or(FlagValue::Absent, FlagValue::Present))
    }

    fn write(&mut self, name: &str, value: &FlagValue) -> Result<(), MachineError> {
        let setting = Setting::named(name)?;
        let path = setting.path(&self.root);
        match (setting, value) {
            (Setting::KernelCmdline, FlagValue::Absent) => kernel_install::remove(&self.root, &path),
            (Setting::KernelCmdline, FlagValue::Present(text)) => {
                durable::replace(&path, text)?;
                kernel_install::regenerate(&self.root).map_err(|error| not_made(&path, error))
            }
            // Runs even if the file is correct already, because an earlier attempt may have failed after writing it.
            (Setting::GrubDropIn | Setting::GrubDefault, FlagValue::Absent) => {
                durable::remove(&path)?;
                grub::regenerate(&self.root).map_err(|error| not_made(&path, error))
            }
            (Setting::GrubDropIn | Setting::GrubDefault, FlagValue::Present(text)) => {
                durable::replace(&path, text)?;
                grub::regenerate(&self.root).map_err(|error| not_made(&path, error))
            }
            // The boot loader reads the other files directly; no program has to run.
            (Setting::GrubCustom(_) | Setting::LoaderEntry(_), FlagValue::Absent) => durable::remove(&path),
            (Setting::GrubCustom(_) | Setting::LoaderEntry(_), FlagValue::Present(text)) => {
                durable::replace(&path, text)
            }
            (Setting::LoaderNext, value) => loader_once::set_next(&self.root, text(value)),
            (Setting::GrubNext(_), value) => grub_env::set(&path, grub_once::NEXT_ENTRY, text(value)),
        }
    }

    fn undo(&self, change: &SettingChange, now: &FlagValue) -> Option<FlagValue> {
        let setting = Setting::named(&change.name).ok()?;
        let rest = undo::undone(setting, text(&change.original), text(&change.wanted)?, text(now))?;
        Some(rest.map_or(FlagValue::Absent, FlagValue::Present))
    }

    fn by_hand(&self, change: &SettingChange, now: Option<&FlagValue>, saved: &Path) -> Vec<String> {
        remaining::commands(&self.root, change, now, saved)
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        // LoaderNext is stored by the firmware, which keeps no cache.
        for setting in Setting::all().filter(|setting| *setting != Setting::LoaderNext) {
            let path = setting.path(&self.root);
            durable::sync(&path)?;
            durable::sync(path.parent().unwrap_or(&path))?;
        }
        flush_boot(&self.root)
    }
}

impl KernelParameters {
    /// Whether the running kernel was booted with all of `parameters`.
    fn runs_with(&self, parameters: &[&str]) -> Result<bool, MachineError> {
        let line = running(&self.root)?;
        Ok(parameters.iter().all(|parameter| command_line::has(&line, parameter)))
    }
}

/// Returns the line that the running kernel was booted with.
fn running(root: &Path) -> Result<String, MachineError> {
    let path = root.join("proc/cmdline");
    let bytes = match fs_err::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(MachineError::unreadable(path, source)),
    };
    String::from_utf8(bytes).map_err(|_| MachineError::NotText(path))
}

fn text(value: &FlagValue) -> Option<&str> {
    match value {
        FlagValue::Absent => None,
        FlagValue::Present(text) => Some(text),
    }
}

/// The error if the file is correct, but the boot loader's configuration could not be made from it.
fn not_made(file: &Path, error: MachineError) -> MachineError {
    MachineError::NotMade { file: file.to_owned(), source: Box::new(error) }
}

/// Syncs the file systems that a boot loader reads, because not every program that writes there does.
fn flush_boot(root: &Path) -> Result<(), MachineError> {
    ["boot", "boot/efi", "efi"].iter().try_for_each(|folder| durable::sync_file_system(&root.join(folder)))
}

/// Returns the settings in `asked` as kernel parameters.
fn parameters(asked: &[RequestedSetting]) -> Result<Vec<&str>, MachineError> {
    // Slab caches are always counted, so pool tagging is never off.
    asked.iter().filter(|asked| **asked != RequestedSetting::PoolTagging).map(parameter).collect()
}

fn parameter(asked: &RequestedSetting) -> Result<&str, MachineError> {
    let parameter = match asked {
        RequestedSetting::KernelParameter(parameter) => parameter,
        RequestedSetting::PoolTagging => return Err(MachineError::OnlyOnWindows("pool tagging".to_owned())),
        RequestedSetting::GlobalFlag(flag) => return Err(MachineError::OnlyOnWindows(format!("global flag {flag}"))),
        RequestedSetting::Verifier(_) => return Err(MachineError::OnlyOnWindows("Driver Verifier".to_owned())),
    };
    plain(parameter).map(|()| parameter.as_str())
}

/// Rejects a parameter that would not reach the kernel unchanged.
fn plain(parameter: &str) -> Result<(), MachineError> {
    // All other characters have a meaning for the shell that sources GRUB's file, for GRUB itself, or for the kernel.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._=,:/@+-".contains(&byte);
    let problem = match parameter.as_bytes() {
        [] => "is empty",
        [b'-', ..] => "begins with -, so the kernel would pass it to init",
        bytes if !bytes.iter().all(|&byte| plain(byte)) => "has characters that a boot loader would change",
        _ => return Ok(()),
    };
    Err(MachineError::Parameter { parameter: parameter.to_owned(), problem })
}
