//! What `poolgate doctor` asks of a Linux machine besides what its four parts tell.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::autostart::{HOOK, LinuxAutostart, Starter};
use super::{allocinfo, boot, flags, programs};
use crate::machine::{Bugcheck, MachineError};

/// The answers. What they mean for a run is doctor's.
#[derive(Debug)]
pub struct Facts {
    /// Whether this process is root's.
    pub root: bool,
    /// Whether the machine has an id, which tells it from others.
    pub id: bool,
    /// The file which decides the kernel's parameters.
    pub parameters: Result<&'static str, MachineError>,
    /// Why parameters cannot be given to one boot only, but stay until they are removed; `None` where they can.
    pub every_boot: Option<&'static str>,
    /// What keeps the machine from being restarted.
    pub restart: Result<(), MachineError>,
    /// What would bring poolgate back after a boot.
    pub starter: Result<&'static str, MachineError>,
    /// Whether slab caches can be shrunk, for counts of what is really in use.
    pub shrinks: bool,
    /// Why the kernel's messages cannot be read, if they cannot.
    pub messages: Result<(), MachineError>,
    /// Whether the kernel counts by call site too.
    pub call_sites: bool,
}

/// What the machine below `root` answers. Changes nothing.
pub fn facts(root: &Path) -> Facts {
    let way = flags::Way::of(root, &["PARAMETER"]);
    Facts {
        root: rustix::process::geteuid().is_root(),
        id: super::machine_id(root).is_ok_and(|id| !id.is_empty()),
        every_boot: way.as_ref().ok().and_then(|way| way.every_boot),
        parameters: way.map(|way| way.setting.name()),
        restart: boot::can_restart(root),
        starter: starter(root),
        shrinks: shrinks(root),
        messages: super::kernel_place(root).map(drop),
        call_sites: allocinfo::Allocinfo::find(root).is_some(),
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

/// Where this system's kernel leaves its last words: pstore across a crash, kdump's folder.
pub fn last_words(root: &Path) -> Vec<PathBuf> {
    ["sys/fs/pstore", "var/crash"].map(|folder| root.join(folder)).into()
}

/// Never in the way [`bugchecks`] are about: kdump has saved its dump before the system is up.
pub fn saves_dumps(_: &Path) -> bool {
    false
}

/// None: what a Linux kernel leaves of a crash are files ([`last_words`]).
///
/// # Errors
/// Never.
pub fn bugchecks(_: &Path, _: Timestamp) -> Result<Vec<Bugcheck>, MachineError> {
    Ok(Vec::new())
}

/// The room which this user may fill on the file system of the folder `place`, in bytes.
///
/// # Errors
/// When the system does not tell.
pub fn free_space(place: &Path) -> io::Result<u64> {
    let found = rustix::fs::statvfs(place)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
