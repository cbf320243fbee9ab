//! What it takes for a file to be on disk, whole and under its name, whatever happens to the machine a moment later.
//!
//! On Unix a new name is on disk once its folder is synced. On Windows no folder can be synced by anything that is
//! documented; there a name is made durable by the way it is given: MoveFileExW with MOVEFILE_WRITE_THROUGH "does not
//! return until the file is actually moved on the disk" (Microsoft Learn). The standard library and tempfile rename
//! without that.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use crate::long_path::for_calls;

/// Replaces the file at `path` as a whole: a reader, or a machine which lost power, finds the old or the new one.
///
/// # Errors
/// When it cannot be written; the old file is then still there.
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

/// The system's error under the name that the file was to have: that of the temporary file means nothing to anybody.
fn named(path: &Path, error: &io::Error) -> io::Error {
    let said = error.to_string();
    // tempfile's `{error} at path {path:?}`.
    let because = said.split(" at path \"").next().unwrap_or(&said);
    io::Error::new(error.kind(), format!("cannot write {}: {because}", path.display()))
}

/// Reports are for everyone who may read the folder; a temporary file is its owner's only.
#[cfg(unix)]
fn temporary() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder
}

/// On Windows a file has the rights which its folder hands down.
#[cfg(windows)]
fn temporary() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}

#[cfg(unix)]
fn put(file: NamedTempFile, path: &Path, folder: &Path) -> io::Result<()> {
    file.persist(path)?;
    sync_folder(folder)
}

/// Returns once the names in `folder` would survive a power cut. On Windows no documented call does that for a folder. Some
/// network file systems have nothing to sync for a folder and return EINVAL (fsync(2)): that is no failure.
///
/// # Errors
/// When the names may not survive.
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
    // It is no longer marked as temporary then, and closed.
    let (_, beside) = file.keep()?;
    let moved = patiently(|| atomicwrites::replace_atomic(&beside, &for_calls(path)));
    moved.map_err(|error| {
        let _ = fs_err::remove_file(&beside);
        io::Error::new(error.kind(), format!("failed to replace {}: {error}", path.display()))
    })
}

/// What Windows says of a file which somebody else has open just now: ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION.
const BUSY: &[i32] = if cfg!(windows) { &[5, 32] } else { &[] };
/// How often, and how long between, a busy file is tried: a second in all.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Does what a virus scanner or an indexer may keep from being done for a moment.
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

    /// No folder in /proc can be synced: its file system has no fsync, as some network file systems have none.
    #[cfg(unix)]
    #[test]
    fn a_folder_that_cannot_be_synced_is_no_failure() {
        let folder = Path::new("/proc/self");
        assert_eq!(fs_err::File::open(folder).unwrap().sync_all().unwrap_err().kind(), io::ErrorKind::InvalidInput);
        sync_folder(folder).unwrap();
        assert!(sync_folder(Path::new("/no-such-folder")).is_err());
    }

    /// What comes of an attempt that meets these codes first, and how many pauses were made.
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
        // A folder that is not empty gives way to no file.
        let path = folder.path().join("junit.xml");
        fs_err::create_dir_all(path.join("inside")).unwrap();
        assert!(replace(&path, b"new").is_err());
        assert!(path.join("inside").is_dir());
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }
}
