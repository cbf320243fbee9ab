//! The trust model on Windows: decides which files SYSTEM may rely on, and creates the folder that holds them.
//!
//! The service that resumes a run executes commands from the run's state as SYSTEM, so only administrators may be able
//! to write to that state. Any user can create folders in `%ProgramData%`, including one with poolgate's name.
//! Therefore poolgate checks its folder, and each folder below it, before use. Above it, Windows' own access lists
//! protect: a user cannot rename or replace the folders of another user there.
//!
//! Checks use an open handle to the file or folder itself, and never follow a link. Contents are read from the handle
//! that was checked. docs/security.md describes what this protects and its limits.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use windows_registry::LOCAL_MACHINE;
use windows_sys::Win32::Storage::FileSystem::FILE_GENERIC_READ;

use super::access::fault;
use super::{folders, security, token};
use crate::long_path::for_people;
use crate::machine::MachineError;

mod commands;
mod copy;
#[cfg(test)]
mod tests;

pub use commands::{commands_trusted, system_path};
pub use copy::{copy_trusted_folder, give_away, hand_over};

/// The largest file that [`read_trusted`] reads, in bytes.
const MOST: u64 = 64 << 20;

/// Full access for Administrators and SYSTEM, inherited by all contents; no other access, and none inherited.
pub(super) const OURS_ALONE: &str = "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)";

/// Returns the folder that holds the state of all runs. The root is ignored on Windows.
pub fn state_folder(_: &Path) -> PathBuf {
    folders::program_data().join("poolgate")
}

/// Creates [`state_folder`] with access for Administrators and SYSTEM only, or checks the existing one; returns it.
/// Also checks the other requirements of a run that resumes after a boot.
///
/// # Errors
/// If this process has no administrator rights, if another user could have replaced the program that the service
/// starts, if the folder cannot be created, or if another user could write to its contents.
pub fn prepare_state_folder(root: &Path) -> Result<PathBuf, MachineError> {
    if !token::is_administrator() {
        return Err(MachineError::NotElevated("change flags, set a service and restart the machine"));
    }
    let program =
        std::env::current_exe().map_err(|source| MachineError::System { what: "find poolgate.exe", source })?;
    // Includes the folder: a program loads libraries from its own folder.
    program.ancestors().take(2).try_for_each(check)?;
    // A failure is harmless, because every created file is checked before use.
    let _ = token::own_as_administrators();
    let folder = state_folder(root);
    make_or_check(&folder)?;
    Ok(folder)
}

/// Creates the folder for the state of `run` inside the state folder; returns it.
///
/// # Errors
/// If it exists or cannot be created.
pub fn make_state(root: &Path, run: &str) -> Result<PathBuf, MachineError> {
    let folder = prepare_state_folder(root)?.join(run);
    security::create_folder(&folder, OURS_ALONE).map_err(|source| MachineError::unwritable(&folder, source))?;
    check(&folder)?;
    Ok(folder)
}

/// Returns whether this process may list the runs in [`state_folder`]; `None` if the folder does not exist.
pub fn may_list_states(root: &Path) -> Option<bool> {
    match std::fs::read_dir(state_folder(root)) {
        Ok(_) => Some(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => Some(false),
    }
}

pub(super) fn make_or_check(folder: &Path) -> Result<(), MachineError> {
    match security::create_folder(folder, OURS_ALONE) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(MachineError::unwritable(folder, error));
        }
        _ => {}
    }
    // Also checks a folder just created: a file system without access lists ignores them without an error.
    check(folder)
}

/// Creates a run's folder among the reports. Only administrators and the user of poolgate can write to it, because the
/// run relies on it when it is resumed; all users may read it. If the file system drops these rights, the check before
/// a resume finds that.
///
/// # Errors
/// If it exists or cannot be created.
pub fn make_run_folder(path: &Path) -> io::Result<()> {
    let user = token::user()?;
    let ours = format!("D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;FA;;;{user})(A;OICI;FRFX;;;BU)");
    match security::create_folder(path, &ours) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => std::fs::create_dir(path),
        made => made,
    }
}

/// Refuses a file or folder that any user other than administrators or the user of poolgate could have written. Without
/// administrator rights it accepts everything: the process then has no rights that another user could abuse.
///
/// # Errors
/// [`MachineError::Untrusted`], or if the check fails.
pub fn trusted_itself(path: &Path) -> Result<(), MachineError> {
    if token::is_administrator() { check(path) } else { Ok(()) }
}

