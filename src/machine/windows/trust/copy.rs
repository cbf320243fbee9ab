//! Copies files between a user's folder and an administrators' folder.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Storage::FileSystem::FILE_GENERIC_READ;

use super::super::security;
use super::{OURS_ALONE, check, real_path};
use crate::durable;
use crate::long_path::for_calls;
use crate::machine::MachineError;

/// The limits of a copy: bytes, and the number of files and folders together.
const MOST_BYTES: u64 = 512 << 20;
const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 64;

/// Copies the folder `from` to `to`, which must not exist yet; the folder above it must be trusted. Only administrators
/// can write to the copy. `except`, the folder of the reports, is left out if it lies inside.
///
/// # Errors
/// If the folder holds a link or junction, or more than 512 MiB or 20,000 files, or if reading or writing fails.
pub fn copy_trusted_folder(from: &Path, to: &Path, except: Option<&Path>) -> Result<(), MachineError> {
    check(to.parent().unwrap_or(to))?;
    let except = except.and_then(|except| real_path(except).ok());
    let mut copy = Copy { from: from.to_owned(), except, bytes: 0, files: 0 };
    copy.folder(from, to, 0)
}

struct Copy {
    from: PathBuf,
    except: Option<PathBuf>,
    bytes: u64,
    files: usize,
}

impl Copy {
    fn folder(&mut self, from: &Path, to: &Path, depth: usize) -> Result<(), MachineError> {
        let unreadable = |source| MachineError::unreadable(from, source);
        if depth > DEEPEST {
            return Err(self.refused(from, "its folders are nested too deeply"));
        }
        // While this handle is open, the folder cannot be replaced.
        let held = security::hold_folder(from).map_err(unreadable)?;
        if security::is_link(&held).map_err(unreadable)? {
            return Err(self.refused(from, LINK));
        }
        security::create_folder(to, OURS_ALONE).map_err(|source| MachineError::unwritable(to, source))?;
        for entry in fs_err::read_dir(from).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, target) = (entry.path(), to.join(entry.file_name()));
            self.files += 1;
            if self.files > MOST_FILES {
                return Err(self.refused(&self.from, &format!("it holds more than {MOST_FILES} files")));
            }
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_symlink() {
                return Err(self.refused(&path, LINK));
            } else if kind.is_dir() {
                let left_out = self.except.is_some() && real_path(&path).ok() == self.except;
                if !left_out {
                    self.folder(&path, &target, depth + 1)?;
                }
            } else {
                self.file(&path, &target)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &Path, to: &Path) -> Result<(), MachineError> {
        let unreadable = |source| MachineError::unreadable(from, source);
        let unwritable = |source| MachineError::unwritable(to, source);
        let file = security::open_itself(from, FILE_GENERIC_READ, security::ANYTHING).map_err(unreadable)?;
        if security::is_link(&file).map_err(unreadable)? {
            return Err(self.refused(from, LINK));
        }
        let left = MOST_BYTES - self.bytes;
        let mut written = File::create_new(to).map_err(unwritable)?;
        let copied = io::copy(&mut file.take(left + 1), &mut written).map_err(unwritable)?;
        if copied > left {
            return Err(self.refused(&self.from, &format!("it holds more than {} MiB", MOST_BYTES >> 20)));
        }
        self.bytes += copied;
        written.sync_all().map_err(unwritable)
    }

    fn refused(&self, path: &Path, problem: &str) -> MachineError {
        MachineError::NotCopied {
            path: path.to_owned(),
            problem: problem.to_owned(),
            remedy: format!(
                "put the scenario and only what it needs into a folder of its own; {} was copied for --trust-folder",
                self.from.display()
            ),
        }
    }
}

const LINK: &str = "it is a link or junction that leads out of the scenario's folder";

/// Copies those of `files` that exist from the state folder `from` into the run's folder `to`. Each is replaced as a
/// whole, and is on disk when this returns.
///
/// # Errors
/// [`MachineError::NotCopied`] if `to` or a folder above it no longer exists or was replaced by a link; then nothing is
/// written. Also if a file cannot be read or written.
pub fn hand_over(from: &Path, to: &Path, files: &[&str]) -> Result<(), MachineError> {
    check(from)?;
    let replaced = |problem: String| MachineError::NotCopied {
        path: to.to_owned(),
        problem,
        remedy: format!("the run's files are in {}: copy them from there", from.display()),
    };
    let moved = |error: io::Error| replaced(format!("it was moved or replaced: {error}"));
    // While this handle is open, neither the folder nor one above it can be replaced.
    let held = security::hold_folder(to).map_err(moved)?;
    let real = real_path(to).map_err(moved)?;
    if security::is_link(&held).map_err(moved)? || real != to {
        return Err(replaced("it is reached by a link".to_owned()));
    }
    for name in files {
        let source = from.join(name);
        let file = match security::open_itself(&source, FILE_GENERIC_READ, security::ANYTHING) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(MachineError::unreadable(source, error)),
        };
        put(file, to, name).map_err(|error| MachineError::unwritable(to.join(name), error))?;
    }
    Ok(())
}

/// Writes a temporary file in `folder` and renames it to `name`. An existing file or link of that name is replaced
/// itself.
fn put(mut from: File, folder: &Path, name: &str) -> io::Result<()> {
    let mut beside = tempfile::NamedTempFile::new_in(for_calls(folder))?;
    io::copy(&mut from, &mut beside)?;
    beside.flush()?;
    durable::put(beside, &folder.join(name))
}

/// Does nothing: the run's folder grants access to the user who began the run from the start.
///
/// # Errors
/// None on Windows.
pub fn give_away(_: &Path, _: &Path) -> Result<(), MachineError> {
    Ok(())
}
