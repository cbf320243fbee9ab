//! The folder of a run below a user's reports: created by root in a folder that is not root's, filled, and given away.
//!
//! The owner of the reports folder can rename its contents and replace them by anything. The run's folder is therefore
//! only ever reached by handle, without links, and must be the very one that was created.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, StatxFlags, Uid};
use rustix::io::Errno;

use super::CAREFULLY;
use super::walk::{HeldPath, PathCheck, walk};
use crate::machine::MachineError;

/// The file in the state folder that identifies the run's own folder.
const IDENTITY: &str = "run-folder";

/// Creates the folder of a run. Only its owner can write to it, regardless of the umask and even inside a folder that
/// others can write to.
///
/// # Errors
/// If it exists, cannot be created, or another folder was put in its place meanwhile.
pub fn make_run_folder(path: &Path) -> io::Result<()> {
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let above = HeldPath::open(above).map_err(io::Error::other)?;
    rustix::fs::mkdirat(above.handle.as_fd(), name, Mode::from_raw_mode(0o755))?;
    let made = above.step(name, path).map_err(io::Error::other)?;
    ours(&made).map_err(|problem| io::Error::other(format!("{problem} (name another folder with --reports)")))?;
    if !made.names().map_err(io::Error::other)?.is_empty() {
        return Err(io::Error::other("another folder was put in its place"));
    }
    let mode = made.stat.st_mode & 0o755 | 0o700;
    let set = made.set_mode(mode);
    // Some file systems keep no modes. Only root must not work in a folder that everyone can write to.
    let writable = above.step(name, path).map_err(io::Error::other)?.stat.st_mode & 0o022 != 0;
    match set {
        Err(error) if writable && is_root() => Err(io::Error::other(error)),
        _ if writable && is_root() => Err(io::Error::other("its file system lets other users write to it")),
        _ => Ok(()),
    }
}

/// Copies those of `files` that exist from the state folder `from` into the run's folder `to`. Each file is replaced as
/// a whole and is on disk when this returns. The first time `to` must be empty; after that it must be the same folder.
///
/// # Errors
/// [`MachineError::NotCopied`] if another folder or a link was put in the place of `to` or of a folder above it: then
/// nothing is written. Also if a file cannot be read or written.
pub fn hand_over(from: &Path, to: &Path, files: &[&str]) -> Result<(), MachineError> {
    let state = HeldPath::open(from)?;
    state.judge()?;
    let folder = run_folder(&state, to)?;
    files.iter().try_for_each(|name| copy(&state, &folder, name))?;
    folder.sync()
}

/// Gives the run's folder `to` and its files to the owner of the reports folder, who can then delete it. This is the
/// last step of a run: root must not rely on anything in `to` after it.
///
/// # Errors
/// As for [`hand_over`].
pub fn give_away(from: &Path, to: &Path) -> Result<(), MachineError> {
    let state = HeldPath::open(from)?;
    state.judge()?;
    let folder = run_folder(&state, to)?;
    let reports = walk(Path::new("/"), to.parent().unwrap_or(to), PathCheck::WithoutLinks)?;
    let (owner, group) = (Uid::from_raw(reports.stat.st_uid), Gid::from_raw(reports.stat.st_gid));
    if !is_root() || owner.is_root() {
        return Ok(());
    }
    for name in folder.names()? {
        let file = folder.open_file(&name, &to.join(&name))?;
        // So far only root could create anything in it.
        if file.kind() == FileType::RegularFile && file.stat.st_uid == 0 && file.stat.st_nlink == 1 {
            let given = rustix::fs::fchown(&file.handle, Some(owner), Some(group));
            given.map_err(|error| file.unwritable(error.into()))?;
        }
    }
    let given = rustix::fs::fchown(folder.readable()?, Some(owner), Some(group));
    given.map_err(|error| folder.unwritable(error.into()))
}

