//! An unprivileged user, and folders shared between them and root.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// The id of a user without rights.
pub(crate) const STRANGER: u32 = 65534;

/// Whether this process is root; if not, prints that the test is skipped.
pub(crate) fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped, because only root can be attacked here: run the tests as root");
    }
    root
}

/// A folder for a test that any user may enter.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    /// A place in the temporary folder of all users.
    pub(crate) fn shared() -> Place {
        Place::within(&std::env::temp_dir())
    }

    /// A place that only root can write to, up to `/`.
    pub(crate) fn roots() -> Place {
        Place::within(Path::new("/var/lib"))
    }

    fn within(folder: &Path) -> Place {
        let place = tempfile::Builder::new().prefix("poolgate-test-").tempdir_in(folder).unwrap();
        mode(place.path(), 0o755);
        Place(place)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Creates a file of root's.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        fs_err::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs_err::write(self.at(name), text).unwrap();
        mode(&self.at(name), 0o644);
        self.at(name)
    }

    /// Creates a program of root's.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let path = self.file(name, "#!/bin/sh\n");
        mode(&path, 0o755);
        path
    }

    /// Creates a folder of root's.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        fs_err::create_dir(self.at(name)).unwrap();
        mode(&self.at(name), 0o755);
        self.at(name)
    }

    /// Creates a folder of the stranger's.
    pub(crate) fn strangers(&self, name: &str) -> PathBuf {
        let folder = self.folder(name);
        chown(&folder, Some(STRANGER), Some(STRANGER)).unwrap();
        folder
    }
}

pub(crate) fn mode(path: &Path, mode: u32) {
    fs_err::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// A shell command of the stranger in `folder`. `$0` is `argument`.
fn shell(folder: &Path, line: &str, argument: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(line).arg(argument).current_dir(folder).uid(STRANGER).gid(STRANGER);
    command.stdin(Stdio::null()).env("PATH", "/usr/bin:/bin");
    command
}

/// The stranger runs a command, and it succeeds.
#[track_caller]
pub(crate) fn does(folder: &Path, line: &str, argument: &Path) {
    let output = shell(folder, line, argument).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The stranger tries a command; returns whether it succeeded, and its output.
pub(crate) fn tries(folder: &Path, line: &str, argument: &Path) -> (bool, String) {
    let output = shell(folder, line, argument).output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&both).into_owned())
}

/// Calls `swap` repeatedly in another thread while `work` runs. The thread is root: only the reaction of `work`
/// matters, and a thread swaps faster than any shell.
pub(crate) fn meanwhile(swap: impl Fn() + Sync, work: impl FnOnce()) {
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                swap();
            }
        });
        // Ends the swapping even if the work panics.
        let _over = Over(&over);
        work();
    });
}

/// Exchanges two paths in one step. Returns whether both existed.
pub(crate) fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

/// poolgate in a place that the stranger can start it from. It is large, so a link is preferred.
pub(crate) fn program(place: &Place) -> PathBuf {
    let (program, built) = (place.at("poolgate"), env!("CARGO_BIN_EXE_poolgate"));
    if fs_err::hard_link(built, &program).is_err() {
        crate::install(built, &program);
    }
    mode(&program, 0o755);
    program
}
