//! One run at a time owns a machine: two would see each other's workload as the driver's leak.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Held as long as the machine is owned; the operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct MachineLock {
    file: File,
}

/// Why the machine cannot be owned.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run owns it.
    #[error("another run owns this machine: {by}")]
    Held {
        /// What the owner wrote about itself.
        by: String,
    },
    /// The lock file itself fails.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl LockError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            LockError::Held { .. } => "wait until it has ended, or end it with Ctrl-C or SIGTERM",
            LockError::Io { .. } if cfg!(windows) => {
                "delete the file as an administrator, or run from an elevated prompt"
            }
            LockError::Io { .. } => "the kernel shows its pools to root only: run poolgate with sudo",
        }
    }
}

impl MachineLock {
    /// Takes the lock in the file at `path`, or says who has it.
    ///
    /// # Errors
    /// When another run has it, or the file cannot be made.
    pub fn take(path: &Path, run: &str) -> Result<MachineLock, LockError> {
        let io = |source| LockError::Io { path: path.to_owned(), source };
        let mut file = open(path).map_err(io)?;
        match try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                // The owner may not have written yet; the refusal stands all the same.
                let _ = file.read_to_string(&mut by);
                return Err(LockError::Held { by: owner(&by) });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let owner = format!("{run} (process {})\n", std::process::id());
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(owner.as_bytes()));
        match written {
            // On Windows it can be another user's, to read and to lock only.
            Err(error) if !(cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied) => Err(io(error)),
            _ => Ok(MachineLock { file }),
        }
    }

    /// Who has the lock in the file at `path`, in the owner's own words; `None` when nobody has. Writes nothing.
    pub fn owner(path: &Path) -> Option<String> {
        let mut file = File::open(path).ok()?;
        matches!(try_lock(&file), Err(TryLockError::WouldBlock)).then(|| {
            let mut by = String::new();
            let _ = file.read_to_string(&mut by);
            owner(&by)
        })
    }
}

/// Nobody shall be told of an owner who is gone.
impl Drop for MachineLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

/// What the owner wrote about itself, as it can be shown: anybody may have written it.
fn owner(written: &str) -> String {
    let shown: String = written.trim().chars().filter(|char| !char.is_control()).take(200).collect();
    if shown.is_empty() { "a run of another user".to_owned() } else { shown }
}

/// Opens the file, or makes it. It is not truncated: what stands there is the present owner's. Nor is a link followed: its
/// target would be written over.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    options.open(path)
}

/// The same; one that another user made may be open to reading only, which is enough to lock it.
#[cfg(windows)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
    const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    const REPARSE_POINT: u32 = 0x0000_0400;
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).custom_flags(OPEN_REPARSE_POINT);
    let opened = options.open(path).or_else(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => File::options().read(true).custom_flags(OPEN_REPARSE_POINT).open(path),
        _ => Err(error),
    });
    let file = opened?;
    if file.metadata()?.file_attributes() & REPARSE_POINT != 0 {
        return Err(io::Error::other("it is a link"));
    }
    Ok(file)
}

#[cfg(unix)]
fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

#[cfg(windows)]
fn try_lock(file: &File) -> Result<(), TryLockError> {
    crate::machine::windows::try_lock(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_run_is_told_who_owns_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poolgate.lock");
        let first = MachineLock::take(&path, "nightly-1").unwrap();
        let refused = MachineLock::take(&path, "nightly-2").unwrap_err().to_string();
        assert!(refused.starts_with("another run owns this machine: nightly-1 (process "), "{refused}");
        assert!(MachineLock::owner(&path).is_some_and(|owner| owner.starts_with("nightly-1 (process ")));
        drop(first);
        assert_eq!(MachineLock::owner(&path), None);
        MachineLock::take(&path, "nightly-2").unwrap();
    }

    #[test]
    fn an_owner_cannot_write_to_anybodys_terminal() {
        assert_eq!(owner("nightly\u{1b}[2J (process 1)\n"), "nightly[2J (process 1)");
        assert_eq!(owner("\n"), "a run of another user");
    }

    #[test]
    fn a_lock_which_is_a_link_is_not_followed() {
        #[cfg(unix)]
        use std::os::unix::fs::symlink;
        #[cfg(windows)]
        use std::os::windows::fs::symlink_file as symlink;
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("poolgate.lock"), folder.path().join("precious"));
        fs_err::copy("Cargo.toml", &target).unwrap();
        symlink(&target, &link).unwrap();
        if cfg!(windows) && link.symlink_metadata().is_err() {
            eprintln!("skipped, because this system says that it made a link and did not (Wine 8)");
            return;
        }
        assert!(matches!(MachineLock::take(&link, "run"), Err(LockError::Io { .. })));
        assert_eq!(fs_err::read(&target).unwrap(), fs_err::read("Cargo.toml").unwrap());
    }
}
