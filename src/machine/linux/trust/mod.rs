//! The files that root may rely on, and the folder that holds them: the whole trust model on Linux.
//!
//! A file is **trusted** if only root, or the user that runs poolgate, could have written it or replaced it by another:
//!
//! - The file and every folder above it belong to root or to the effective user.
//! - Neither its group nor others can write to any of them. A POSIX ACL that lets another user write shows in the group
//!   bits of the mode, which are then the ACL's mask (acl(5)).
//! - A sticky folder such as `/tmp` is no exception: any user could be the first to create the next folder in it.
//! - State is never reached through a symbolic link. Programs may be: then the folder of each link and everything that
//!   it leads to must be trusted.
//!
//! No path is looked up twice. Each name is opened relative to the handle of the folder above it, without following
//! links, and judged by that handle's metadata; contents are read from the judged handle. Swapping a file between check
//! and use therefore gains nothing. docs/security.md describes the protection and its limits.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags};

use crate::machine::MachineError;

mod commands;
mod copy;
mod run_folder;
mod walk;
mod words;

pub use commands::{commands_trusted, system_path};
pub use copy::copy_trusted_folder;
pub use run_folder::{give_away, hand_over, make_run_folder};
pub(super) use walk::{HeldPath, trusted_program};
use walk::{PathCheck, walk};

const STATE_FOLDER: &str = "var/lib/poolgate";

/// The most bytes that [`read_trusted`] reads.
const MOST: u64 = 64 << 20;

/// Returns the folder that holds the state of runs.
pub fn state_folder(root: &Path) -> PathBuf {
    root.join(STATE_FOLDER)
}

/// Creates [`state_folder`], open to root only, or checks the existing one; returns it.
///
/// # Errors
/// If it cannot be created, or another user could write to it.
pub fn prepare_state_folder(root: &Path) -> Result<PathBuf, MachineError> {
    let folder = state_folder(root);
    let unwritable = |source| MachineError::unwritable(&folder, source);
    let above = folder.parent().unwrap_or(root);
    // The mode is given explicitly: with umask 002 root would create folders that it then refuses.
    std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), 0o755)
        .create(above)
        .map_err(unwritable)?;
    let above = walk(root, above, PathCheck::Trusted)?;
    let (made, _) = make_folder(&above, "poolgate", Mode::RWXU, &folder)?;
    made.judge()?;
    made.set_mode(0o700)?;
    // Its name must survive a power cut before anything relies on it.
    above.sync()?;
    Ok(folder)
}

/// Creates the folder for the state of `run` inside [`prepare_state_folder`]'s, open to root only; returns it. Its name
/// is then on disk.
///
/// # Errors
/// If it exists or cannot be created.
pub fn make_state(root: &Path, run: &str) -> Result<PathBuf, MachineError> {
    let above = prepare_state_folder(root)?;
    let folder = above.join(run);
    let above = walk(root, &above, PathCheck::Trusted)?;
    let (made, New::Yes) = make_folder(&above, run, Mode::RWXU, &folder)? else {
        return Err(MachineError::unwritable(folder, io::ErrorKind::AlreadyExists.into()));
    };
    made.set_mode(0o700)?;
    above.sync()?;
    Ok(folder)
}

/// Whether this process may list the runs in [`state_folder`]; `None` if there is no such folder.
pub fn may_list_states(root: &Path) -> Option<bool> {
    match std::fs::read_dir(state_folder(root)) {
        Ok(_) => Some(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => Some(false),
    }
}

/// Refuses a file or folder that a user other than root (or the one that runs poolgate) could have written or replaced.
///
/// # Errors
/// [`MachineError::Untrusted`] with the command that fixes it; another error if the path cannot be examined.
pub fn trusted(path: &Path) -> Result<(), MachineError> {
    trusted_below(Path::new("/"), path)
}

/// Does the same as [`trusted`], but checks no folder above `root`, which is the caller's own choice.
///
/// # Errors
/// As for [`trusted`].
pub fn trusted_below(root: &Path, path: &Path) -> Result<(), MachineError> {
    walk(root, path, PathCheck::Trusted).map(drop)
}

/// Refuses a file or folder that a user other than root (or the one that runs poolgate) could have written, regardless
/// of its location: others may replace it, but only by something that fails this check.
///
/// # Errors
/// As for [`trusted`].
pub fn trusted_itself(place: &Path) -> Result<(), MachineError> {
    HeldPath::open(place)?.judge()
}

/// Returns the contents of the file at `path` if it is trusted in the sense of [`trusted_below`]. The caller must use
/// these bytes and not read the file again, because they come from the handle that was judged.
///
/// # Errors
/// As for [`trusted`]; also if it is not a regular file, or is longer than 64 MiB.
pub fn read_trusted(root: &Path, path: &Path) -> Result<Vec<u8>, MachineError> {
    let unreadable = |source| MachineError::unreadable(path, source);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    };
    let folder = walk(root, folder, PathCheck::Trusted)?;
    let file = folder.open_file(name, path)?;
    file.judge()?;
    file.regular()?;
    let mut bytes = Vec::new();
    File::from(file.handle).take(MOST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MOST {
        return Err(unreadable(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

/// Whether a folder was newly created.
enum New {
    Yes,
    No,
}

/// Opens the folder `name` in `above`, creating it with `mode` if it does not exist. A link there is not followed; the
/// caller must judge the result.
fn make_folder(above: &HeldPath, name: &str, mode: Mode, path: &Path) -> Result<(HeldPath, New), MachineError> {
    let unwritable = |source| MachineError::unwritable(path, source);
    let new = match rustix::fs::mkdirat(above.handle.as_fd(), name, mode) {
        Ok(()) => New::Yes,
        Err(rustix::io::Errno::EXIST) => New::No,
        Err(error) => return Err(unwritable(error.into())),
    };
    let made = above.step(name.as_ref(), path)?;
    match made.kind() {
        FileType::Directory | FileType::Symlink => Ok((made, new)),
        _ => Err(unwritable(io::ErrorKind::NotADirectory.into())),
    }
}

/// Flags for opening a file in a folder of another user: never through a link, and without waiting for a fifo's other
/// end.
pub(super) const CAREFULLY: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
