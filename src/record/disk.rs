//! Replaces a file by new contents, for reports and journals.

use std::io::{self, Write};
use std::path::Path;

use crate::durable;
use crate::long_path::for_calls;

/// Replaces the file at `path` as a whole: a reader finds the old or the new file, also after a power cut.
///
/// # Errors
/// If the file cannot be written. The old file is then still there.
pub fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    written(path, contents).map_err(|error| named(path, &error))
}

fn written(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = temporary().tempfile_in(for_calls(durable::folder_of(path)))?;
    file.write_all(contents)?;
    if super::CARELESS {
        file.persist(path)?;
        return Ok(());
    }
    durable::put(file, path)
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_file_that_cannot_be_replaced_is_named_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        // A file cannot replace a folder that is not empty.
        let path = folder.path().join("junit.xml");
        fs_err::create_dir_all(path.join("inside")).unwrap();
        assert!(replace(&path, b"new").is_err());
        assert!(path.join("inside").is_dir());
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }
}
