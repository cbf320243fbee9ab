//! Opens the path to a file one handle at a time.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};

use super::{CAREFULLY, STATE_FOLDER};
use crate::machine::MachineError;

/// A file or folder, held open so that it stays the one that was judged.
#[derive(Debug)]
pub(in crate::machine::linux) struct HeldPath {
    pub(in crate::machine::linux) handle: OwnedFd,
    pub(super) path: PathBuf,
    pub(super) stat: Stat,
}

/// How the steps of a path are checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum PathCheck {
    /// Every step is judged, so no link is passed.
    Trusted,
    /// Only links are refused: for paths in a user's folder.
    WithoutLinks,
}

/// Opens the path from `root` down to `path`.
pub(super) fn walk(root: &Path, path: &Path, way: PathCheck) -> Result<HeldPath, MachineError> {
    let strange = |problem: &str| MachineError::Untrusted {
        path: path.to_owned(),
        problem: problem.to_owned(),
        remedy: format!("give its real path, as `realpath {}` shows it", path.display()),
    };
    let below = path.strip_prefix(root).map_err(|_| strange("it is not an absolute path"))?;
    let mut place = HeldPath::open(root)?;
    place.pass(way)?;
    for component in below.components() {
        let Component::Normal(name) = component else { return Err(strange("its path goes through `..`")) };
        place = place.step(name, &place.path.join(name))?;
        place.pass(way)?;
    }
    Ok(place)
}

/// Refuses a program that a user other than root (or the one that runs poolgate) could have written or replaced,
/// including through the links that lead to it. Returns its real path.
pub(in crate::machine::linux) fn trusted_program(path: &Path) -> Result<PathBuf, MachineError> {
    follow(path).map(|place| place.path)
}

/// Opens the path from `/` down to the absolute `path`. Links are followed; every folder and the end are judged.
pub(super) fn follow(path: &Path) -> Result<HeldPath, MachineError> {
    /// The kernel's own limit (path_resolution(7)).
    const MOST_LINKS: usize = 40;
    let mut links = 0;
    let mut ahead: Vec<OsString> = names(path);
    let top = HeldPath::open(Path::new("/"))?;
    top.judge()?;
    // Every folder passed, so that `..` leads back to one that was judged.
    let mut passed = vec![top];
    while let (Some(name), Some(here)) = (ahead.pop(), passed.last()) {
        if name == ".." {
            if passed.len() > 1 {
                passed.pop();
            }
            continue;
        }
        let next = here.step(&name, &here.path.join(&name))?;
        if next.kind() != FileType::Symlink {
            next.judge()?;
            passed.push(next);
            continue;
        }
        links += 1;
        let target = rustix::fs::readlinkat(here.handle.as_fd(), &name, Vec::new());
        let target = target.map_err(|error| next.unreadable(error.into()))?;
        if links > MOST_LINKS {
            return Err(next.unreadable(rustix::io::Errno::LOOP.into()));
        }
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        if target.is_absolute() {
            passed.truncate(1);
        }
        ahead.extend(names(&target));
    }
    passed.pop().ok_or_else(|| MachineError::unreadable(path, io::ErrorKind::NotFound.into()))
}

/// Returns the names in the path, the last one first.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    names.rev().collect()
}

impl HeldPath {
    /// Opens `path` without judging the folders above it; a link at its end is not followed.
    pub(in crate::machine::linux) fn open(path: &Path) -> Result<HeldPath, MachineError> {
        HeldPath::at(rustix::fs::CWD, path.as_os_str(), path)
    }

    /// Opens the entry `name` of this folder.
    pub(super) fn step(&self, name: &OsStr, path: &Path) -> Result<HeldPath, MachineError> {
        HeldPath::at(self.handle.as_fd(), name, path)
    }

    /// An O_PATH handle is enough to be judged and to go on from, and needs no read permission.
    fn at(folder: BorrowedFd<'_>, name: &OsStr, path: &Path) -> Result<HeldPath, MachineError> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(folder, name, flags, Mode::empty());
        HeldPath::from_opened(opened.map_err(io::Error::from), path)
    }

    /// Opens the file `name` in this folder for reading. It need not be a regular one.
    pub(super) fn open_file(&self, name: &OsStr, path: &Path) -> Result<HeldPath, MachineError> {
        let opened = rustix::fs::openat(self.handle.as_fd(), name, OFlags::RDONLY | CAREFULLY, Mode::empty());
        match opened {
            // A link: report it as everywhere else.
            Err(rustix::io::Errno::LOOP) => self
                .step(name, path)?
                .pass(PathCheck::WithoutLinks)
                .and_then(|()| Err(MachineError::unreadable(path, rustix::io::Errno::LOOP.into()))),
            opened => HeldPath::from_opened(opened.map_err(io::Error::from), path),
        }
    }

