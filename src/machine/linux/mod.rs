//! Linux: slab caches take the place of pool tags, and kernel parameters of registry values.
//!
//! Every path is below a `root` given by the caller, so that any reader can be tried on any text, and so that a
//! container can look at its host's kernel. docs/linux.md says what is done on which machine, and by which hooks an
//! administrator can have it done otherwise.

use std::io;
use std::path::{Path, PathBuf};

use super::{ByHand, Machine, MachineError};

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
pub use kmsg::{kernel_messages, kernel_place};
pub use lock::{is_locked, open_lock, open_to_look, try_lock};
pub use tables::Tables;
pub use trust::{
    commands_trusted, copy_trusted_folder, give_away, hand_over, make_run_folder, make_state, may_list_states,
    prepare_state_folder, read_trusted, state_folder, system_path, trusted, trusted_below, trusted_itself,
};

/// What tells this machine from others: a state folder may be restored onto another one. Empty if the machine has no id.
///
/// # Errors
/// When the id is there and cannot be read.
pub fn machine_id(root: &Path) -> Result<String, MachineError> {
    let path = root.join("etc/machine-id");
    match fs_err::read_to_string(&path) {
        Ok(id) => Ok(id.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(MachineError::Unreadable { path, source }),
    }
}

/// Whether this process may change boot settings and keep the state of runs where only root can write.
pub fn is_privileged() -> bool {
    rustix::process::geteuid().is_root()
}

/// The file that says that a run owns this machine, in a folder that only root can enter, as only root can sample: whoever
/// could open it could lock it, and keep every run away.
pub fn lock_file(root: &Path) -> PathBuf {
    root.join("run/poolgate/machine.lock")
}

/// Sees to it that nobody but its owner can write to what this process makes from now on, whatever it was started with. What
/// it lets others read is left as it is.
pub fn keep_others_from_writing() {
    let others_write = rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH;
    // The mask can only be read by setting it.
    let given = rustix::process::umask(others_write);
    rustix::process::umask(given | others_write);
}

/// The machine whose `/proc` and `/sys` are below `root` (`/` for this one).
pub fn machine(root: &Path) -> Machine {
    Machine {
        pool: Box::new(tables::Tables::new(root)),
        flags: Box::new(flags::KernelParameters { root: root.to_owned() }),
        boot: Box::new(boot::LinuxBoot { root: root.to_owned() }),
        autostart: Box::new(autostart::LinuxAutostart { root: root.to_owned() }),
    }
}

/// The kernel command line of that machine, for a person to change.
pub fn by_hand(root: &Path) -> Box<dyn ByHand> {
    Box::new(flags::KernelParameters { root: root.to_owned() })
}
