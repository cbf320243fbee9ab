//! Changing the kernel command line by hand: adding parameters for the next boot, and removing them again.
//!
//! poolgate can remove its own additions without trace. It does not touch parameters that others added, but reports the
//! file that contains them.

use std::path::{Path, PathBuf};

use super::{KernelParameters, Setting, grub, kernel_install, plain, running};
use crate::machine::linux::{boot, durable};
use crate::machine::{ByHand, CommandLine, CurrentSettings, Edit, Edited, FlagValue, MachineError, SettingChange};

impl ByHand for KernelParameters {
    fn current_settings(&mut self) -> Result<CurrentSettings, MachineError> {
        let running = running(&self.root)?.trim().to_owned();
        Ok(CurrentSettings::CommandLine(CommandLine { running, next: next(&self.root)? }))
    }

    fn edit(&mut self, edit: &Edit) -> Result<Option<Edited>, MachineError> {
        let (added, dropped) = match edit {
            Edit::Parameters { added, dropped } => (added, dropped),
            Edit::Switched(_) => return Err(MachineError::OnlyOnWindows("a global flag".to_owned())),
            Edit::Exactly(_) => return Err(MachineError::OnlyOnWindows("a registry value".to_owned())),
        };
        added.iter().chain(dropped).try_for_each(|parameter| plain(parameter))?;
        boot::can_restart(&self.root)?;
        let named: Vec<&str> = added.iter().chain(dropped).map(String::as_str).collect();
        let setting = Setting::find(&self.root, &named, "and restart").map_err(|error| match error {
            // The remedy only adds parameters.
            MachineError::NoBootLoader { parameters, problem, .. } if !dropped.is_empty() => {
                MachineError::NoBootLoader { parameters, problem, remedy: CHANGE_IT.to_owned() }
            }
            error => error,
        })?;
        let original = durable::text(&setting.path(&self.root))?;

        let mut text = original.clone();
        let (mut undrop, mut undo) = (Vec::new(), Vec::new());
        for parameter in dropped {
            match setting.less(text.as_deref(), parameter) {
                Some(less) => {
                    text = less;
                    undrop.push(parameter.clone());
                }
                None => setting.stands_elsewhere(&self.root, parameter)?,
            }
        }
        for parameter in added {
            if let Some(more) = setting.more(&self.root, text.as_deref(), parameter)? {
                text = Some(more);
                undo.push(parameter.clone());
            }
        }
        if text == original {
            return Ok(None);
        }
        let value = |text: Option<String>| text.map_or(FlagValue::Absent, FlagValue::Present);
        let change = SettingChange { name: setting.name().to_owned(), original: value(original), wanted: value(text) };
        Ok(Some(Edited { change, back: Edit::Parameters { added: undrop, dropped: undo } }))
    }
}

/// The remedy for a machine whose boot loader poolgate cannot change, if parameters have to be removed.
const CHANGE_IT: &str = "change the kernel's line in the boot loader's configuration by hand, and restart";

/// Returns the next boot's command line and the file that contains it.
fn next(root: &Path) -> Result<Option<(PathBuf, String)>, MachineError> {
    match Setting::find(root, &[], "") {
        Ok(setting @ Setting::KernelCmdline) => {
            let path = setting.path(root);
            Ok(durable::text(&path)?.map(|line| (path, line.trim().to_owned())))
        }
        Ok(Setting::GrubDropIn | Setting::GrubDefault) => Ok(grub::first_entry(root)),
        Ok(_) => Ok(None),
        Err(MachineError::NoBootLoader { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Setting {
    /// Returns the text with `parameter` added; `None` if poolgate added it before.
    fn more(self, root: &Path, text: Option<&str>, parameter: &str) -> Result<Option<String>, MachineError> {
        match self {
            Setting::GrubDropIn | Setting::GrubDefault => Ok(grub::more(text, parameter)),
            Setting::KernelCmdline => kernel_install::more(root, text, parameter),
            // Used only for one boot of a run, never by hand.
            Setting::GrubCustom(_) | Setting::GrubNext(_) | Setting::LoaderEntry(_) | Setting::LoaderNext => Ok(None),
        }
    }

    /// Returns the text without `parameter`. `Some(None)` removes the file; `None` means that poolgate may not remove the
    /// parameter.
    fn less(self, text: Option<&str>, parameter: &str) -> Option<Option<String>> {
        match self {
            // The file is poolgate's own, so it is removed when nothing is left in it.
            Setting::GrubDropIn => grub::less(text?, parameter).map(|text| (!text.is_empty()).then_some(text)),
            Setting::GrubDefault => grub::less(text?, parameter).map(Some),
            Setting::KernelCmdline => kernel_install::less(text?, parameter),
            Setting::GrubCustom(_) | Setting::GrubNext(_) | Setting::LoaderEntry(_) | Setting::LoaderNext => None,
        }
    }

    /// Refuses to drop a parameter if another file keeps it on the next boot's command line.
    fn stands_elsewhere(self, root: &Path, parameter: &str) -> Result<(), MachineError> {
        let place = match self {
            Setting::GrubDropIn | Setting::GrubDefault => grub::place_of(root, parameter)?,
            Setting::KernelCmdline => kernel_install::place_of(root, parameter)?,
            Setting::GrubCustom(_) | Setting::GrubNext(_) | Setting::LoaderEntry(_) | Setting::LoaderNext => None,
        };
        match place {
            Some(path) => Err(MachineError::OthersParameter { parameter: parameter.to_owned(), path }),
            None => Ok(()),
        }
    }
}
