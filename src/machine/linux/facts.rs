//! Further facts about a Linux machine for `poolgate doctor`.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::autostart::{HOOK, LinuxAutostart, Starter};
use super::{allocinfo, boot, flags, programs};
use crate::machine::{Bugcheck, MachineError};

/// The facts. Doctor decides their meaning for a run.
#[derive(Debug)]
pub struct Facts {
    /// Whether this process runs as root.
    pub root: bool,
    /// Whether the machine has an id that distinguishes it from others.
    pub id: bool,
    /// The file that sets the kernel's parameters.
    pub parameters: Result<&'static str, MachineError>,
    /// Why parameters cannot be given to one boot only, but stay until they are removed; `None` if they can.
    pub every_boot: Option<&'static str>,
    /// Why the machine cannot be restarted, if it cannot.
    pub restart: Result<(), MachineError>,
    /// The mechanism that would start poolgate again after a boot.
    pub starter: Result<&'static str, MachineError>,
    /// Whether slab caches can be shrunk to make their counts exact.
    pub shrinks: bool,
    /// Why the kernel's messages cannot be read, if they cannot.
    pub messages: Result<(), MachineError>,
    /// Whether the kernel also counts by call site.
    pub call_sites: bool,
    /// Why the call paths of leaked objects would be unknown, if they would.
    pub call_paths: Result<(), MachineError>,
}

/// Collects the facts about the machine below `root`. Changes nothing.
pub fn facts(root: &Path) -> Facts {
    let way = flags::ParameterMethod::find(root, &["PARAMETER"]);
    Facts {
        root: rustix::process::geteuid().is_root(),
        id: super::machine_id(root).is_ok_and(|id| !id.is_empty()),
        every_boot: way.as_ref().ok().and_then(|way| way.every_boot),
        parameters: way.map(|way| way.setting.name()),
        restart: boot::can_restart(root),
        starter: starter(root),
        shrinks: shrinks(root),
        messages: super::kernel_log_position(root).map(drop),
        call_sites: allocinfo::Allocinfo::find(root).is_some(),
        call_paths: super::call_paths_available(root),
    }
}

fn starter(root: &Path) -> Result<&'static str, MachineError> {
    let autostart = LinuxAutostart { root: root.to_owned() };
    match autostart.starter()? {
        Starter::Hook(_) => Ok("the hook in etc/poolgate"),
        Starter::Systemd => Ok("systemd"),
        Starter::IdleSystemd => Err(MachineError::IdleSystemd(programs::hook_path(root, HOOK))),
        Starter::Nobody => Err(MachineError::NoAutostart(programs::hook_path(root, HOOK))),
    }
}

fn shrinks(root: &Path) -> bool {
    let caches = fs_err::read_dir(root.join("sys/kernel/slab")).into_iter().flatten().flatten();
    caches.map(|cache| cache.path().join("shrink")).any(|switch| switch.exists())
}

/// Returns the folders for crash records: pstore's (kept across a crash) and kdump's.
pub fn last_words(root: &Path) -> Vec<PathBuf> {
    ["sys/fs/pstore", "var/crash"].map(|folder| root.join(folder)).into()
}

/// Returns false: kdump has saved its dump before the system is up.
pub fn saves_dumps(_: &Path) -> bool {
    false
}

/// Returns no bugchecks: a Linux kernel leaves files after a crash ([`last_words`]).
///
/// # Errors
/// Never.
pub fn bugchecks(_: &Path, _: Timestamp) -> Result<Vec<Bugcheck>, MachineError> {
    Ok(Vec::new())
}

/// Returns the space that this user may fill on the file system of the folder `place`, in bytes.
///
/// # Errors
/// If statvfs(3) fails.
pub fn free_space(place: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(place)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