    fn from_opened(opened: io::Result<OwnedFd>, path: &Path) -> Result<HeldPath, MachineError> {
        let found = opened.and_then(|handle| Ok((rustix::fs::fstat(&handle)?, handle)));
        match found {
            Ok((stat, handle)) => Ok(HeldPath { handle, path: path.to_owned(), stat }),
            Err(source) => Err(MachineError::unreadable(path, source)),
        }
    }

    pub(super) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }

    /// Whether both are the same file.
    pub(super) fn is(&self, other: &HeldPath) -> bool {
        (self.stat.st_dev, self.stat.st_ino) == (other.stat.st_dev, other.stat.st_ino)
    }

    fn pass(&self, way: PathCheck) -> Result<(), MachineError> {
        match way {
            PathCheck::Trusted => self.judge(),
            PathCheck::WithoutLinks if self.kind() == FileType::Symlink => self.judge(),
            PathCheck::WithoutLinks => Ok(()),
        }
    }

    /// Refuses a file or folder that another user could have written.
    pub(in crate::machine::linux) fn judge(&self) -> Result<(), MachineError> {
        match self.fault() {
            None => Ok(()),
            Some((problem, remedy)) => Err(MachineError::Untrusted { path: self.path.clone(), problem, remedy }),
        }
    }

    /// Returns the problem and the command that fixes it, if another user could have written this file or folder.
    pub(super) fn fault(&self) -> Option<(String, String)> {
        let (shown, mode, owner) = (self.path.display(), self.stat.st_mode & 0o7777, self.stat.st_uid);
        if self.kind() == FileType::Symlink {
            Some(("it is a symbolic link".to_owned(), format!("give the real path, as `realpath {shown}` shows it")))
        } else if owner != 0 && owner != rustix::process::geteuid().as_raw() {
            Some((format!("it belongs to user {owner}, not to root"), format!("`chown root:root {shown}`")))
        } else if mode & 0o022 == 0 {
            None
        } else if self.is_shared() {
            let problem = format!("all users can create files in it (mode {mode:04o})");
            Some((problem, format!("keep it below a folder of root, such as /{STATE_FOLDER}")))
        } else {
            let problem = format!("users other than its owner can write to it (mode {mode:04o})");
            Some((problem, format!("`chmod go-w {shown}`")))
        }
    }

    /// Whether this is a folder for all users' files, such as `/tmp`.
    pub(super) fn is_shared(&self) -> bool {
        self.stat.st_mode & 0o1002 == 0o1002 && self.kind() == FileType::Directory
    }

    /// Refuses anything but a regular file: a fifo might never end, and a device may do anything.
    pub(super) fn regular(&self) -> Result<(), MachineError> {
        match self.kind() {
            FileType::RegularFile => Ok(()),
            FileType::Directory => Err(self.unreadable(io::ErrorKind::IsADirectory.into())),
            _ => Err(self.unreadable(io::Error::other("it is not a regular file"))),
        }
    }

    /// Sets this folder's mode to `mode`, regardless of the umask at its creation.
    pub(super) fn set_mode(&self, mode: u32) -> Result<(), MachineError> {
        let folder = self.readable()?;
        let set = rustix::fs::fchmod(&folder, Mode::from_raw_mode(mode));
        set.map_err(|error| self.unwritable(error.into()))
    }

    /// Writes the folder's names to disk.
    pub(super) fn sync(&self) -> Result<(), MachineError> {
        let folder = File::from(self.readable()?);
        crate::durable::sync_opened_folder(&folder).map_err(|source| self.unwritable(source))
    }

    /// Opens the same folder for listing.
    pub(super) fn readable(&self) -> Result<OwnedFd, MachineError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | CAREFULLY;
        let opened = rustix::fs::openat(self.handle.as_fd(), ".", flags, Mode::empty());
        opened.map_err(|error| self.unreadable(error.into()))
    }

    /// Returns the names in this folder, sorted.
    pub(super) fn names(&self) -> Result<Vec<OsString>, MachineError> {
        let listed = rustix::fs::Dir::new(self.readable()?).and_then(|entries| {
            let names = entries.map(|entry| Ok(OsString::from_vec(entry?.file_name().to_bytes().to_vec())));
            names.collect::<rustix::io::Result<Vec<_>>>()
        });
        let mut names = listed.map_err(|error| self.unreadable(error.into()))?;
        names.retain(|name| name != "." && name != "..");
        names.sort();
        Ok(names)
    }

    /// Removes the file `name` from this folder, ignoring errors.
    pub(super) fn remove(&self, name: &OsStr) {
        let _ = rustix::fs::unlinkat(self.handle.as_fd(), name, AtFlags::empty());
    }

    pub(super) fn unreadable(&self, source: io::Error) -> MachineError {
        MachineError::unreadable(&self.path, source)
    }

    pub(super) fn unwritable(&self, source: io::Error) -> MachineError {
        MachineError::unwritable(&self.path, source)
    }
}
