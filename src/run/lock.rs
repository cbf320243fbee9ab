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
            LockError::Io { .. } => "check the file at this path; poolgate creates it again after it is removed",
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

    /// Writes down that the run which has the lock keeps its state in `folder`, for [`MachineLock::folder`].
    #[must_use]
    pub fn of_run_in(mut self, folder: &Path) -> MachineLock {
        // Where it cannot be written, the run is found by who looks in its folder.
        let _ = writeln!(self.file, "{}", folder.display());
        self
    }

    /// Where the run that has the lock in the file at `path` keeps its state, or the run that had it and was killed. Whoever
    /// can write the file can write anything there.
    pub fn folder(path: &Path) -> Option<PathBuf> {
        let mut written = String::new();
        native::open_to_look(path).ok()?.take(LONGEST).read_to_string(&mut written).ok()?;
        let folder = PathBuf::from(written.lines().nth(1)?);
        folder.is_absolute().then_some(folder)
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

/// The most that is read of a lock file, in bytes.
const LONGEST: u64 = 4096;

/// What the owner wrote about itself. It may not have written yet; it is the owner all the same.
fn written(file: &mut File) -> String {
    let mut by = Vec::new();
    let _ = file.take(LONGEST).read_to_end(&mut by);
    owner(&String::from_utf8_lossy(&by))
}

/// What the owner wrote about itself, as it can be shown: anybody may have written it.
fn owner(written: &str) -> String {
    let line = written.trim().lines().next().unwrap_or_default();
    let shown: String = line.chars().filter(|char| !char.is_control()).take(200).collect();
    if shown.is_empty() { "a run of another user".to_owned() } else { shown }
}

/// Says so where the file system has no locks, as some network file systems have none (flock(2): ENOLCK, EOPNOTSUPP).
fn explained(source: io::Error) -> io::Error {
    #[cfg(unix)]
    const NO_LOCKS: [rustix::io::Errno; 3] =
        [rustix::io::Errno::NOLCK, rustix::io::Errno::OPNOTSUPP, rustix::io::Errno::NOSYS];
    #[cfg(unix)]
    if NO_LOCKS.iter().any(|code| source.raw_os_error() == Some(code.raw_os_error())) {
        return io::Error::new(io::ErrorKind::Unsupported, format!("its file system does not support locks: {source}"));
    }
    source
}

#[cfg(test)]
mod tests;
