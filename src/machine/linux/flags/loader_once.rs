//! Booting once with the parameters by systemd-boot: an entry of poolgate's, and `LoaderEntryOneShot`.
//!
//! systemd-boot removes that firmware variable before it boots the entry (systemd.io/BOOT_LOADER_INTERFACE). The entry
//! is a copy of the one that booted the running kernel, with one more `options` line. Unified kernel images have no
//! such entry. poolgate's entry must never become the default by itself. Without a `sort-key` it comes after the
//! entries that have one, and its name makes it the last of the others (`config_entry_compare` in systemd's
//! src/boot/efi/boot.c).

use std::path::{Path, PathBuf};

use super::Setting;
use crate::machine::linux::{durable, programs};
use crate::machine::{FlagValue, MachineError, SettingChange};
use crate::utf16;

/// The entry's file name and id.
pub(super) const ENTRY: &str = "a-poolgate.conf";
pub(super) const ONE_SHOT: &str = "LoaderEntryOneShot";

const FIRST_LINE: &str = "# Written by poolgate for the time of a run, which removes it.";
/// LoaderFeatures: `EFI_LOADER_FEATURE_ENTRY_ONESHOT`.
const CAN_ONE_SHOT: u8 = 1 << 3;

/// The mount point of the partition with boot loader entries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::machine::linux) enum EntriesMount {
    Boot,
    BootEfi,
    Efi,
}

impl EntriesMount {
    pub(super) const ALL: [EntriesMount; 3] = [EntriesMount::Boot, EntriesMount::BootEfi, EntriesMount::Efi];

    fn entries(self) -> &'static str {
        match self {
            EntriesMount::Boot => "boot/loader/entries",
            EntriesMount::BootEfi => "boot/efi/loader/entries",
            EntriesMount::Efi => "efi/loader/entries",
        }
    }
}

/// Returns the changes that boot a kernel with `parameters` once.
pub(super) fn plan(root: &Path, mount: EntriesMount, parameters: &[&str]) -> Result<Vec<SettingChange>, MachineError> {
    let (_, text) = entry(root).map_err(|problem| MachineError::NoBootLoader {
        parameters: parameters.join(" "),
        problem,
        remedy: "run again when no other program changes the boot loader's entries".to_owned(),
    })?;
    let file = Setting::LoaderEntry(mount);
    let original = durable::text(&file.path(root))?.map_or(FlagValue::Absent, FlagValue::Present);
    let wanted = FlagValue::Present(with(&text, parameters));
    Ok(vec![
        SettingChange { name: file.name().to_owned(), original, wanted },
        SettingChange {
            name: Setting::LoaderNext.name().to_owned(),
            original: FlagValue::Absent,
            wanted: FlagValue::Present(ENTRY.to_owned()),
        },
    ])
}

/// Returns the mount point of the entries if systemd-boot can boot once with parameters here, or else the obstacle.
pub(super) fn possible(root: &Path) -> Result<EntriesMount, &'static str> {
    entry(root).map(|(mount, _)| mount)
}

/// Returns the entry that booted the running kernel.
fn entry(root: &Path) -> Result<(EntriesMount, String), &'static str> {
    let features = fs_err::read(variable(root, "LoaderFeatures")).unwrap_or_default();
    if features.get(4).is_none_or(|features| features & CAN_ONE_SHOT == 0) {
        return Err("the boot loader cannot boot an entry once");
    }
    if programs::find(root, "bootctl").is_none() {
        return Err("bootctl is missing");
    }
    if next(root).is_some() {
        return Err("another entry is chosen for the next boot (LoaderEntryOneShot)");
    }
    let booted =
        value(root, "LoaderEntrySelected").ok_or("the boot loader does not report the entry that it booted")?;
    let found = EntriesMount::ALL.into_iter().find_map(|mount| {
        let files = fs_err::read_dir(root.join(mount.entries())).into_iter().flatten().flatten();
        let file = files.map(|file| file.path()).find(|path| id(path).is_some_and(|id| id == booted))?;
        Some((mount, fs_err::read_to_string(file).ok()?))
    });
    let (mount, text) = found.ok_or("the running kernel was not booted by a boot loader entry (*.conf)")?;
    if text.lines().any(|line| line.split_whitespace().next() == Some("linux")) {
        Ok((mount, text))
    } else {
        Err("the boot loader entry of the running kernel has no Linux kernel")
    }
}

/// Returns the id of an entry's file: its name in lower case, without the counter of boot attempts (`+3-1`).
fn id(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let stem = name.strip_suffix(".conf")?;
    let counted = stem.rsplit_once('+').filter(|(_, counter)| {
        !counter.is_empty() && counter.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    });
    Some(counted.map_or(stem, |(stem, _)| stem).to_owned() + ".conf")
}

fn with(entry: &str, parameters: &[&str]) -> String {
    let kept = entry.lines().filter(|line| line.split_whitespace().next() != Some("sort-key"));
    let kept: String = kept.map(|line| format!("{line}\n")).collect();
    format!("{FIRST_LINE}\n{kept}options {}\n", parameters.join(" "))
}

/// Returns the entry that is booted next, and only then.
pub(super) fn next(root: &Path) -> Option<String> {
    value(root, ONE_SHOT)
}

/// Chooses the entry that is booted next, or none.
pub(super) fn set_next(root: &Path, entry: Option<&str>) -> Result<(), MachineError> {
    // The firmware keeps no cache, so a variable that is missing here is gone.
    if entry.is_none() && next(root).is_none() {
        return Ok(());
    }
    let program = programs::find(root, "bootctl").ok_or_else(|| MachineError::Program {
        program: "bootctl".into(),
        problem: "it no longer exists".to_owned(),
    })?;
    programs::run(root, &program, &["set-oneshot".as_ref(), entry.unwrap_or_default().as_ref()]).map(drop)
}

/// Returns the text of a boot loader variable: UTF-16 with a NUL, after four bytes of attributes.
fn value(root: &Path, name: &str) -> Option<String> {
    let bytes = fs_err::read(variable(root, name)).ok()?;
    let text = utf16::text(bytes.get(4..)?)?;
    Some(text.trim_end_matches('\0').to_lowercase()).filter(|text| !text.is_empty())
}

fn variable(root: &Path, name: &str) -> PathBuf {
    root.join(format!("sys/firmware/efi/efivars/{name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"))
}
