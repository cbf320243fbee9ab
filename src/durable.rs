//! Steps of writing a file so that it survives a power cut, with its full contents and under its name.
//!
//! On Unix a new name is on disk once its folder is synced. Windows documents no way to sync a folder. There
//! MoveFileExW with MOVEFILE_WRITE_THROUGH makes a name durable: it "does not return until the file is actually moved
//! on the disk" (Microsoft Learn). The standard library and tempfile rename without that flag.

use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

/// Syncs `file`, then moves it to `path`. A reader of `path` finds the old or the new file, also after a power cut. The
/// temporary file must be in the folder of `path`.
///
/// # Errors
/// If the file cannot be synced or moved. The temporary file is then removed, and the old file stays.
#[cfg(unix)]
pub(crate) fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_folder(folder_of(path))
}

/// Syncs `file`, then moves it to `path`. A reader of `path` finds the old or the new file, also after a power cut. The
/// temporary file must be in the folder of `path`.
///
/// # Errors
/// If the file cannot be synced or moved. The temporary file is then removed, and the old file stays.
#[cfg(windows)]
pub(crate) fn put(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    // `keep` clears the temporary attribute and closes the file.
    let (_, beside) = file.keep()?;
    let path = crate::long_path::for_calls(path);
    patiently(|| atomicwrites::replace_atomic(&beside, &path)).inspect_err(|_| {
        let _ = fs_err::remove_file(&beside);
    })
}

/// Returns the folder that holds `path`.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes the names in `folder` to disk.
///
/// # Errors
/// If the names may not survive.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    sync_opened_folder(fs_err::File::open(folder)?.file())
}

/// Writes the names in an open folder to disk. Some network file systems have nothing to sync for a folder and return
/// EINVAL (fsync(2)): that is no failure.
///
/// # Errors
/// If the names may not survive.
#[cfg(unix)]
pub(crate) fn sync_opened_folder(folder: &std::fs::File) -> io::Result<()> {
    match folder.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Windows errors for a file that another program has open: ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION. The first is
/// also the error for missing rights. It is then returned after the last attempt.
const BUSY: &[i32] = if cfg!(windows) { &[5, 32] } else { &[] };
/// The first pause. Each pause is twice as long as the one before, up to the longest: 1.3 s in all.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
const PAUSES: usize = 27;

/// Repeats an attempt for about a second while another program has the file open: a virus scanner, an indexer, a reader
/// of the reports.
pub(crate) fn patiently<T>(attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    with_pauses(pauses(), attempt)
}

/// Repeats an attempt after each of these pauses while another program has the file open.
pub(crate) fn with_pauses<T>(
    pauses: impl Iterator<Item = Duration>,
    attempt: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    tried(attempt, BUSY, pauses, std::thread::park_timeout)
}

fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_PAUSE), |pause| Some((*pause * 2).min(LONGEST_PAUSE))).take(PAUSES)
}

fn tried<T>(
    mut attempt: impl FnMut() -> io::Result<T>,
    busy: &[i32],
    pauses: impl Iterator<Item = Duration>,
    mut wait: impl FnMut(Duration),
) -> io::Result<T> {
    for pause in pauses {
        match attempt() {
            Err(error) if error.raw_os_error().is_some_and(|code| busy.contains(&code)) => wait(pause),
            done => return done,
        }
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file system of /proc has no fsync for folders; some network file systems do not have one either.
    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_synced_is_no_failure() {
        let folder = Path::new("/proc/self");
        assert_eq!(fs_err::File::open(folder).unwrap().sync_all().unwrap_err().kind(), io::ErrorKind::InvalidInput);
        sync_folder(folder).unwrap();
        assert!(sync_folder(Path::new("/no-such-folder")).is_err());
    }

    /// Returns the result of an attempt that first fails with these codes, and the pauses made, in milliseconds.
    fn met(codes: &[i32]) -> (Result<(), Option<i32>>, Vec<u128>) {
        let (mut codes, mut made) = (codes.iter(), Vec::new());
        let attempt = || codes.next().map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(*code)));
        let done = tried(attempt, &[5, 32], pauses(), |pause| made.push(pause.as_millis()));
        (done.map_err(|error| error.raw_os_error()), made)
    }

    #[test]
    fn a_busy_file_is_tried_again_and_no_other() {
        assert_eq!(met(&[]), (Ok(()), vec![]));
        assert_eq!(met(&[32, 5, 32, 32]), (Ok(()), vec![10, 20, 40, 50]));
        // The file does not exist, so another attempt cannot help.
        assert_eq!(met(&[32, 2]), (Err(Some(2)), vec![10]));
    }

    #[test]
    fn a_file_that_stays_busy_fails_after_a_second() {
        assert_eq!(met(&[32; PAUSES]).0, Ok(()));
        let (done, made) = met(&[5; PAUSES + 1]);
        assert_eq!((done, made.len(), made.iter().sum()), (Err(Some(5)), PAUSES, 1270));
    }
}
