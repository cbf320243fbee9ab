//! Programs of this machine that the QEMU test bed runs.

use std::path::Path;
use std::process::Command;

use crate::beds::Missing;

/// The programs that the bed runs, and the Debian packages that contain them.
const TOOLS: [(&str, &str); 10] = [
    ("apt-cache", "apt"),
    ("apt-get", "apt"),
    ("cpio", "cpio"),
    ("debugfs", "e2fsprogs"),
    ("depmod", "kmod"),
    ("dpkg-deb", "dpkg"),
    ("make", "make"),
    ("mke2fs", "e2fsprogs"),
    ("modprobe", "kmod"),
    ("qemu-system-x86_64", "qemu-system-x86"),
];

/// Looks for everything in [`TOOLS`].
pub(crate) fn find_all() -> Result<(), Missing> {
    TOOLS.into_iter().try_for_each(|(program, package)| find(program, package))
}

pub(crate) fn find(program: &str, package: &str) -> Result<(), Missing> {
    if std::env::split_paths(&search_path()).any(|folder| folder.join(program).is_file()) {
        return Ok(());
    }
    Err(Missing(format!("{program} is missing (package {package})")))
}

/// Returns a command that prints English and also searches root's path.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C").env("PATH", search_path());
    command
}

/// Like [`printed`](crate::beds::printed), for commands that need packages from elsewhere: a failure means that the packages are missing.
pub(crate) fn fetched(command: &mut Command) -> Result<String, Missing> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| Missing(format!("{program} does not start: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(Missing(format!("{program} failed; try `apt-get update`: {}", complaint.trim())))
}

/// Makes an empty folder.
pub(crate) fn emptied(folder: &Path) {
    if folder.exists() {
        fs_err::remove_dir_all(folder).unwrap();
    }
    fs_err::create_dir_all(folder).unwrap();
}

fn search_path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}
