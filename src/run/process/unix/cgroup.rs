//! The cgroup (version 2) for a run's commands, if one can be made.
//!
//! The kernel keeps all processes of a command in the command's cgroup, reports whether any of them is alive, and kills
//! them all at once. Unlike parent–child relations, a cgroup outlives poolgate and its warden. It is optional: if no
//! cgroup can be made, the warden uses parent–child relations only.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustix::process::Pid;

/// A cgroup, identified by its folder.
#[derive(Debug, Clone)]
pub(super) struct Cgroup(PathBuf);

/// The prefix of the names of poolgate's cgroups.
const PREFIX: &str = "poolgate-";
/// The limit on cgroups for commands of one run. A run needs a new one only for each command that hangs.
const MOST: u32 = 1000;

impl Cgroup {
    /// Returns an empty cgroup for a command of `run`, below the cgroup of this process, or `None` if none can be made.
    /// All commands use the same cgroup unless an earlier one hangs in it, because a new cgroup takes kernel memory,
    /// which would appear in the measurement.
    pub(super) fn for_command(run: &str) -> Option<Cgroup> {
        let home = home()?;
        let outer = home.join(name(run)?);
        if made(&outer).ok()? {
            remove_stale(home, &outer);
        }
        (1..=MOST).map(|number| Cgroup(outer.join(format!("commands-{number}")))).find_map(|cgroup| {
            match made(&cgroup.0) {
                Ok(true) => Some(Some(cgroup)),
                Ok(false) if !cgroup.is_populated() => Some(Some(cgroup)),
                Ok(false) => None,
                Err(_) => Some(None),
            }
        })?
    }

    /// Returns all cgroups with the name of `run` on this machine.
    pub(super) fn of_run(run: &str) -> Vec<Cgroup> {
        let Some(name) = name(run) else { return Vec::new() };
        let mountinfo = fs_err::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let mut found = Vec::new();
        for mount in mounts(&mountinfo) {
            Cgroup(mount.at.to_owned()).each(&mut |cgroup| {
                if cgroup.0.file_name().is_some_and(|own| own == name.as_str()) {
                    found.push(cgroup.clone());
                }
            });
        }
        found
    }

    /// Returns the cgroup with this folder.
    pub(super) fn at(folder: &Path) -> Cgroup {
        Cgroup(folder.to_owned())
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// Moves this process into the cgroup. Its later children start there too.
    pub(super) fn enter(&self) -> io::Result<()> {
        match fs_err::write(self.0.join("cgroup.procs"), "0") {
            // Another poolgate may have removed it as stale.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                made(&self.0)?;
                fs_err::write(self.0.join("cgroup.procs"), "0")
            }
            done => done,
        }
    }

    /// Moves this process back to the parent of the run's cgroup; see [`Cgroup::for_command`]. Its children stay.
    pub(super) fn leave(&self) -> io::Result<()> {
        let home = self.0.parent().and_then(Path::parent).unwrap_or(&self.0);
        fs_err::write(home.join("cgroup.procs"), "0")
    }

    /// Kills all processes in the cgroup. Before Linux 5.14 this does nothing, and processes have to be killed one by
    /// one.
    pub(super) fn kill(&self) {
        let kill = self.0.join("cgroup.kill");
        if kill.exists() {
            let _ = fs_err::write(kill, "1");
        }
    }

    /// Returns whether any process lives in the cgroup or below it.
    pub(super) fn is_populated(&self) -> bool {
        let events = fs_err::read_to_string(self.0.join("cgroup.events")).unwrap_or_default();
        events.lines().any(|line| line == "populated 1")
    }

    /// Returns the processes in the cgroup and below it.
    pub(super) fn processes(&self) -> Vec<Pid> {
        let mut found = Vec::new();
        self.each(&mut |cgroup| {
            let text = fs_err::read_to_string(cgroup.0.join("cgroup.procs")).unwrap_or_default();
            // Processes of another PID namespace are listed as 0.
            found.extend(text.lines().filter_map(|line| line.parse().ok().and_then(Pid::from_raw)));
        });
        found
    }

    /// Removes the cgroup and those below it, except the ones with living processes.
    pub(super) fn remove(&self) {
        for inner in self.children() {
            inner.remove();
        }
        let _ = fs_err::remove_dir(&self.0);
    }

    /// Removes the cgroups of `run`'s commands, except those with living processes.
    pub(super) fn remove_of_run(run: &str) {
        if let Some((home, name)) = home().zip(name(run)) {
            Cgroup(home.join(name)).remove();
        }
    }

    /// Removes the run's cgroup; this cgroup is one of its [commands' cgroups](Cgroup::for_command).
    pub(super) fn remove_with_run(&self) {
        if let Some(outer) = self.0.parent() {
            Cgroup(outer.to_owned()).remove();
        }
    }

    fn each(&self, visit: &mut impl FnMut(&Cgroup)) {
        visit(self);
        for inner in self.children() {
            inner.each(visit);
        }
    }

    fn children(&self) -> impl Iterator<Item = Cgroup> + use<> {
        let entries = fs_err::read_dir(&self.0).into_iter().flatten().flatten();
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| Cgroup(entry.path()))
    }
}

