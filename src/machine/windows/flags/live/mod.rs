//! The registry of this machine, and the flags its kernel runs with.
#![allow(unsafe_code, reason = "NtQuerySystemInformation, which no safe crate has")]

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use windows_registry::{Key, LOCAL_MACHINE, Type};
use windows_sys::Wdk::System::SystemInformation::{NtQuerySystemInformation, SYSTEM_INFORMATION_CLASS};

use super::super::folders::windows;
use super::super::pool::ThisSystem;
use super::super::registry;
use super::super::verified::verification;
use super::setting::{MEMORY, VERIFY_DRIVERS};
use super::{
    BootMode, GLOBAL_FLAG, Registry, RegistryFlags, RegistrySetting, RegistryValue, Running, Tagging, may_hold_it,
};
use crate::machine::MachineError;

/// Returns this machine's boot settings; `tagging` determines whether its kernel counts pool tags.
pub(in crate::machine) fn registry_flags(
    tagging: impl FnMut() -> Result<Tagging, MachineError> + 'static,
) -> RegistryFlags<LiveRegistry> {
    let running = Running {
        tagging: Box::new(tagging),
        global_flags: Box::new(|| Ok(running_flags())),
        verification: Box::new(|| verification(&mut ThisSystem)),
    };
    RegistryFlags { registry: LiveRegistry { hive: LOCAL_MACHINE }, running, notes: Vec::new() }
}

/// The registry of this machine.
pub(in crate::machine) struct LiveRegistry {
    /// HKEY_LOCAL_MACHINE, or a separate key in tests.
    hive: &'static Key,
}

impl Registry for LiveRegistry {
    fn get(&self, setting: &RegistrySetting) -> Result<Option<RegistryValue>, MachineError> {
        read(self.hive, setting).map_err(|source| failed("read", setting, source))
    }

    fn set(&mut self, setting: &RegistrySetting, value: &RegistryValue) -> Result<(), MachineError> {
        // Windows appends the NUL that follows an unterminated text in memory. The guard bytes prevent this. The type
        // is given as a number, because the crate rejects an unterminated text.
        let guarded = [&[0xff; 2], value.bytes.as_slice(), &[0xff; 2]].concat();
        let exactly = &guarded[2..guarded.len() - 2];
        let set = || system(writable(self.hive, setting)?.set_bytes(&setting.value, Type::Other(value.kind), exactly));
        set().map_err(|source| failed("change", setting, source))
    }

    fn delete(&mut self, setting: &RegistrySetting) -> Result<(), MachineError> {
        let delete = || system(writable(self.hive, setting)?.remove_value(&setting.value));
        if_there(delete()).map(drop).map_err(|source| failed("change", setting, source))
    }

    /// All settings are in one hive; flushing any of its keys flushes all of it.
    fn flush(&mut self) -> Result<(), MachineError> {
        let flushed = system(self.hive.open(GLOBAL_FLAG.key)).and_then(|key| registry::flush(&key));
        flushed.map_err(|source| failed("flush", &GLOBAL_FLAG, source))
    }

    fn verifier_values(&self) -> Result<Vec<String>, MachineError> {
        let names = || match if_there(system(self.hive.open(MEMORY)))? {
            Some(key) => Ok(system(key.values())?.map(|(name, _)| name).filter(|name| may_hold_it(name)).collect()),
            None => Ok(Vec::new()),
        };
        names().map_err(|source| failed("read", &VERIFY_DRIVERS, source))
    }

    fn boot_mode(&mut self, mode: BootMode) -> Result<(), MachineError> {
        set_boot_mode(&windows().join(r"System32\verifier.exe"), mode)
    }
}

/// Sets the mode with `verifier`, the path of verifier.exe.
fn set_boot_mode(verifier: &Path, mode: BootMode) -> Result<(), MachineError> {
    let failed = |problem| MachineError::Program { program: verifier.to_owned(), problem };
    let output = Command::new(verifier)
        .args(["/bootmode", mode.word()])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    // Microsoft Learn, "Driver Verifier Command Syntax": 0 is success, 2 is success after a restart.
    match output.status.code() {
        Some(0 | 2) => Ok(()),
        _ => {
            let said = String::from_utf8_lossy(&output.stdout);
            let last = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it printed nothing");
            Err(failed(format!("/bootmode {}: {}: {last}", mode.word(), output.status)))
        }
    }
}

fn read(hive: &Key, setting: &RegistrySetting) -> io::Result<Option<RegistryValue>> {
    let Some(key) = if_there(system(hive.open(setting.key)))? else { return Ok(None) };
    let read = || if_there(system(key.get_value(&setting.value)));
    // The crate queries the size first. If the value shrinks before the second query, the result ends with zeros.
    // Therefore a result counts only if two consecutive reads agree.
    let mut last = read()?;
    loop {
        let again = read()?;
        if again == last {
            return Ok(again.map(|raw| RegistryValue { kind: raw.ty().into(), bytes: raw.to_vec() }));
        }
        last = again;
    }
}

/// Opens an existing key for writing. poolgate creates no key, because restoring could not distinguish it from an older
/// one.
fn writable(hive: &Key, setting: &RegistrySetting) -> io::Result<Key> {
    system(hive.options().write().open(setting.key))
}

/// Converts the crate's error, an HRESULT, to the Win32 error in its low half (HRESULT_FROM_WIN32).
fn system<T>(outcome: windows_registry::Result<T>) -> io::Result<T> {
    outcome.map_err(|error| io::Error::from_raw_os_error(error.code().0 & 0xffff))
}

/// Returns `None` if the key or value does not exist.
fn if_there<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(it) => Ok(Some(it)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn failed(doing: &'static str, setting: &RegistrySetting, source: io::Error) -> MachineError {
    MachineError::registry(doing, setting.to_string(), source)
}

/// Returns the current NtGlobalFlag, which Windows sets from GlobalFlag at boot; `None` if the system does not report
/// it, like Wine.
fn running_flags() -> Option<u32> {
    const SYSTEM_FLAGS_INFORMATION: SYSTEM_INFORMATION_CLASS = 9;
    let mut flags = 0_u32;
    let mut returned = 0;
    // SAFETY: the given size is that of `flags`, and both variables outlive the call.
    let status =
        unsafe { NtQuerySystemInformation(SYSTEM_FLAGS_INFORMATION, (&raw mut flags).cast(), 4, &raw mut returned) };
    (status == 0 && returned == 4).then_some(flags)
}

#[cfg(test)]
mod tests;
