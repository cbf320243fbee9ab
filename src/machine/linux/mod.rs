//! Linux: slab caches take the place of pool tags, and kernel parameters the place of registry values.
//!
//! Every path is below a `root` given by the caller, so tests give every reader its text, and a container can read its
//! host's kernel. docs/linux.md describes the procedure on each kind of machine, and the hooks that replace it.

use std::io;
use std::path::{Path, PathBuf};

use super::{ByHand, Machine, MachineError, ObjectSource};

mod allocinfo;
mod autostart;
mod boot;
mod driver;
mod durable;
mod facts;
mod flags;
mod kmemleak;
mod kmsg;
mod line;
mod lock;
mod memory;
#[cfg(all(target_os = "linux", feature = "objects"))]
mod objects;
mod proc_text;
mod programs;
mod shrink;
mod slabinfo;
mod tables;
mod trust;
mod unit;

pub use driver::{driver, images};
pub use facts::{Facts, bugchecks, facts, free_space, last_words, saves_dumps};
pub use kmemleak::Kmemleak;
pub use kmsg::{kernel_log_position, kernel_messages};
pub use lock::{is_locked, open_lock, open_to_look, try_lock};
#[cfg(all(target_os = "linux", feature = "objects"))]
pub use objects::{ObjectTracer, TracerError, Unavailable};
pub use tables::MemoryTables;
pub use trust::{
    commands_trusted, copy_trusted_folder, give_away, hand_over, make_run_folder, make_state, may_list_states,
    prepare_state_folder, read_trusted, state_folder, system_path, trusted, trusted_below, trusted_itself,
};

/// Returns an id that distinguishes this machine from others: a state folder may be restored onto another machine.
/// Empty if the machine has no id.
///
/// # Errors
/// If the id exists but cannot be read.
pub fn machine_id(root: &Path) -> Result<String, MachineError> {
    let path = root.join("etc/machine-id");
    match fs_err::read_to_string(&path) {
        Ok(id) => Ok(id.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(MachineError::unreadable(path, source)),
    }
}

/// Whether this process may change boot settings and keep the state of runs in a folder that only root can write to.
pub fn is_privileged() -> bool {
    rustix::process::geteuid().is_root()
}

/// The file that marks the machine as in use by a run. Only root can sample, so only root can enter the file's folder:
/// any process that can open the file can lock it and block every run.
pub fn lock_file(root: &Path) -> PathBuf {
    root.join("run/poolgate/machine.lock")
}

/// Extends the umask so that only the owner can write to files this process creates. Read permission for others stays
/// as it was.
pub fn keep_others_from_writing() {
    let others_write = rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH;
    // The mask can only be read by setting it.
    let given = rustix::process::umask(others_write);
    rustix::process::umask(given | others_write);
}

/// Returns the machine with its `/proc` and `/sys` below `root` (`/` for this one).
pub fn machine(root: &Path) -> Machine {
    Machine {
        pool: Box::new(tables::MemoryTables::new(root)),
        flags: Box::new(flags::KernelParameters { root: root.to_owned() }),
        boot: Box::new(boot::LinuxBoot { root: root.to_owned() }),
        autostart: Box::new(autostart::LinuxAutostart { root: root.to_owned() }),
        objects: object_tracer(root),
    }
}

/// Returns the tracer of the running kernel. Files below another root describe another kernel.
#[cfg(all(target_os = "linux", feature = "objects"))]
fn object_tracer(root: &Path) -> Option<Box<dyn ObjectSource>> {
    (root == Path::new("/")).then(|| Box::new(objects::SlabObjects::default()) as Box<dyn ObjectSource>)
}

#[cfg(not(all(target_os = "linux", feature = "objects")))]
fn object_tracer(_: &Path) -> Option<Box<dyn ObjectSource>> {
    None
}

/// Returns an error with the reason if objects cannot be followed by call path.
fn call_paths_available(root: &Path) -> Result<(), MachineError> {
    if root != Path::new("/") {
        let problem = format!("{} may belong to another kernel than the running one", root.display());
        return Err(MachineError::NotFollowed { problem, help: Some("leave out `--root`".to_owned()) });
    }
    objects_available()
}

#[cfg(all(target_os = "linux", feature = "objects"))]
fn objects_available() -> Result<(), MachineError> {
    objects::available()
}

#[cfg(not(all(target_os = "linux", feature = "objects")))]
fn objects_available() -> Result<(), MachineError> {
    let problem = "this poolgate was built without the tracer of objects".to_owned();
    Err(MachineError::NotFollowed { problem, help: Some("build it for Linux with its default features".to_owned()) })
}

/// Returns the kernel command line of that machine, for changes by hand.
pub fn by_hand(root: &Path) -> Box<dyn ByHand> {
    Box::new(flags::KernelParameters { root: root.to_owned() })
}