impl fmt::Display for Cgroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.display())
    }
}

/// Creates a cgroup, and the one above it if another poolgate has removed that as stale. Returns `false` if it exists
/// already.
fn made(folder: &Path) -> io::Result<bool> {
    match fs_err::create_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs_err::create_dir_all(folder).map(|()| true),
        Err(error) => Err(error),
    }
}

/// Removes cgroups of other runs without living processes. Their poolgate was killed or could not end them.
fn remove_stale(home: &Path, ours: &Path) {
    let is_stale = |cgroup: &Cgroup| {
        let name = cgroup.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with(PREFIX) && cgroup.0 != ours && !cgroup.is_populated()
    };
    Cgroup::at(home).children().filter(is_stale).for_each(|cgroup| cgroup.remove());
}

/// Returns the name of a run's cgroup.
fn name(run: &str) -> Option<String> {
    let fits = !run.is_empty() && run.len() < 200 && !run.contains(['/', '\n', '\0']);
    fits.then(|| format!("{PREFIX}{run}"))
}

/// Returns the folder of this process's own cgroup.
fn home() -> Option<&'static Path> {
    static HOME: OnceLock<Option<PathBuf>> = OnceLock::new();
    let home = HOME.get_or_init(|| {
        let mountinfo = fs_err::read_to_string("/proc/self/mountinfo").ok()?;
        let own = fs_err::read_to_string("/proc/self/cgroup").ok()?;
        let pid = std::process::id().to_string();
        // In a container, the visible part of the tree may differ from the one in `mountinfo`.
        let holds_us = |folder: &PathBuf| {
            let listed = fs_err::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            listed.lines().any(|line| line == pid)
        };
        homes(&mountinfo, &own).find(holds_us)
    });
    home.as_deref()
}

/// Returns the possible folders of a process's cgroup, from its `mountinfo` and `cgroup` in `/proc`.
fn homes<'a>(mountinfo: &'a str, own: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    // The line of version 2. Lines of version 1 have numbers and names.
    let own = own.lines().find_map(|line| line.strip_prefix("0::"));
    own.into_iter().flat_map(move |own| {
        mounts(mountinfo).filter_map(move |mount| {
            let below = Path::new(own).strip_prefix(mount.root).ok()?;
            Some(mount.at.join(below))
        })
    })
}

/// A mount point of cgroups version 2.
struct CgroupMount<'a> {
    /// The part of the cgroup tree that is visible there.
    root: &'a Path,
    at: &'a Path,
}

/// Returns the mounts in the lines of a `mountinfo`: `id parent major:minor root mount-point options … - type source
/// options`.
fn mounts(mountinfo: &str) -> impl Iterator<Item = CgroupMount<'_>> {
    mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ').skip(3);
        let (root, at) = (fields.next()?, fields.next()?);
        // A backslash begins an escaped character, and such paths are not supported.
        let usable = after.starts_with("cgroup2 ") && !root.contains('\\') && !at.contains('\\');
        usable.then_some(CgroupMount { root: Path::new(root), at: Path::new(at) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(mountinfo: &str, own: &str) -> Vec<PathBuf> {
        homes(mountinfo, own).collect()
    }

    const PURE: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn a_cgroup_is_made_even_if_the_one_above_it_was_removed() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("poolgate-run/commands-1");
        assert_eq!([made(&inner).unwrap(), made(&inner).unwrap()], [true, false]);
    }

    #[test]
    fn a_machine_with_version_2_alone() {
        let own = "0::/user.slice/user-0.slice/session-1.scope\n";
        let folder = PathBuf::from("/sys/fs/cgroup/user.slice/user-0.slice/session-1.scope");
        assert_eq!(found(PURE, own), [folder]);
    }

    #[test]
    fn a_machine_with_both_versions() {
        let mountinfo = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
                         41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        let own = "9:name=systemd:/\n4:memory:/some/where\n1:cpu:/\n0::/\n";
        assert_eq!(found(mountinfo, own), [PathBuf::from("/sys/fs/cgroup/unified")]);
    }

    #[test]
    fn a_container_that_sees_a_part_of_the_tree() {
        let mountinfo = "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n";
        assert_eq!(found(mountinfo, "0::/docker/abc/x\n"), [PathBuf::from("/sys/fs/cgroup/x")]);
        assert!(found(mountinfo, "0::/elsewhere\n").is_empty());
    }

    #[test]
    fn a_machine_without_version_2() {
        let version_1 = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
        assert!(found(version_1, "1:cpu:/\n").is_empty());
        assert!(found(version_1, "1:cpu:/\n0::/\n").is_empty());
        assert!(found(PURE, "1:cpu:/\n").is_empty());
        assert!(found("", "").is_empty());
    }

    #[test]
    fn a_run_cannot_name_another_folder() {
        assert_eq!(name("copy-20260102T030405Z-k3f9").as_deref(), Some("poolgate-copy-20260102T030405Z-k3f9"));
        assert_eq!((name(""), name("a/../b")), (None, None));
    }
}
