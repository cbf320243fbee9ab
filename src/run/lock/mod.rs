//! The machine lock: only one run at a time may use a machine. Two runs would each attribute the other's workload to
//! the driver.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use miette::Diagnostic;

use crate::machine::native;

/// The lock on a machine, held until dropped. The operating system releases it when the process ends for any reason.
#[derive(Debug)]
pub struct MachineLock {
    file: File,
    /// A marker for runs without administrator rights, which cannot see the lock itself.
    #[cfg(windows)]
    _sign: Option<File>,
}

/// The owner of the machine, as far as this process may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockOwner {
    /// The machine has no owner.
    Nobody,
    /// The machine belongs to a run, which describes itself with this text.
    Run(String),
    /// Only root or an administrator may see the owner.
    Hidden,
}

/// The reason why the lock cannot be taken.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum LockError {
    /// Another run holds the lock.
    #[error("another run owns this machine: {by}")]
    #[diagnostic(help("wait until it has ended, or end it with Ctrl-C or SIGTERM"))]
    Held {
        /// The owner's description of itself.
        by: String,
    },
    /// The lock file cannot be used.
    #[error("cannot lock {}: {source}", path.display())]
    #[diagnostic(help("{}", advice(source)))]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// Returns advice for a lock file that cannot be used.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::Unsupported => {
            "keep it on a disk of this machine: for a run's own lock, name a local folder with --reports"
        }
        _ if cfg!(windows) => "delete the file as an administrator, or run from an elevated prompt",
        io::ErrorKind::PermissionDenied => "the kernel shows its pools to root only: run poolgate with sudo",
        _ => "check the file at this path; poolgate creates it again after it is removed",
    }
}

impl MachineLock {
    /// Takes the lock in the file at `path`.
    ///
    /// # Errors
    /// If another run holds the lock, or if the file cannot be created or locked.
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
            // On Windows, the file may belong to another user; we can then read and lock it, but not write to it.
            Err(error) if !(cfg!(windows) && error.kind() == io::ErrorKind::PermissionDenied) => Err(io(error)),
            _ => Ok(MachineLock {
                file,
                #[cfg(windows)]
                _sign: native::sign(path, &owner),
            }),
        }
    }

    /// Writes the run's state `folder` into the lock file, for [`MachineLock::folder`].
    #[must_use]
    pub fn of_run_in(mut self, folder: &Path) -> MachineLock {
        // If this fails, a process can still find the run by its folder.
        let _ = writeln!(self.file, "{}", folder.display());
        self
    }

    /// Returns the state folder of the run that holds the lock in the file at `path`, or that held it and was killed.
    /// Do not trust the result: every user who can write to the file can put any path there.
    pub fn folder(path: &Path) -> Option<PathBuf> {
        let mut written = String::new();
        native::open_to_look(path).ok()?.take(LONGEST).read_to_string(&mut written).ok()?;
        let folder = PathBuf::from(written.lines().nth(1)?);
        folder.is_absolute().then_some(folder)
    }

    /// Takes the lock like [`MachineLock::take`], but retries for up to `patience` while another process holds it.
    /// Short commands such as `poolgate flags` hold it only for a moment.
    ///
    /// # Errors
    /// As for [`MachineLock::take`].
    pub fn take_patiently(path: &Path, run: &str, patience: Duration) -> Result<MachineLock, LockError> {
        let tries = patience.as_millis() / PAUSE.as_millis();
        take_patiently(path, run, tries, || std::thread::park_timeout(PAUSE))
    }

    /// Returns the owner's description of itself from the lock file at `path`, or `None` if the lock is free or this
    /// process may not see the owner. Takes no lock and writes nothing.
    pub fn owner(path: &Path) -> Option<String> {
        match MachineLock::look(path) {
            LockOwner::Run(run) => Some(run),
            LockOwner::Nobody | LockOwner::Hidden => None,
        }
    }

    /// Returns the owner of the lock in the file at `path`. Takes no lock and writes nothing.
    pub fn look(path: &Path) -> LockOwner {
        match native::open_to_look(path).and_then(|mut file| Ok(native::is_locked(&file)?.then(|| written(&mut file))))
        {
            Ok(Some(run)) => LockOwner::Run(run),
            Ok(None) => LockOwner::Nobody,
            Err(error) if error.kind() == io::ErrorKind::NotFound => LockOwner::Nobody,
            Err(_) => LockOwner::Hidden,
        }
    }
}

/// The pause between two attempts.
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

/// Clears the file, so that it does not name an owner that is gone.
impl Drop for MachineLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        // A process that is being started shares the open file until its exec, and with it the lock.
        #[cfg(unix)]
        let _ = self.file.unlock();
    }
}

/// The limit on bytes read from a lock file.
const LONGEST: u64 = 4096;

/// Reads the owner's description of itself. A new owner may not have written one yet.
fn written(file: &mut File) -> String {
    let mut by = Vec::new();
    let _ = file.take(LONGEST).read_to_end(&mut by);
    owner(&String::from_utf8_lossy(&by))
}

/// Returns the owner's description in a form that is safe to show. Any user may have written the file.
fn owner(written: &str) -> String {
    let line = written.trim().lines().next().unwrap_or_default();
    let shown: String = line.chars().filter(|char| !char.is_control()).take(200).collect();
    if shown.is_empty() { "a run of another user".to_owned() } else { shown }
}

/// Explains an error from a file system without locks, as some network file systems are (flock(2): ENOLCK, EOPNOTSUPP).
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
