//! One run at a time owns a machine: two would see each other's workload as the driver's leak.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::machine::native;

/// Held as long as the machine is owned; the operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct MachineLock {
    file: File,
    /// What tells runs without rights that this one is at work; they do not see the lock itself.
    #[cfg(windows)]
    _sign: Option<File>,
}

/// Who owns the machine, as far as this process may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Nobody.
    Nobody,
    /// A run, in its own words.
    Run(String),
    /// Only root, or an administrator, may look.
    Hidden,
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
            LockError::Io { source, .. } if source.kind() == io::ErrorKind::Unsupported => {
                "keep it on a disk of this machine: for a run's own lock, name a local folder with --reports"
            }
            LockError::Io { .. } if cfg!(windows) => {
                "delete the file as an administrator, or run from an elevated prompt"
            }
            LockError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                "the kernel shows its pools to root only: run poolgate with sudo"
            }
            LockError::Io { .. } => "see what is in its place; it is made anew when it is removed",
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
        let mut file = native::open_lock(path).map_err(io)?;
        match native::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held { by: written(&mut file) }),
            Err(TryLockError::Error(source)) => return Err(io(explained(source))),
        }
        let owner = format!("{run} (process {})\n", std::process::id());
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(owner.as_bytes()));
        match written {
            // On Windows it can be another user's, to read and to lock only.
            Err(error) if !(cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied) => Err(io(error)),
            _ => Ok(MachineLock {
                file,
                #[cfg(windows)]
                _sign: native::sign(path, &owner),
            }),
        }
    }

    /// [`MachineLock::take`], which tries again for as long as `patience` while somebody else has the lock: a short command
    /// such as `poolgate flags` has it for a moment only.
    ///
    /// # Errors
    /// As for [`MachineLock::take`].
    pub fn take_patiently(path: &Path, run: &str, patience: Duration) -> Result<MachineLock, LockError> {
        let tries = patience.as_millis() / PAUSE.as_millis();
        take_patiently(path, run, tries, || std::thread::park_timeout(PAUSE))
    }

    /// Who has the lock in the file at `path`, in the owner's own words; `None` when nobody has, or this process may not see
    /// it. Takes no lock and writes nothing.
    pub fn owner(path: &Path) -> Option<String> {
        match MachineLock::look(path) {
            Owner::Run(run) => Some(run),
            Owner::Nobody | Owner::Hidden => None,
        }
    }

    /// Who has the lock in the file at `path`. Takes no lock and writes nothing.
    pub fn look(path: &Path) -> Owner {
        match native::open_to_look(path).and_then(|mut file| Ok(native::is_locked(&file)?.then(|| written(&mut file))))
        {
            Ok(Some(run)) => Owner::Run(run),
            Ok(None) => Owner::Nobody,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Owner::Nobody,
            Err(_) => Owner::Hidden,
        }
    }
}

/// How long is waited between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

fn take_patiently(path: &Path, run: &str, tries: u128, mut pause: impl FnMut()) -> Result<MachineLock, LockError> {
    for _ in 0..tries {
        match MachineLock::take(path, run) {
            Err(LockError::Held { .. }) => pause(),
            done => return done,
        }
    }
    MachineLock::take(path, run)
}

/// Nobody shall be told of an owner who is gone.
impl Drop for MachineLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

/// What the owner wrote about itself. It may not have written yet; it is the owner all the same.
fn written(file: &mut File) -> String {
    const LONGEST: u64 = 4096;
    let mut by = Vec::new();
    let _ = file.take(LONGEST).read_to_end(&mut by);
    owner(&String::from_utf8_lossy(&by))
}

/// What the owner wrote about itself, as it can be shown: anybody may have written it.
fn owner(written: &str) -> String {
    let shown: String = written.trim().chars().filter(|char| !char.is_control()).take(200).collect();
    if shown.is_empty() { "a run of another user".to_owned() } else { shown }
}

/// Says so where the file system has no locks, as some network file systems have none (flock(2): ENOLCK, EOPNOTSUPP).
fn explained(source: io::Error) -> io::Error {
    #[cfg(unix)]
    const NO_LOCKS: [rustix::io::Errno; 3] =
        [rustix::io::Errno::NOLCK, rustix::io::Errno::OPNOTSUPP, rustix::io::Errno::NOSYS];
    #[cfg(unix)]
    if NO_LOCKS.iter().any(|code| source.raw_os_error() == Some(code.raw_os_error())) {
        return io::Error::new(io::ErrorKind::Unsupported, format!("its file system keeps no locks: {source}"));
    }
    source
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
    fn looking_keeps_nobody_from_taking_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("machine.lock");
        assert_eq!(MachineLock::look(&path), Owner::Nobody);
        // A file that is open to be looked at, as by a `status` in that very moment.
        drop(MachineLock::take(&path, "nightly-1").unwrap());
        let file = native::open_to_look(&path).unwrap();
        assert!(!native::is_locked(&file).unwrap());
        let lock = MachineLock::take(&path, "nightly-2").unwrap();
        assert!(native::is_locked(&file).unwrap());
        assert!(matches!(MachineLock::look(&path), Owner::Run(run) if run.starts_with("nightly-2 ")));
        drop(lock);
        assert!(!native::is_locked(&file).unwrap());
    }

    #[test]
    fn a_lock_that_is_released_meanwhile_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("machine.lock");
        let mut held = Some(MachineLock::take(&path, "poolgate flags").unwrap());
        let mut pauses = 0;
        let taken = take_patiently(&path, "nightly-1", 10, || {
            pauses += 1;
            if pauses == 3 {
                held = None;
            }
        });
        assert!(taken.is_ok(), "{taken:?}");
        assert_eq!(pauses, 3);
        let refused = take_patiently(&path, "nightly-2", 10, || {}).unwrap_err().to_string();
        assert!(refused.contains("nightly-1"), "{refused}");
        drop(taken);
        let waiting = std::thread::scope(|scope| {
            let lock = MachineLock::take(&path, "poolgate flags").unwrap();
            let waiting = scope.spawn(|| MachineLock::take_patiently(&path, "nightly-3", Duration::from_secs(60)));
            drop(lock);
            waiting.join().unwrap()
        });
        waiting.unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_file_system_without_locks_is_named_as_the_reason() {
        for code in [rustix::io::Errno::NOLCK, rustix::io::Errno::OPNOTSUPP] {
            let error = LockError::Io { path: "run.lock".into(), source: explained(code.into()) };
            assert!(error.to_string().starts_with("cannot lock run.lock: its file system keeps no locks: "), "{error}");
            assert!(error.help().contains("--reports"), "{}", error.help());
        }
        let denied = LockError::Io { path: "run.lock".into(), source: explained(rustix::io::Errno::ACCESS.into()) };
        assert!(denied.help().contains("sudo"), "{denied}");
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_is_its_owners_alone_whatever_it_was() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poolgate/machine.lock");
        drop(MachineLock::take(&path, "nightly-1").unwrap());
        let modes =
            || [folder.path().join("poolgate"), path.clone()].map(|path| path.metadata().unwrap().mode() & 0o7777);
        assert_eq!(modes(), [0o700, 0o600]);
        fs_err::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        drop(MachineLock::take(&path, "nightly-1").unwrap());
        assert_eq!(modes(), [0o700, 0o600]);
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
