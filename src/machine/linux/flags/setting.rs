//! The files with the kernel parameters for this machine's boot loader.

use std::path::{Path, PathBuf};

use super::grub_once::{self, Folder};
use super::loader_once::{self, EntriesMount};
use super::{grub, kernel_install};
use crate::machine::MachineError;

/// A file or variable that decides the next boot's command line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::machine::linux) enum Setting {
    /// A file of our own, if GRUB's configuration is also made from drop-ins: Debian, Ubuntu.
    GrubDropIn,
    /// GRUB's only file on other distributions: Arch, openSUSE.
    GrubDefault,
    /// The command line that kernel-install puts into systemd-boot's entries and unified kernel images
    /// (kernel-install(8)).
    KernelCmdline,
    /// The administrator's own menu entries, which GRUB reads at every boot.
    GrubCustom(Folder),
    /// The entry that GRUB boots next, and only then.
    GrubNext(Folder),
    /// An entry of systemd-boot.
    LoaderEntry(EntriesMount),
    /// The entry that systemd-boot boots next, and only then.
    LoaderNext,
}

/// The last part of the advice for a run.
const RUN_AGAIN: &str = "restart, then run again: parameters that are already there need no change";

/// How poolgate puts parameters on the command line for a run's boot.
pub(in crate::machine::linux) struct ParameterMethod {
    /// The setting to write.
    pub(in crate::machine::linux) setting: Setting,
    /// Why the parameters apply to every boot until they are removed; `None` if they apply to one boot only.
    pub(in crate::machine::linux) every_boot: Option<&'static str>,
}

impl ParameterMethod {
    /// Returns the way for this machine.
    pub(in crate::machine::linux) fn find(root: &Path, parameters: &[&str]) -> Result<ParameterMethod, MachineError> {
        let setting = Setting::find(root, parameters, RUN_AGAIN)?;
        Ok(match setting {
            Setting::GrubDropIn | Setting::GrubDefault => match grub_once::possible(root) {
                Ok(folder) => ParameterMethod { setting: Setting::GrubCustom(folder), every_boot: None },
                Err(obstacle) => ParameterMethod { setting, every_boot: Some(obstacle) },
            },
            _ if !kernel_install::booted_this(root) => {
                ParameterMethod { setting, every_boot: Some("kernel-install makes entries for every boot") }
            }
            _ => match loader_once::possible(root) {
                Ok(mount) => ParameterMethod { setting: Setting::LoaderEntry(mount), every_boot: None },
                Err(obstacle) => ParameterMethod { setting, every_boot: Some(obstacle) },
            },
        })
    }
}

impl Setting {
    pub(super) fn all() -> impl Iterator<Item = Setting> {
        let once = Folder::ALL.into_iter().flat_map(|folder| [Setting::GrubCustom(folder), Setting::GrubNext(folder)]);
        let entries = EntriesMount::ALL.into_iter().map(Setting::LoaderEntry);
        let alone = [Setting::GrubDropIn, Setting::GrubDefault, Setting::KernelCmdline, Setting::LoaderNext];
        alone.into_iter().chain(once).chain(entries)
    }

    /// The setting's name in a run's state: its path on the machine itself.
    pub(in crate::machine::linux) fn name(self) -> &'static str {
        match self {
            // The last assignment wins, so the name sorts after all files of a distribution or cloud image.
            Setting::GrubDropIn => "/etc/default/grub.d/99-poolgate.cfg",
            Setting::GrubDefault => "/etc/default/grub",
            Setting::KernelCmdline => "/etc/kernel/cmdline",
            Setting::GrubCustom(Folder::Grub) => "/boot/grub/custom.cfg",
            Setting::GrubCustom(Folder::Grub2) => "/boot/grub2/custom.cfg",
            Setting::GrubNext(Folder::Grub) => "/boot/grub/grubenv: next_entry",
            Setting::GrubNext(Folder::Grub2) => "/boot/grub2/grubenv: next_entry",
            Setting::LoaderEntry(EntriesMount::Boot) => "/boot/loader/entries/a-poolgate.conf",
            Setting::LoaderEntry(EntriesMount::BootEfi) => "/boot/efi/loader/entries/a-poolgate.conf",
            Setting::LoaderEntry(EntriesMount::Efi) => "/efi/loader/entries/a-poolgate.conf",
            Setting::LoaderNext => loader_once::ONE_SHOT,
        }
    }

    /// Returns the setting `name`. Files that are not listed here are never written, even if a run's state names them.
    pub(super) fn named(name: &str) -> Result<Setting, MachineError> {
        let found = Setting::all().find(|setting| setting.name() == name);
        found.ok_or_else(|| MachineError::UnknownSetting(name.to_owned()))
    }

    pub(super) fn path(self, root: &Path) -> PathBuf {
        match self {
            Setting::GrubNext(folder) => grub_once::block(root, folder),
            _ => root.join(self.name().trim_start_matches('/')),
        }
    }

    /// Returns this machine's setting for every boot. If there is none, the error says how to add `parameters` by hand;
    /// `then` is the last part of that advice.
    pub(super) fn find(root: &Path, parameters: &[&str], then: &str) -> Result<Setting, MachineError> {
        let no_boot_loader = |problem, remedy: String| MachineError::NoBootLoader {
            parameters: parameters.join(" "),
            problem,
            remedy: format!("{remedy}, {then}"),
        };
        let kernel_install = kernel_install::is_ready(root);
        if kernel_install && kernel_install::booted_this(root) {
            return Ok(Setting::KernelCmdline);
        }
        if grub::uses_entries(root)? {
            let remedy = format!("run `grubby --update-kernel=ALL --args=\"{}\"`", parameters.join(" "));
            let problem = "its GRUB reads boot loader entries, and only grubby changes these";
            return Err(no_boot_loader(problem, remedy));
        }
        if let Some(setting) = grub::setting(root)? {
            return Ok(setting);
        }
        if kernel_install && Setting::KernelCmdline.path(root).exists() {
            return Ok(Setting::KernelCmdline);
        }
        let remedy =
            format!("add this to the kernel's line in the boot loader's configuration: {}", parameters.join(" "));
        Err(no_boot_loader("neither GRUB with its update program nor kernel-install with a kernel was found", remedy))
    }
}
