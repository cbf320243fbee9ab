//! Identifies the current boot, and restarts the machine.
//!
//! A boot's name is a random number in a volatile registry key. The kernel keeps such a key in memory only (Microsoft
//! Learn, "RegCreateKeyExW", REG_OPTION_VOLATILE), so as long as it exists, no boot has happened. Hibernation and a
//! shutdown with Fast Startup preserve the key. This is right, since they also preserve the kernel, its pools and their
//! leaks. Clocks and uptimes are not used: they can be set, drift and jump.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use windows_registry::{Key, LOCAL_MACHINE};

use super::{restart, shutdown, since, token};
use crate::machine::{Boot, BootId, MachineError};

const KEY: &str = r"SOFTWARE\poolgate\boot";
const VALUE: &str = "id";
/// ERROR_CHILD_MUST_BE_VOLATILE, as the HRESULT of windows-registry.
const MUST_BE_VOLATILE: i32 = 0x8007_03FD_u32.cast_signed();
/// E_ACCESSDENIED.
const ACCESS_DENIED: i32 = 0x8007_0005_u32.cast_signed();
/// The time the watchdog waits for an accepted restart before it uses force.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct WindowsBoot;

impl Boot for WindowsBoot {
    fn id(&self) -> Result<BootId, MachineError> {
        let named = token::is_administrator().then(|| named_in(LOCAL_MACHINE, KEY));
        let named = named.map(|named| named.map_err(|error| (error.code().0, error.message())));
        // Every account can read the name that an administrator's run has written.
        let written = || LOCAL_MACHINE.open(KEY).and_then(|key| key.get_string(VALUE)).ok();
        id_of(named, written, since::boot).map(BootId)
    }

    fn restart(&mut self) -> Result<(), MachineError> {
        token::enable_shutdown().map_err(MachineError::NotRestarted)?;
        restart::restart(&Arc::new(shutdown::Calls), wait_for_it)
            .map_err(|code| MachineError::NotRestarted(io::Error::from_raw_os_error(code.cast_signed())))
    }
}

/// Returns the name of this boot. `named` is the result of naming it in the registry, if this process tried: a name, or
/// an HRESULT with its text. An account without write access there uses the name from `written`, else from `since`.
fn id_of(
    named: Option<Result<String, (i32, String)>>,
    written: impl FnOnce() -> Option<String>,
    since: impl FnOnce() -> Result<String, MachineError>,
) -> Result<String, MachineError> {
    match named {
        Some(Ok(name)) => Ok(name),
        Some(Err((ACCESS_DENIED, _))) | None => written().map_or_else(since, Ok),
        Some(Err((_, message))) => Err(MachineError::System {
            what: "write the id of this boot to the registry",
            source: io::Error::other(message),
        }),
    }
}

/// Returns this boot's name from the key `path`. If the key has none, a new one is written.
fn named_in(hive: &Key, path: &str) -> windows_registry::Result<String> {
    let open = || hive.options().read().write().create().volatile().open(path);
    let mut key = open()?;
    if !is_volatile(&key)? {
        // An imported key, or one restored from a backup, would survive a boot.
        drop(key);
        hive.remove_tree(path)?;
        key = open()?;
    }
    if let Ok(id) = key.get_string(VALUE) {
        return Ok(id);
    }
    let random = RandomState::new();
    key.set_string(VALUE, format!("boot {:016x}{:016x}", random.hash_one(1), random.hash_one(2)))?;
    // Read back: if two processes are first at the same moment, both use the value that was written last.
    key.get_string(VALUE)
}

/// Returns whether the key disappears at the next boot. No call reports this, but a volatile key refuses a non-volatile
/// child.
fn is_volatile(key: &Key) -> windows_registry::Result<bool> {
    match key.create("lasting") {
        Ok(_) => Ok(false),
        Err(error) if error.code().0 == MUST_BE_VOLATILE => Ok(true),
        Err(error) => Err(error),
    }
}

fn wait_for_it() {
    // The channel never receives a message; `_sender` only keeps it open.
    let (_sender, nothing) = mpsc::channel::<()>();
    let _ = nothing.recv_timeout(PATIENCE);
}

#[cfg(test)]
mod tests {
    use windows_registry::CURRENT_USER;

    use super::*;

    #[test]
    fn who_may_not_name_the_boot_goes_by_another_name_of_it() {
        let since = || Ok("since".to_owned());
        let written = || Some("written".to_owned());
        let denied = || Some(Err((ACCESS_DENIED, "Access is denied.".to_owned())));
        let named = Some(Ok("named".to_owned()));
        assert_eq!(id_of(named, written, since).unwrap(), "named");
        for tried in [None, denied()] {
            assert_eq!(id_of(tried.clone(), written, since).unwrap(), "written");
            assert_eq!(id_of(tried, || None, since).unwrap(), "since");
        }
        let broken = Some(Err((MUST_BE_VOLATILE, "broken".to_owned())));
        let MachineError::System { source, .. } = id_of(broken, written, since).unwrap_err() else { panic!() };
        assert_eq!(source.to_string(), "broken");
    }

    #[test]
    fn a_boot_keeps_its_name_and_another_has_another() {
        let path = r"Software\poolgate test of boots\boot";
        let _ = CURRENT_USER.remove_tree(path);
        let first = named_in(CURRENT_USER, path).unwrap();
        assert_eq!(named_in(CURRENT_USER, path).unwrap(), first);
        // The kernel drops the key at a boot.
        CURRENT_USER.remove_tree(path).unwrap();
        let second = named_in(CURRENT_USER, path).unwrap();
        assert_ne!(first, second);
        CURRENT_USER.remove_tree(path).unwrap();
    }

    #[test]
    fn a_name_that_would_outlive_the_boot_is_not_believed() {
        let path = r"Software\poolgate test of imported keys";
        CURRENT_USER.create(path).unwrap().set_string(VALUE, "imported").unwrap();
        assert_ne!(named_in(CURRENT_USER, path).unwrap(), "imported");
        assert!(is_volatile(&CURRENT_USER.options().read().write().open(path).unwrap()).unwrap());
        CURRENT_USER.remove_tree(path).unwrap();
    }
}
