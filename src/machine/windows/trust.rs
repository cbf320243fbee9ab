//! (stub)

use std::path::{Path, PathBuf};

use crate::machine::MachineError;

/// The folder which holds the state of runs.
pub fn state_folder(_: &Path) -> PathBuf {
    std::env::var_os("ProgramData").map_or_else(|| PathBuf::from(r"C:\ProgramData"), PathBuf::from).join("poolgate")
}

/// Makes [`state_folder`], open to Administrators and SYSTEM only, or sees to it that it is; returns it.
///
/// # Errors
/// When it cannot be made, or somebody else could write what is in it.
pub fn prepare_state_folder(_: &Path) -> Result<PathBuf, MachineError> {
    Err(MachineError::NotYet("stub"))
}

/// Refuses a file or folder which anybody but administrators could have written.
///
/// # Errors
/// [`MachineError::Untrusted`].
pub fn trusted_itself(_: &Path) -> Result<(), MachineError> {
    Err(MachineError::NotYet("stub"))
}

/// Refuses a file or folder below `root` which anybody but administrators could have written, or put in its place.
///
/// # Errors
/// [`MachineError::Untrusted`].
pub fn trusted_below(_: &Path, _: &Path) -> Result<(), MachineError> {
    Err(MachineError::NotYet("stub"))
}

/// What tells this machine from others.
pub fn machine_id(_: &Path) -> String {
    String::new()
}

/// The file which says that a run owns this machine.
pub fn lock_file(_: &Path) -> PathBuf {
    std::env::temp_dir().join("poolgate.lock")
}
