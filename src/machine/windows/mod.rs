//! Windows: pool tags from the kernel, flags in the registry, and a service that resumes poolgate after a boot.
//!
//! System calls are behind small functions, so that layouts, tables and decisions are plain Rust, compiled and tested
//! on every platform. All unsafe code of poolgate is in this folder.

#[cfg(windows)]
use std::path::Path;

#[cfg(windows)]
use super::{ByHand, Machine, PoolSource};

// Layouts, tables and decisions, used on every platform.
mod bitlocker;
mod driver;
mod facts;
pub(super) mod flags;
pub mod pool;
pub(super) mod verified;

// Other decisions, used only on Windows.
#[cfg(any(windows, test))]
mod access;
#[cfg(any(windows, test))]
mod bugcheck;
#[cfg(any(windows, test))]
mod cmd_words;
#[cfg(any(windows, test))]
mod folders;
#[cfg(any(windows, test))]
mod image_path;
#[cfg(any(windows, test))]
mod restart;
#[cfg(any(windows, test))]
mod system;
#[cfg(any(windows, test))]
mod system_log;

// System calls.
#[cfg(windows)]
mod boot;
#[cfg(windows)]
mod byte_lock;
#[cfg(windows)]
pub mod dispatch;
#[cfg(windows)]
mod event_log;
#[cfg(windows)]
mod failure;
#[cfg(windows)]
pub mod job;
#[cfg(windows)]
mod registry;
#[cfg(windows)]
mod security;
#[cfg(windows)]
mod service;
#[cfg(windows)]
mod shutdown;
#[cfg(windows)]
mod since;
#[cfg(windows)]
mod token;
#[cfg(windows)]
mod trust;

pub use bitlocker::BitLocker;
#[cfg(windows)]
pub use byte_lock::{is_locked, open_lock, open_to_look, sign, try_lock};
#[cfg(windows)]
pub use driver::{driver, images};
#[cfg(windows)]
pub use event_log::{EventLog, LogLevel};
#[cfg(windows)]
pub use facts::facts;
pub use facts::{Facts, Waiting};
#[cfg(windows)]
pub use system::{build, free_space, last_words, saves_dumps};
#[cfg(windows)]
pub use system_log::{Kmemleak, bugchecks, kernel_log_position, kernel_messages};
#[cfg(windows)]
pub use token::is_administrator;
#[cfg(windows)]
pub use token::is_administrator as is_privileged;
#[cfg(windows)]
pub use trust::{
    commands_trusted, copy_trusted_folder, give_away, hand_over, lock_file, machine_id, make_run_folder, make_state,
    may_list_states, prepare_state_folder, read_trusted, state_folder, system_path, trusted_below, trusted_itself,
};

/// Returns this machine. The root is ignored on Windows.
#[cfg(windows)]
pub fn machine(_: &Path) -> Machine {
    Machine {
        pool: Box::new(pool::PoolTable::new(pool::ThisSystem)),
        flags: Box::new(boot_settings()),
        boot: Box::new(boot::WindowsBoot),
        autostart: Box::new(service::ResumeService { name: service::NAME }),
        objects: None,
    }
}

/// Returns the boot settings of this machine, for changes by hand.
#[cfg(windows)]
pub fn by_hand(_: &Path) -> Box<dyn ByHand> {
    Box::new(boot_settings())
}

#[cfg(windows)]
fn boot_settings() -> flags::RegistryFlags<flags::LiveRegistry> {
    let mut attempt = pool::PoolTable::new(pool::ThisSystem);
    flags::registry_flags(move || flags::Tagging::from_attempt(attempt.sample()))
}
