//! Which files root may obey, and the folder that holds them: the whole trust model on Linux.
//!
//! A file is **trusted** when only root, or the user poolgate runs as, could have written it or put another in its place:
//!
//! - The file and every folder above it belong to root or to the effective user.
//! - Neither its group nor others can write to any of them. A POSIX ACL that lets somebody else write shows in the
//!   group's bits of the mode, which are then the ACL's mask (acl(5)).
//! - A sticky folder such as `/tmp` is no exception: anybody can make the next folder in it first.
//! - State is never reached through a symbolic link. Programs may be: then the folder of each link and everything that it
//!   leads to must be trusted.
//!
//! No path is looked up twice. Each name is opened relative to the handle of the folder above it, without following links,
//! and judged by what that handle says; contents are read from the handle that was judged. So a file that is swapped
//! between check and use gains nothing. docs/security.md says what this protects and what it does not.

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
pub(super) use walk::{Place, trusted_program};
use walk::{Way, walk};

const STATE_FOLDER: &str = "var/lib/poolgate";

/// The most that [`read_trusted`] reads, bytes.
const MOST: u64 = 64 << 20;

/// The folder that holds the state of runs.
pub fn state_folder(root: &Path) -> PathBuf {
    root.join(STATE_FOLDER)
}

/// Makes [`state_folder`], open to root only, or checks that it is; returns it.
///
/// # Errors
/// When it cannot be made, or somebody else could write what is in it.
pub fn prepare_state_folder(root: &Path) -> Result<PathBuf, MachineError> {
    let folder = state_folder(root);
    let unwritable = |source| MachineError::Unwritable { path: folder.clone(), source };
    let above = folder.parent().unwrap_or(root);
    // The mode is given, not left to the umask: with umask 002 root would make folders that it refuses itself.
    std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), 0o755)
        .create(above)
        .map_err(unwritable)?;
    let above = walk(root, above, Way::Trusted)?;
    let (made, _) = make_folder(&above, "poolgate", Mode::RWXU, &folder)?;
    made.judge()?;
    made.set_mode(0o700)?;
    // Its name must survive a power cut before anything relies on it.
    above.sync()?;
    Ok(folder)
}

/// Makes the folder for the state of `run`, inside of [`prepare_state_folder`]'s, open to root only; returns it. Its name
/// is on disk then.
///
/// # Errors
/// When it exists, or cannot be made.
pub fn make_state(root: &Path, run: &str) -> Result<PathBuf, MachineError> {
    let above = prepare_state_folder(root)?;
    let folder = above.join(run);
    let above = walk(root, &above, Way::Trusted)?;
    let (made, New::Yes) = make_folder(&above, run, Mode::RWXU, &folder)? else {
        return Err(MachineError::Unwritable { path: folder, source: io::ErrorKind::AlreadyExists.into() });
    };
    made.set_mode(0o700)?;
    above.sync()?;
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

/// Refuses a file or folder that anybody but root (or whoever runs poolgate) could have written, or put in its place.
///
/// # Errors
/// [`MachineError::Untrusted`] with the command that puts it right, or when it cannot be looked at.
pub fn trusted(path: &Path) -> Result<(), MachineError> {
    trusted_below(Path::new("/"), path)
}

/// [`trusted`], looking no further up than `root`, which is the caller's own choice.
///
/// # Errors
/// As for [`trusted`].
pub fn trusted_below(root: &Path, path: &Path) -> Result<(), MachineError> {
    walk(root, path, Way::Trusted).map(drop)
}

/// Refuses a file or folder that anybody but root (or whoever runs poolgate) could have written, wherever it lies: others
/// may put something else in its place, but nothing that would pass here.
///
/// # Errors
/// As for [`trusted`].
pub fn trusted_itself(place: &Path) -> Result<(), MachineError> {
    Place::open(place)?.judge()
}

/// The contents of the file at `path`, if it is trusted as [`trusted_below`] has it. Whoever obeys the file uses these
/// bytes and does not read it again: they come from the very handle that was judged.
///
/// # Errors
/// As for [`trusted`]; also when it is no regular file, or longer than 64 MiB.
pub fn read_trusted(root: &Path, path: &Path) -> Result<Vec<u8>, MachineError> {
    let unreadable = |source| MachineError::Unreadable { path: path.to_owned(), source };
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    };
    let folder = walk(root, folder, Way::Trusted)?;
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

/// Whether a folder was there before.
enum New {
    Yes,
    No,
}

/// The folder `name` in `above`, made with `mode` if it is not there. A link there is not followed; it is for the caller to
/// judge what was found.
fn make_folder(above: &Place, name: &str, mode: Mode, path: &Path) -> Result<(Place, New), MachineError> {
    let unwritable = |source| MachineError::Unwritable { path: path.to_owned(), source };
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

/// How a file of somebody else's folder is opened: never through a link, and without waiting for a fifo's other end.
pub(super) const CAREFULLY: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