/// Refuses a file or folder that any user other than administrators or the user of poolgate could have written or
/// replaced. Checks every folder from [`state_folder`] down.
///
/// # Errors
/// [`MachineError::Untrusted`], or if the check fails.
pub fn trusted_below(root: &Path, path: &Path) -> Result<(), MachineError> {
    steps(root, path)?.iter().try_for_each(|place| check(place))
}

/// Returns the contents of the file at `path`, if it is trusted as in [`trusted_below`]; without administrator rights
/// it skips that check. Callers use these bytes and do not read the file again, because they come from the handle that
/// was checked.
///
/// # Errors
/// As for [`trusted_below`], and if it is not a regular file or is longer than 64 MiB.
pub fn read_trusted(root: &Path, path: &Path) -> Result<Vec<u8>, MachineError> {
    let unreadable = |source| MachineError::unreadable(path, source);
    let mut held = Vec::new();
    let steps = steps(root, path)?;
    // As in `trusted_itself`: without administrator rights there is nothing to abuse.
    let judge = |opened: &File, path: &Path| if token::is_administrator() { judge(opened, path) } else { Ok(()) };
    for folder in steps.split_last().map(|(_, folders)| folders).unwrap_or_default() {
        let folder_unreadable = |source| MachineError::unreadable(&folder, source);
        let handle = security::hold_folder(folder).map_err(folder_unreadable)?;
        judge(&handle, folder)?;
        held.push(handle);
    }
    let file = security::open_itself(path, FILE_GENERIC_READ, security::ANYTHING).map_err(unreadable)?;
    judge(&file, path)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("it is not a regular file")));
    }
    let mut bytes = Vec::new();
    (&file).take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// Returns every folder from [`state_folder`] down to `path`, and `path` itself. Returns only `path` if it lies
/// elsewhere.
fn steps(root: &Path, path: &Path) -> Result<Vec<PathBuf>, MachineError> {
    let top = state_folder(root);
    let Ok(below) = path.strip_prefix(&top) else { return Ok(vec![path.to_owned()]) };
    let mut steps = vec![top];
    for component in below.components() {
        let (Component::Normal(name), Some(above)) = (component, steps.last()) else {
            return Err(MachineError::Untrusted {
                path: path.to_owned(),
                problem: "its path goes through `..`".to_owned(),
                remedy: "give its real path".to_owned(),
            });
        };
        steps.push(above.join(name));
    }
    Ok(steps)
}

/// Returns the absolute path of an existing file, without links, in the form of [`for_people`].
fn real_path(path: &Path) -> io::Result<PathBuf> {
    Ok(for_people(&fs_err::canonicalize(path)?))
}

fn check(path: &Path) -> Result<(), MachineError> {
    let opened = security::open_itself(path, 0, security::ANYTHING);
    judge(&opened.map_err(|source| MachineError::unreadable(path, source))?, path)
}

/// Refuses the open file or folder at `path` if other users could have written it.
fn judge(opened: &File, path: &Path) -> Result<(), MachineError> {
    let unreadable = |source| MachineError::unreadable(path, source);
    let access = security::access_of(opened).map_err(unreadable)?;
    let user =
        token::user().map_err(|source| MachineError::System { what: "read the account that runs poolgate", source })?;
    match fault(&access, &user) {
        None => Ok(()),
        Some(fault) => Err(MachineError::Untrusted {
            path: path.to_owned(),
            problem: fault.to_string(),
            remedy: fault.remedy(&path.display().to_string()),
        }),
    }
}

/// Returns an id that is unique to this machine; empty if Windows has lost it.
///
/// # Errors
/// If it exists and cannot be read.
pub fn machine_id(_: &Path) -> Result<String, MachineError> {
    const KEY: &str = r"SOFTWARE\Microsoft\Cryptography";
    let key = LOCAL_MACHINE.options().read().wow64_64().open(KEY);
    match key.and_then(|key| key.get_string("MachineGuid")).map_err(io::Error::from) {
        Ok(id) => Ok(id),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(MachineError::registry("read", format!("{KEY}\\MachineGuid"), source)),
    }
}

/// Returns the file that marks this machine as owned by a run. Administrators' runs have theirs in the state folder,
/// which other users cannot enter: any user who can open a file can lock it, and so could block all runs.
pub fn lock_file(root: &Path) -> PathBuf {
    if token::is_administrator() { state_folder(root).join("machine.lock") } else { shared_lock_file() }
}

/// Returns the lock of unprivileged runs. They change nothing, but must not measure the workload of another run. An
/// administrator's run also locks it if possible, as a hint to them, and does not depend on it.
pub(super) fn shared_lock_file() -> PathBuf {
    folders::program_data().join("poolgate.lock")
}
