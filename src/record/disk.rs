//! Writes files so that they survive a power cut, with their full contents and under their names.
//!
//! On Unix a new name is on disk once its folder is synced. Windows documents no way to sync a folder. There
//! MoveFileExW with MOVEFILE_WRITE_THROUGH makes a name durable: it "does not return until the file is actually moved
//! on the disk" (Microsoft Learn). The standard library and tempfile rename without that flag.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::long_path::for_calls;

/// Replaces the file at `path` as a whole: a reader finds the old or the new file, also after a power cut.
///
/// # Errors
/// If the file cannot be written. The old file is then still there.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    written(path, contents).map_err(|error| named(path, &error))
}

fn written(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = temporary().tempfile_in(for_calls(folder))?;
    file.write_all(contents)?;
    if !super::CARELESS {
        file.as_file().sync_all()?;
    }
    put(file, path, folder)
}

/// Returns the system's error with the name of the target file in place of the temporary file's name.
fn named(path: &Path, error: &io::Error) -> io::Error {
    let said = error.to_string();
    // tempfile writes `{error} at path {path:?}`.
    let because = said.split(" at path \"").next().unwrap_or(&said);
    io::Error::new(error.kind(), format!("cannot write {}: {because}", path.display()))
}

/// Reports are readable for all users who may read the folder. By default only the owner can read a temporary file.
#[cfg(unix)]
fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder
}

/// On Windows a file inherits the access rights of its folder.
#[cfg(windows)]
fn temporary() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}

#[cfg(unix)]
fn put(file: NamedTempFile, path: &Path, folder: &Path) -> io::Result<()> {
    file.persist(path)?;
    sync_folder(folder)
}

/// Returns once the names in `folder` would survive a power cut. Does nothing on Windows, which has no documented call
/// for this. Some network file systems have nothing to sync for a folder and return EINVAL (fsync(2)): that is no
/// failure.
///
/// # Errors
/// If the names may not survive.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(windows) || super::CARELESS {
        return Ok(());
    }
    match fs_err::File::open(folder)?.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

#[cfg(windows)]
fn put(file: NamedTempFile, path: &Path, _: &Path) -> io::Result<()> {
    // `keep` clears the temporary attribute and closes the file.
    let (_, beside) = file.keep()?;
    let moved = patiently(|| atomicwrites::replace_atomic(&beside, &for_calls(path)));
    moved.map_err(|error| {
        let _ = fs_err::remove_file(&beside);
        io::Error::new(error.kind(), format!("failed to replace {}: {error}", path.display()))
    })
}

/// Windows errors for a file that another program has open: ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION.
const BUSY: &[i32] = if cfg!(windows) { &[5, 32] } else { &[] };
/// Number of attempts on a busy file, and the pause between them: a second in all.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Repeats an attempt while a virus scanner or an indexer has the file open.
pub(super) fn patiently<T>(attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    tried(attempt, BUSY, || std::thread::park_timeout(PAUSE))
}

fn tried<T>(mut attempt: impl FnMut() -> io::Result<T>, busy: &[i32], mut pause: impl FnMut()) -> io::Result<T> {
    for _ in 1..TRIES {
        match attempt() {
            Err(error) if error.raw_os_error().is_some_and(|code| busy.contains(&code)) => pause(),
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

    /// Returns the result of an attempt that first fails with these codes, and the number of pauses made.
    fn met(codes: &[i32]) -> (Result<(), Option<i32>>, usize) {
        let (mut codes, mut pauses) = (codes.iter(), 0);
        let attempt = || codes.next().map_or(Ok(()), |code| Err(io::Error::from_raw_os_error(*code)));
        let done = tried(attempt, &[5, 32], || pauses += 1);
        (done.map_err(|error| error.raw_os_error()), pauses)
    }

    #[test]
    fn a_busy_file_is_tried_again_and_no_other() {
        assert_eq!(met(&[]), (Ok(()), 0));
        assert_eq!(met(&[32, 5, 32]), (Ok(()), 3));
        assert_eq!(met(&[32, 3]), (Err(Some(3)), 1));
        assert_eq!(met(&[32; TRIES - 1]), (Ok(()), TRIES - 1));
        assert_eq!(met(&[32; TRIES]), (Err(Some(32)), TRIES - 1));
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("junit.xml");
        for contents in ["first", "second, which is longer", "3"] {
            replace(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs_err::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_with_a_path_of_300_characters_is_replaced_too() {
        let above = tempfile::tempdir().unwrap();
        let folder = (0..6).fold(above.path().to_owned(), |folder, _| {
            folder.join("a folder whose name has fifty characters, as this x")
        });
        let folder = folder.join("end");
        fs_err::create_dir_all(&folder).unwrap();
        let path = folder.join("junit.xml");
        for contents in ["first", "second"] {
            replace(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs_err::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(fs_err::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn a_file_which_cannot_be_replaced_is_named_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        // A file cannot replace a folder that is not empty.
        let path = folder.path().join("junit.xml");
        fs_err::create_dir_all(path.join("inside")).unwrap();
        assert!(replace(&path, b"new").is_err());
        assert!(path.join("inside").is_dir());
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }
}