/// Returns the run's folder if it is still the one that was created.
fn run_folder(state: &HeldPath, to: &Path) -> Result<HeldPath, MachineError> {
    let replaced = |problem: String| MachineError::NotCopied {
        path: to.to_owned(),
        problem,
        remedy: format!("the run's files are in {}: copy them from there", state.path.display()),
    };
    let folder = walk(Path::new("/"), to, PathCheck::WithoutLinks)
        .map_err(|error| replaced(format!("it was moved or replaced: {error}")))?;
    ours(&folder).map_err(&replaced)?;
    if let Some((problem, _)) = folder.fault() {
        return Err(replaced(problem));
    }
    let identity = identity(&folder)?;
    let kept = state.path.join(IDENTITY);
    match fs_err::read_to_string(&kept) {
        Ok(known) if known == identity => Ok(folder),
        Ok(_) => Err(replaced("it is not the folder that the run made: another was put in its place".to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !folder.names()?.is_empty() {
                return Err(replaced("it is not empty: another folder was put in its place".to_owned()));
            }
            write(state, IDENTITY, &mut identity.as_bytes(), &kept)?;
            state.sync()?;
            Ok(folder)
        }
        Err(source) => Err(MachineError::unreadable(kept, source)),
    }
}

/// Returns text that distinguishes a folder from every other one on its file system, even after a boot: its inode
/// number and creation time.
fn identity(folder: &HeldPath) -> Result<String, MachineError> {
    let found = rustix::fs::statx(&folder.handle, "", AtFlags::EMPTY_PATH, StatxFlags::INO | StatxFlags::BTIME);
    match found {
        Ok(found) if found.stx_mask & StatxFlags::BTIME.bits() != 0 => {
            Ok(format!("{} {}.{:09}\n", found.stx_ino, found.stx_btime.tv_sec, found.stx_btime.tv_nsec))
        }
        Ok(_) | Err(Errno::NOSYS) => Ok(format!("{}\n", folder.stat.st_ino)),
        Err(error) => Err(folder.unreadable(error.into())),
    }
}

fn ours(folder: &HeldPath) -> Result<(), String> {
    let (owner, us) = (folder.stat.st_uid, rustix::process::geteuid().as_raw());
    match folder.kind() {
        FileType::Directory if owner == us => Ok(()),
        FileType::Directory => Err(format!(
            "it belongs to user {owner}, not to {us}: another folder was put in its place, or its file system does not store owners"
        )),
        FileType::Symlink => Err("it is a symbolic link".to_owned()),
        _ => Err("it is not a folder".to_owned()),
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Copies one file if it exists.
fn copy(state: &HeldPath, folder: &HeldPath, name: &str) -> Result<(), MachineError> {
    let file = match state.open_file(name.as_ref(), &state.path.join(name)) {
        Ok(file) => file,
        Err(MachineError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    file.regular()?;
    write(folder, name, &mut File::from(file.handle), &folder.path.join(name))
}

/// Makes `name` in `folder` a file with exactly the contents of `from`: written to a temporary file, synced, renamed.
fn write(folder: &HeldPath, name: &str, from: &mut dyn Read, path: &Path) -> Result<(), MachineError> {
    let beside = format!(".{name}.{}", std::process::id());
    let beside = OsStr::from_bytes(beside.as_bytes());
    // Left behind by an earlier process with our process id.
    folder.remove(beside);
    let mut written = || -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | CAREFULLY;
        let made = rustix::fs::openat(folder.handle.as_fd(), beside, flags, Mode::from_raw_mode(0o600))?;
        let mut made = File::from(made);
        let mut chunk = vec![0; 64 << 10];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => made.write_all(&chunk[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        // Every user who may enter the folder may read the reports.
        rustix::fs::fchmod(&made, Mode::from_raw_mode(0o644))?;
        made.sync_all()?;
        rustix::fs::renameat(folder.handle.as_fd(), beside, folder.handle.as_fd(), name)?;
        Ok(())
    };
    written().map_err(|source| {
        folder.remove(beside);
        MachineError::unwritable(path, source)
    })
}
