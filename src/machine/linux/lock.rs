//! Lock files: opened so that no other user can interfere with them, and inspected without locking.
//!
//! Any process that can open a lock file can lock it (flock(2)), even if read-only, and so block all others. Each lock
//! file is therefore accessible to its owner only, and the lock file of the machine is in a folder that only
//! root can enter.

use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::trust::{CAREFULLY, HeldPath};

/// Opens the lock file at `path`. Creates the file and its folder if needed, and keeps the file's contents.
///
/// # Errors
/// If it cannot be created, is not a regular file of this user, or root would have to rely on a folder that others can
/// write to.
pub fn open_lock(path: &Path) -> io::Result<File> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let folder = HeldPath::open(folder).map_err(io::Error::other)?;
    if rustix::process::geteuid().is_root() {
        folder.judge().map_err(io::Error::other)?;
    }
    let flags = OFlags::RDWR | OFlags::CREATE | CAREFULLY;
    let file = File::from(rustix::fs::openat(folder.handle.as_fd(), name, flags, FOR_THE_OWNER)?);
    let found = file.metadata()?;
    if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is not a regular file of this user"));
    }
    if found.mode() & 0o077 != 0 {
        rustix::fs::fchmod(&file, FOR_THE_OWNER)?;
    }
    Ok(file)
}

const FOR_THE_OWNER: Mode = Mode::RUSR.union(Mode::WUSR);

/// Opens the lock file at `path` to inspect it.
///
/// # Errors
/// If it does not exist or may not be read.
pub fn open_to_look(path: &Path) -> io::Result<File> {
    let opened = rustix::fs::open(path, OFlags::RDONLY | CAREFULLY, Mode::empty());
    Ok(opened?.into())
}

/// Locks `file` until it is closed.
///
/// # Errors
/// If another process has locked it, or the file system has no locks.
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

/// Whether any process has locked `file`, according to `/proc/locks`. Takes no lock, so it never blocks another
/// process. A process in a container does not see the locks of its host's processes here.
///
/// # Errors
/// If the kernel's files cannot be read.
pub fn is_locked(file: &File) -> io::Result<bool> {
    let place = place(file)?;
    Ok(locked(&fs_err::read_to_string("/proc/locks")?, &place))
}

/// Whether `locks`, the text of `/proc/locks`, has a flock(2) lock at `place`:
/// `1: FLOCK  ADVISORY  WRITE 708 00:15:31 0 EOF` (proc_locks(5)). A line with an arrow belongs to a process that waits
/// for the lock.
fn locked(locks: &str, place: &str) -> bool {
    locks.lines().any(|line| {
        let mut items = line.split_ascii_whitespace().skip(1);
        items.next() == Some("FLOCK") && items.nth(3) == Some(place)
    })
}

/// Returns the name of the file in `/proc/locks`: the device of its mount in hexadecimal, and its inode number. stat(2)
/// may return another device (btrfs, overlayfs); `/proc/self/fdinfo` and `/proc/self/mountinfo` have the one that the
/// kernel uses.
fn place(file: &File) -> io::Result<String> {
    let fdinfo = fs_err::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd()))?;
    let mounts = fs_err::read_to_string("/proc/self/mountinfo")?;
    let found = file.metadata()?;
    let field = |name: &str| fdinfo.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    // Kernels before 5.14 do not have the number there.
    let number = field("ino:").and_then(|number| number.parse().ok()).unwrap_or(found.ino());
    let (major, minor) = field("mnt_id:")
        .and_then(|mount| device(&mounts, mount))
        .unwrap_or((rustix::fs::major(found.dev()), rustix::fs::minor(found.dev())));
    Ok(format!("{major:02x}:{minor:02x}:{number}"))
}

/// Returns the device of a mount: `25 1 0:22 / /run rw …` (proc_pid_mountinfo(5)).
fn device(mounts: &str, mount: &str) -> Option<(u32, u32)> {
    let line = mounts.lines().find(|line| line.split(' ').next() == Some(mount))?;
    let (major, minor) = line.split(' ').nth(2)?.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "1: POSIX  ADVISORY  WRITE 708 00:15:31 0 EOF\n2: FLOCK  ADVISORY  WRITE 709 fe:00:1234 0 EOF\n\
                         2: -> FLOCK  ADVISORY  WRITE 710 fe:00:99 0 EOF\n";

    #[test]
    fn only_a_flock_that_is_held_counts() {
        for (place, is) in [("fe:00:1234", true), ("00:15:31", false), ("fe:00:99", false), ("fe:00:123", false)] {
            assert_eq!(locked(LOCKS, place), is, "{place}");
        }
    }

    #[test]
    fn the_device_of_a_mount_is_the_kernels_own() {
        let mounts = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n25 22 0:34 / /run rw shared:5 - tmpfs tmpfs rw\n";
        assert_eq!(device(mounts, "25"), Some((0, 34)));
        assert_eq!(device(mounts, "2"), None);
    }
}
