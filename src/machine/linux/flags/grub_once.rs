//! Booting once with the parameters: an entry of poolgate's in `custom.cfg`, and GRUB's `next_entry`.
//!
//! GRUB removes `next_entry` from its environment block before it boots the entry, and `grub.cfg` is not changed. If
//! the kernel hangs, the next reset boots the default entry, as before the run. This needs a GRUB that can write its
//! environment block (not on btrfs, ZFS, LVM or RAID), and a `grub.cfg` with both features (`00_header` and
//! `41_custom`, part of GRUB since 2.00).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Setting, command_line, grub, grub_env, grub_menu};
use crate::machine::linux::{durable, programs};
use crate::machine::{FlagValue, MachineError, SettingChange};

/// The id of the entry, and the value of `next_entry`.
pub(super) const ENTRY: &str = "poolgate";
pub(super) const NEXT_ENTRY: &str = "next_entry";

const FIRST_LINE: &str = "# Written by poolgate for the time of a run, which puts this file back as it was.";
const LAST_LINE: &str = "# The end of what poolgate wrote.";

/// The folder with GRUB's files.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::machine::linux) enum Folder {
    Grub,
    Grub2,
}

/// Why GRUB cannot boot once with parameters on this machine.
pub(in crate::machine::linux) type Obstacle = &'static str;

/// Returns the changes that boot a kernel with `parameters` once.
pub(super) fn plan(root: &Path, folder: Folder, parameters: &[&str]) -> Result<Vec<SettingChange>, MachineError> {
    let (_, entry) = entry(root).map_err(|problem| MachineError::NoBootLoader {
        parameters: parameters.join(" "),
        problem,
        remedy: "run again when no other program changes GRUB's configuration".to_owned(),
    })?;
    let custom = Setting::GrubCustom(folder);
    let original = durable::text(&custom.path(root))?;
    let wanted = with(original.as_deref(), &entry, parameters);
    let original = original.map_or(FlagValue::Absent, FlagValue::Present);
    let next = Setting::GrubNext(folder).name().to_owned();
    Ok(vec![
        SettingChange { name: custom.name().to_owned(), original, wanted: FlagValue::Present(wanted) },
        SettingChange { name: next, original: FlagValue::Absent, wanted: FlagValue::Present(ENTRY.to_owned()) },
    ])
}

/// Returns GRUB's folder if GRUB can boot once with parameters here.
pub(super) fn possible(root: &Path) -> Result<Folder, Obstacle> {
    entry(root).map(|(folder, _)| folder)
}

/// Returns the entry that boots by default, and GRUB's folder.
fn entry(root: &Path) -> Result<(Folder, grub_menu::MenuEntry), Obstacle> {
    let configuration = grub::configuration(root).ok_or("there is no grub.cfg")?;
    let folder = if configuration == root.join("boot/grub/grub.cfg") { Folder::Grub } else { Folder::Grub2 };
    let text = fs_err::read_to_string(&configuration).map_err(|_| "grub.cfg cannot be read")?;
    if !text.contains("save_env next_entry") || !text.contains("set default=\"${next_entry}\"") {
        return Err("grub.cfg does not use next_entry");
    }
    if !text.contains("source ${config_directory}/custom.cfg") {
        return Err("grub.cfg does not read custom.cfg");
    }
    let block = Setting::GrubNext(folder).path(root);
    if !grub_env::is_block(&block) {
        return Err("GRUB has no environment block");
    }
    let value = |name| grub_env::get(&block, name).map_err(|_| "GRUB's environment block cannot be read");
    if value(NEXT_ENTRY)?.is_some() {
        return Err("another entry is chosen for the next boot (next_entry)");
    }
    can_write(root, &block)?;
    let entry = grub_menu::default_entry(&text, value("saved_entry")?.as_deref());
    let entry = entry.filter(|entry| entry.commands.iter().any(|line| grub::loads_kernel(line)));
    Ok((folder, entry.ok_or("poolgate cannot read the entry that boots by default")?))
}

/// Checks that GRUB can write its environment block, by the rules of grub-mkconfig (`check_writable` in `00_header`).
fn can_write(root: &Path, block: &Path) -> Result<(), Obstacle> {
    let probe = ["grub-probe", "grub2-probe"].into_iter().find_map(|name| programs::find(root, name));
    let probe = probe.ok_or("grub-probe is missing")?;
    let said = |target: &str| {
        let target = format!("--target={target}");
        let said = programs::run(root, &probe, &[OsStr::new(&target), block.as_os_str()]);
        said.map(|said| String::from_utf8_lossy(&said).trim().to_owned()).map_err(|_| "grub-probe fails")
    };
    if !["ext2", "xfs", "fat"].contains(&said("fs")?.as_str()) {
        return Err("GRUB cannot write to the file system of its folder");
    }
    match said("abstraction")?.as_str() {
        "" => Ok(()),
        _ => Err("GRUB cannot write to LVM, RAID or encrypted disks"),
    }
}

/// Returns `original` with an entry of poolgate's: the commands of `entry`, with `parameters` on the kernel's command
/// line.
fn with(original: Option<&str>, entry: &grub_menu::MenuEntry, parameters: &[&str]) -> String {
    let original = original.unwrap_or_default();
    let newline = if original.is_empty() || original.ends_with('\n') { "" } else { "\n" };
    let options: String = entry.options.iter().map(|option| format!(" '{}'", option.replace('\'', r"'\''"))).collect();
    let commands = entry.commands.iter().map(|line| match grub::loads_kernel(line) {
        true => command_line::with(line, parameters) + "\n",
        false => format!("{line}\n"),
    });
    let commands: String = commands.collect();
    format!(
        "{original}{newline}{FIRST_LINE}\nmenuentry 'poolgate'{options} --id '{ENTRY}' {{\n{commands}}}\n{LAST_LINE}\n"
    )
}

/// Returns `now` without the entry that [`with`] added to `original`; `None` if the entry cannot be separated from
/// other edits.
pub(super) fn without(original: &str, wanted: &str, now: &str) -> Option<String> {
    let block = wanted.strip_prefix(original)?;
    let (ended, block) = (!block.starts_with('\n'), block.trim_start_matches('\n'));
    let range = match now.rfind(block) {
        Some(at) => at..at + block.len(),
        // The text between poolgate's first and last line was edited.
        None => match (now.rfind(FIRST_LINE), now.rfind(LAST_LINE)) {
            (Some(first), Some(last)) if first < last => first..now.len().min(last + LAST_LINE.len() + 1),
            (None, None) if !now.contains(&format!("--id '{ENTRY}'")) => return Some(now.to_owned()),
            _ => return None,
        },
    };
    let (before, behind) = (&now[..range.start], &now[range.end..]);
    // The line end before the entry was poolgate's, too.
    let before = if !ended && behind.is_empty() { before.strip_suffix('\n').unwrap_or(before) } else { before };
    Some(format!("{before}{behind}"))
}

/// Returns the command that removes the entry from `file` (quoted for a shell) and keeps all other text.
pub(super) fn sed(file: &str) -> String {
    format!("sed -i '/^# Written by poolgate/,/^{LAST_LINE}/d' {file}")
}

impl Folder {
    pub(super) const ALL: [Folder; 2] = [Folder::Grub, Folder::Grub2];
}

/// Returns the path of the environment block below `root`.
pub(super) fn block(root: &Path, folder: Folder) -> PathBuf {
    root.join(match folder {
        Folder::Grub => "boot/grub/grubenv",
        Folder::Grub2 => "boot/grub2/grubenv",
    })
}
