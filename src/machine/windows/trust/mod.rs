//! Which files SYSTEM may obey, and the folder that holds them: the whole trust model on Windows.
//!
//! The service that goes on with a run executes commands from the run's state as SYSTEM, so nobody but administrators may
//! have written that state. `%ProgramData%` lets everybody make folders, also one by the name of ours: it is looked at
//! before it is used, from that folder down. Above it Windows' own access lists hold: nobody can rename or replace what
//! somebody else made there.
//!
//! What is judged is an open handle to the file or folder itself, never to what a link leads to; contents are read from the
//! handle that was judged. docs/security.md says what this protects and what it does not.

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

/// The most that [`read_trusted`] reads, bytes.
const MOST: u64 = 64 << 20;

/// Administrators and SYSTEM may do anything, also in what is made inside; nothing else is inherited or allowed.
pub(super) const OURS_ALONE: &str = "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)";

/// The folder which holds the state of runs. There is no other root than this machine's.
pub fn state_folder(_: &Path) -> PathBuf {
    folders::program_data().join("poolgate")
}

/// Makes [`state_folder`], open to Administrators and SYSTEM only, or sees to it that it is; returns it. With it sees to
/// all that a run which comes back after a boot needs.
///
/// # Errors
/// When this process has not the rights, the program which the service would start could be another's, or the folder
/// cannot be made, or is there and somebody else could write what is in it.
pub fn prepare_state_folder(root: &Path) -> Result<PathBuf, MachineError> {
    if !token::is_administrator() {
        return Err(MachineError::NotElevated("change flags, set a service and restart the machine"));
    }
    let program = std::env::current_exe()
        .map_err(|source| MachineError::System { what: "tell where poolgate.exe is", source })?;
    // The folder too: a library put beside a program is loaded by it.
    program.ancestors().take(2).try_for_each(check)?;
    // It makes no difference where it is refused: what was made is looked at before it is obeyed.
    let _ = token::own_as_administrators();
    let folder = state_folder(root);
    make_or_check(&folder)?;
    Ok(folder)
}

/// Makes the folder for the state of `run`, inside of [`prepare_state_folder`]'s; returns it.
///
/// # Errors
/// When it exists, or cannot be made.
pub fn make_state(root: &Path, run: &str) -> Result<PathBuf, MachineError> {
    let folder = prepare_state_folder(root)?.join(run);
    security::create_folder(&folder, OURS_ALONE)
        .map_err(|source| MachineError::Unwritable { path: folder.clone(), source })?;
    check(&folder)?;
    Ok(folder)
}

/// Whether this process may see the runs whose state is in [`state_folder`]; `None` when there is no such folder.
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
            return Err(MachineError::Unwritable { path: folder.to_owned(), source: error });
        }
        _ => {}
    }
    // Also what was just made: a file system without access lists makes it all the same.
    check(folder)
}

/// Makes the folder of a run among its reports, in which only administrators and whoever runs poolgate can write: a run is
/// obeyed again when it is resumed. Everybody may read it. What a file system does not keep of that is noticed then.
///
/// # Errors
/// When it cannot be made; that it exists already is one.
pub fn make_run_folder(path: &Path) -> io::Result<()> {
    let user = token::user()?;
    let ours = format!("D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;FA;;;{user})(A;OICI;FRFX;;;BU)");
    match security::create_folder(path, &ours) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => std::fs::create_dir(path),
        made => made,
    }
}

/// Refuses a file or folder which anybody but administrators, or whoever runs poolgate, could have written, where this
/// process has rights that could be abused; without them it executes nothing which somebody else could not have it
/// execute anyway.
///
/// # Errors
/// [`MachineError::Untrusted`], or when it cannot be looked at.
pub fn trusted_itself(path: &Path) -> Result<(), MachineError> {
    if token::is_administrator() { check(path) } else { Ok(()) }
}

/// Refuses a file or folder which anybody but administrators, or whoever runs poolgate, could have written, or put in its
/// place: every folder from [`state_folder`] down is looked at.
///
/// # Errors
/// [`MachineError::Untrusted`], or when it cannot be looked at.
pub fn trusted_below(root: &Path, path: &Path) -> Result<(), MachineError> {
    steps(root, path)?.iter().try_for_each(|place| check(place))
}

/// The contents of the file at `path`, if it is trusted as [`trusted_below`] has it; in a process without rights, as it
/// is. Whoever obeys the file uses these
/// bytes and does not read it again: they come from the very handle that was judged.
///
/// # Errors
/// As for [`trusted_below`]; also when it is no file, or longer than 64 MiB.
pub fn read_trusted(root: &Path, path: &Path) -> Result<Vec<u8>, MachineError> {
    let unreadable = |source| MachineError::Unreadable { path: path.to_owned(), source };
    let mut held = Vec::new();
    let steps = steps(root, path)?;
    // As `trusted_itself` has it: without rights there is nothing to abuse.
    let judge = |opened: &File, path: &Path| if token::is_administrator() { judge(opened, path) } else { Ok(()) };
    for folder in steps.split_last().map(|(_, folders)| folders).unwrap_or_default() {
        let folder_unreadable = |source| MachineError::Unreadable { path: folder.clone(), source };
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

/// Every folder from [`state_folder`] down to `path`, and `path` itself; only that where it lies elsewhere.
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

/// The path of what exists, absolute and without links, in the form that other paths have here.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    Ok(for_people(&fs_err::canonicalize(path)?))
}

fn check(path: &Path) -> Result<(), MachineError> {
    let opened = security::open_itself(path, 0, security::ANYTHING);
    judge(&opened.map_err(|source| MachineError::Unreadable { path: path.to_owned(), source })?, path)
}

/// Refuses the file or folder `opened` at `path`, if anybody else could have written it.
fn judge(opened: &File, path: &Path) -> Result<(), MachineError> {
    let unreadable = |source| MachineError::Unreadable { path: path.to_owned(), source };
    let access = security::access_of(opened).map_err(unreadable)?;
    let user = token::user().map_err(|source| MachineError::System { what: "tell who runs poolgate", source })?;
    match fault(&access, &user) {
        None => Ok(()),
        Some(fault) => Err(MachineError::Untrusted {
            path: path.to_owned(),
            problem: fault.to_string(),
            remedy: fault.remedy(&path.display().to_string()),
        }),
    }
}

/// What tells this machine from others; empty if Windows has lost it.
///
/// # Errors
/// When it is there and cannot be read.
pub fn machine_id(_: &Path) -> Result<String, MachineError> {
    const KEY: &str = r"SOFTWARE\Microsoft\Cryptography";
    let key = LOCAL_MACHINE.options().read().wow64_64().open(KEY);
    match key.and_then(|key| key.get_string("MachineGuid")).map_err(io::Error::from) {
        Ok(id) => Ok(id),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(MachineError::Registry { doing: "read", name: format!("{KEY}\\MachineGuid"), source }),
    }
}

/// The file that says that a run owns this machine. Administrators' runs have theirs in the state folder, which nobody else
/// can enter: whoever can open a file can lock it, and would keep every run away.
pub fn lock_file(root: &Path) -> PathBuf {
    if token::is_administrator() { state_folder(root).join("machine.lock") } else { shared_lock_file() }
}

/// The lock of runs without rights, which change nothing but must not measure another one's workload either. An
/// administrator's run locks it too where it can, as a sign to them, and does not depend on it.
pub(super) fn shared_lock_file() -> PathBuf {
    folders::program_data().join("poolgate.lock")
}
