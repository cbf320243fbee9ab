//! One run at a time owns a machine: two would see each other's workload as the driver's leak.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Held as long as the machine is owned; the operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct MachineLock {
    _file: File,
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
        // Not truncated on opening: what stands there is the present owner's.
        // Nor is a link followed: its target would be written over below.
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NOFOLLOW.bits() as i32);
        let mut file = options.open(path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = String::new();
                // The owner may not have written yet; the refusal stands all the same.
                let _ = file.read_to_string(&mut by);
                return Err(LockError::Held { by: by.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        let owner = format!("{run} (process {})\n", std::process::id());
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(owner.as_bytes()));
        written.map_err(io)?;
        Ok(MachineLock { _file: file })
    }
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
        drop(first);
        MachineLock::take(&path, "nightly-2").unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_which_is_a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("poolgate.lock"), folder.path().join("precious"));
        fs_err::copy("Cargo.toml", &target).unwrap();
        fs_err::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(matches!(MachineLock::take(&link, "run"), Err(LockError::Io { .. })));
        assert_eq!(fs_err::read(&target).unwrap(), fs_err::read("Cargo.toml").unwrap());
    }
}
