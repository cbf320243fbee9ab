//! The copy of a scenario's folder that root uses in its place (`--trust-folder`).
//!
//! The user who gives that option trusts the folder in its current state. Only root can change the copy, so it keeps
//! that state.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use rustix::fs::{FileType, Mode, OFlags};

use super::CAREFULLY;
use super::walk::{HeldPath, PathCheck, walk};
use crate::machine::MachineError;

/// The limits of a copy: bytes, files and folders together, and nesting depth.
const MOST_BYTES: u64 = 512 << 20;
const MOST_FILES: usize = 20_000;
const DEEPEST: usize = 64;

/// Copies the folder `from` to `to`, which must not exist yet; the folder above it must be trusted. The copy belongs to
/// the user who runs poolgate, and no other user can write to it. Executable files stay executable. `except`, the
/// reports' folder, is left out if it lies inside. The copy is on disk when this returns.
///
/// # Errors
/// If a link leads out of the folder, the folder holds anything but files, folders and links, it holds more than 512
/// MiB or 20,000 files, or it cannot be read or written.
pub fn copy_trusted_folder(from: &Path, to: &Path, except: Option<&Path>) -> Result<(), MachineError> {
    let source = walk(Path::new("/"), from, PathCheck::WithoutLinks)?;
    let (Some(above), Some(name)) = (to.parent(), to.file_name()) else {
        return Err(MachineError::unwritable(to, io::ErrorKind::InvalidInput.into()));
    };
    let above = HeldPath::open(above)?;
    above.judge()?;
    // A folder that does not exist yet cannot be copied by accident.
    let except = except.and_then(|except| walk(Path::new("/"), except, PathCheck::WithoutLinks).ok());
    let target = fresh_folder(&above, name, to)?;
    let mut copy = Copy { from, except, bytes: 0, files: 0 };
    copy.folder(&source, &target, 0)?;
    let written = target
        .readable()
        .and_then(|folder| rustix::fs::syncfs(&folder).map_err(|error| target.unwritable(error.into())));
    written.and_then(|()| above.sync())
}

struct Copy<'a> {
    from: &'a Path,
    except: Option<HeldPath>,
    bytes: u64,
    files: usize,
}

impl Copy<'_> {
    fn folder(&mut self, from: &HeldPath, to: &HeldPath, depth: usize) -> Result<(), MachineError> {
        if depth > DEEPEST {
            return Err(self.refused(&from.path, "its folders are nested too deeply"));
        }
        for name in from.names()? {
            let found = from.step(&name, &from.path.join(&name))?;
            if self.except.as_ref().is_some_and(|except| except.is(&found)) {
                continue;
            }
            self.files += 1;
            if self.files > MOST_FILES {
                return Err(self.refused(self.from, &format!("it holds more than {MOST_FILES} files")));
            }
            let path = to.path.join(&name);
            match found.kind() {
                FileType::Directory => self.folder(&found, &fresh_folder(to, &name, &path)?, depth + 1)?,
                FileType::RegularFile => {
                    let file = from.open_file(&name, &found.path)?;
                    file.regular()?;
                    if self.bytes.saturating_add(file.stat.st_size.cast_unsigned()) > MOST_BYTES {
                        return Err(self.too_much());
                    }
                    self.file(file, to, &name, &path)?;
                }
                FileType::Symlink => {
                    let target = rustix::fs::readlinkat(from.handle.as_fd(), &name, Vec::new());
                    let target = target.map_err(|error| found.unreadable(error.into()))?;
                    if !stays_inside(Path::new(std::ffi::OsStr::from_bytes(target.as_bytes())), depth) {
                        return Err(self.refused(&found.path, "it is a link that leads out of the scenario's folder"));
                    }
                    let made = rustix::fs::symlinkat(&target, to.handle.as_fd(), &name);
                    made.map_err(|error| MachineError::unwritable(path, error.into()))?;
                }
                _ => return Err(self.refused(&found.path, "it is neither a file nor a folder nor a link")),
            }
        }
        Ok(())
    }

    fn file(&mut self, from: HeldPath, to: &HeldPath, name: &std::ffi::OsStr, path: &Path) -> Result<(), MachineError> {
        let unwritable = |source| MachineError::unwritable(path, source);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | CAREFULLY;
        let made = rustix::fs::openat(to.handle.as_fd(), name, flags, Mode::RUSR | Mode::WUSR);
        let made: OwnedFd = made.map_err(|error| unwritable(error.into()))?;
        let executable = from.stat.st_mode & 0o111 != 0;
        let mode = Mode::from_raw_mode(if executable { 0o755 } else { 0o644 });
        let (mut written, source) = (File::from(made), from.path.clone());
        let mut reader = File::from(from.handle);
        let mut chunk = vec![0; 64 << 10];
        loop {
            let count = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(MachineError::unreadable(source, error)),
            };
            // Count the bytes that were read, because a file may grow meanwhile.
            self.bytes += count as u64;
            if self.bytes > MOST_BYTES {
                return Err(self.too_much());
            }
            written.write_all(&chunk[..count]).map_err(unwritable)?;
        }
        rustix::fs::fchmod(&written, mode).map_err(|error| unwritable(error.into()))
    }

    fn too_much(&self) -> MachineError {
        self.refused(self.from, &format!("it holds more than {} MiB", MOST_BYTES >> 20))
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

/// Creates a folder that only its owner can write to.
fn fresh_folder(above: &HeldPath, name: &std::ffi::OsStr, path: &Path) -> Result<HeldPath, MachineError> {
    let made = rustix::fs::mkdirat(above.handle.as_fd(), name, Mode::RWXU);
    made.map_err(|error| MachineError::unwritable(path, error.into()))?;
    let folder = above.step(name, path)?;
    folder.set_mode(0o755)?;
    folder.judge()?;
    Ok(folder)
}

/// Whether a link that lies `depth` folders below the top cannot lead above the top. All folders above the link are
/// real ones, so each `..` at the beginning goes up by one. After a name, which may itself be a link, a `..` can lead
/// anywhere.
fn stays_inside(target: &Path, depth: usize) -> bool {
    let ups = target.components().take_while(|part| matches!(part, Component::ParentDir | Component::CurDir));
    let ups = ups.filter(|part| *part == Component::ParentDir).count();
    let rest = target.components().skip_while(|part| matches!(part, Component::ParentDir | Component::CurDir));
    let mut rest = rest.map(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    ups <= depth && rest.all(|inside| inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_may_go_up_as_far_as_it_lies_deep() {
        for (target, depth, inside) in [
            ("file", 0, true),
            ("./a/b", 0, true),
            ("..", 0, false),
            ("..", 1, true),
            ("../../x", 1, false),
            ("../../x", 2, true),
            ("a/../..", 5, false),
            ("/etc/passwd", 5, false),
        ] {
            assert_eq!(stays_inside(Path::new(target), depth), inside, "{target} at {depth}");
        }
    }
}
