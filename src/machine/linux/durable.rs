//! Files that survive a power cut intact: written to a temporary file, synced, renamed.
//!
//! A reader sees the file before or after a change, never a mixture. The rename itself is durable only once the folder
//! is synced. A file keeps its mode and owner. A link is followed, never replaced by a file.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown, symlink};
use std::path::Path;

use crate::durable::{folder_of, put, sync_folder, sync_opened_folder};
use crate::machine::MachineError;

/// Returns the text of `path`, or `None` if there is no such file.
pub(super) fn text(path: &Path) -> Result<Option<String>, MachineError> {
    match fs_err::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| MachineError::NotText(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => Ok(None),
        Err(source) => Err(MachineError::unreadable(path, source)),
    }
}

/// Makes `path` a file of exactly `text`.
pub(super) fn replace(path: &Path, text: &str) -> Result<(), MachineError> {
    let replaced = || -> io::Result<()> {
        let place = if path.is_symlink() { path.canonicalize()? } else { path.to_owned() };
        let folder = folder_of(&place);
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        match place.metadata() {
            Ok(before) => {
                fchown(file.as_file(), Some(before.uid()), Some(before.gid()))?;
                file.as_file().set_permissions(before.permissions())?;
            }
            // File systems without modes, such as the FAT of a boot partition, refuse most of them.
            Err(_) => match file.as_file().set_permissions(Permissions::from_mode(0o644)) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                set => set?,
            },
        }
        put(file, &place)
    };
    replaced().map_err(|source| unwritable(path, source))
}

/// Makes `path` a link to `target`.
pub(super) fn link(path: &Path, target: &Path) -> Result<(), MachineError> {
    let linked = || -> io::Result<()> {
        let folder = folder_of(path);
        std::fs::create_dir_all(folder)?;
        // A link cannot be overwritten: it is created under a unique name, then renamed.
        let beside = tempfile::tempdir_in(folder)?;
        let made = beside.path().join("link");
        symlink(target, &made)?;
        std::fs::rename(&made, path)?;
        beside.close()?;
        sync_folder(folder)
    };
    linked().map_err(|source| unwritable(path, source))
}

/// Removes `path` if it exists.
pub(super) fn remove(path: &Path) -> Result<(), MachineError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(path, error)),
        _ => sync(folder_of(path)),
    }
}

/// Makes a file or folder survive a power cut, if it exists.
pub(super) fn sync(path: &Path) -> Result<(), MachineError> {
    with_open(path, |file| if file.metadata()?.is_dir() { sync_opened_folder(file) } else { file.sync_all() })
}

/// Syncs the whole file system that holds `path`, because other programs wrote there.
pub(super) fn sync_file_system(path: &Path) -> Result<(), MachineError> {
    with_open(path, |file| Ok(rustix::fs::syncfs(file)?))
}

fn with_open(path: &Path, work: impl FnOnce(&File) -> io::Result<()>) -> Result<(), MachineError> {
    let outcome = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(file) => work(&file),
    };
    outcome.map_err(|source| unwritable(path, source))
}

fn unwritable(path: &Path, source: io::Error) -> MachineError {
    MachineError::unwritable(path, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No folder in /proc can be synced: its file system lacks fsync, as some network file systems do.
    #[test]
    fn a_folder_that_cannot_be_synced_is_no_failure() {
        let folder = Path::new("/proc/self");
        assert_eq!(File::open(folder).unwrap().sync_all().unwrap_err().kind(), io::ErrorKind::InvalidInput);
        sync(folder).unwrap();
    }
}
