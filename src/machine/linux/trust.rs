//! Which files root may obey, and the folder which holds them.
//!
//! `poolgate resume` runs as root and executes commands from the run's state, so nobody but root may have written that
//! state. Every folder on the way counts as well, since whoever can write to one can put another in its place; even a
//! sticky one (`/tmp`), where anybody can make the next folder first.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use crate::machine::MachineError;

const STATE_FOLDER: &str = "var/lib/poolgate";

/// The folder which holds the state of runs.
pub fn state_folder(root: &Path) -> PathBuf {
    root.join(STATE_FOLDER)
}

/// Makes [`state_folder`], open to root only, or sees to it that it is; returns it.
///
/// # Errors
/// When it cannot be made, or somebody else could write what is in it.
pub fn prepare_state_folder(root: &Path) -> Result<PathBuf, MachineError> {
    let folder = state_folder(root);
    let unwritable = |source| MachineError::Unwritable { path: folder.clone(), source };
    std::fs::create_dir_all(root.join("var/lib")).map_err(unwritable)?;
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(unwritable(error)),
        _ => {}
    }
    // Before its mode is changed: a link would have it changed elsewhere.
    trusted_below(root, &folder)?;
    fs_err::set_permissions(&folder, PermissionsExt::from_mode(0o700)).map_err(unwritable)?;
    Ok(folder)
}

/// Refuses a file or folder which anybody but root (or whoever runs poolgate) could have written, or put in its place.
///
/// # Errors
/// [`MachineError::Untrusted`] with the command which puts it right, or when it cannot be looked at.
pub fn trusted(path: &Path) -> Result<(), MachineError> {
    trusted_below(Path::new("/"), path)
}

/// [`trusted`], looking no further up than `root`, which is the caller's own choice.
///
/// # Errors
/// As for [`trusted`].
pub fn trusted_below(root: &Path, path: &Path) -> Result<(), MachineError> {
    let strange = |problem: &str| MachineError::Untrusted {
        path: path.to_owned(),
        problem: problem.to_owned(),
        remedy: format!("give its real path, as `realpath {}` shows it", path.display()),
    };
    let below = path.strip_prefix(root).map_err(|_| strange("it is not an absolute path"))?;
    let mut place = root.to_owned();
    check(&place)?;
    for component in below.components() {
        match component {
            Component::Normal(name) => place.push(name),
            Component::CurDir | Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(strange("its path goes through `..`"));
            }
        }
        check(&place)?;
    }
    Ok(())
}

/// Refuses a file or folder which anybody but root (or whoever runs poolgate) could have written, wherever it lies:
/// others may put something else in its place, but nothing that would pass here.
///
/// # Errors
/// As for [`trusted`].
pub fn trusted_itself(place: &Path) -> Result<(), MachineError> {
    check(place)
}

/// One step of the way.
fn check(place: &Path) -> Result<(), MachineError> {
    let found = match place.symlink_metadata() {
        Ok(found) => found,
        Err(source) => return Err(MachineError::Unreadable { path: place.to_owned(), source }),
    };
    match fault(place, &found) {
        None => Ok(()),
        Some((problem, remedy)) => Err(MachineError::Untrusted { path: place.to_owned(), problem, remedy }),
    }
}

fn fault(place: &Path, found: &Metadata) -> Option<(String, String)> {
    let (shown, mode) = (place.display(), found.mode() & 0o7777);
    let owner = found.uid();
    if found.is_symlink() {
        Some(("it is a symbolic link".to_owned(), format!("give the real path, as `realpath {shown}` shows it")))
    } else if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        Some((format!("it belongs to user {owner}, not to root"), format!("`chown root:root {shown}`")))
    } else if mode & 0o022 == 0 {
        None
    } else if mode & 0o1000 != 0 {
        let problem = format!("anybody can make files in it (mode {mode:04o})");
        Some((problem, format!("keep the state of runs elsewhere, below a folder of root's as /{STATE_FOLDER}")))
    } else {
        let problem = format!("others than its owner can write to it (mode {mode:04o})");
        Some((problem, format!("`chmod go-w {shown}`")))
    }
}
