//! Programs of the machine: `update-grub`, `systemctl`, and an administrator's hooks.
//!
//! On this machine a program is taken from the usual folders, then from `PATH`; below another root only from that root.
//! Programs that root finds through `PATH`, and all hooks, run as root, so they are used only if they are trusted.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::trust;
use crate::machine::MachineError;

const FOLDERS: [&str; 6] = ["usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin"];

/// Whether `root` is the root of the machine that poolgate runs on.
pub(super) fn is_this_machine(root: &Path) -> bool {
    root == Path::new("/")
}

/// Finds the program `name` in the usual folders, then in those of `PATH`. As root, a program found only through `PATH`
/// is skipped if others could have put it there.
pub(super) fn find(root: &Path, name: &str) -> Option<PathBuf> {
    let path = if is_this_machine(root) { std::env::var_os("PATH").unwrap_or_default() } else { Default::default() };
    let usual = FOLDERS.iter().map(|folder| root.join(folder).join(name)).find(|program| is_executable(program));
    usual.or_else(|| in_path(&path, name, rustix::process::geteuid().is_root()))
}

fn in_path(path: &OsStr, name: &str, as_root: bool) -> Option<PathBuf> {
    let absolute = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    let mut found = absolute.map(|folder| folder.join(name)).filter(|program| is_executable(program));
    found.find(|program| !as_root || trust::trusted_program(program).is_ok())
}

/// Returns the hook `name` if an administrator wrote one.
///
/// # Errors
/// If another user could have written it.
pub(super) fn hook(root: &Path, name: &str) -> Result<Option<PathBuf>, MachineError> {
    let hook = hook_path(root, name);
    if !is_executable(&hook) {
        return Ok(None);
    }
    trust::trusted_below(root, &hook)?;
    Ok(Some(hook))
}

/// Returns the path of the hook `name`, whether or not it exists.
pub(super) fn hook_path(root: &Path, name: &str) -> PathBuf {
    root.join("etc/poolgate").join(name)
}

/// Runs a program to its end and returns its output. The program gets the root in `POOLGATE_ROOT`.
///
/// # Errors
/// If it does not start, or its exit status is not success.
pub(super) fn run(root: &Path, program: &Path, arguments: &[&OsStr]) -> Result<Vec<u8>, MachineError> {
    let failed = |problem| MachineError::Program { program: program.to_owned(), problem };
    let output = Command::new(program)
        .args(arguments)
        .env("POOLGATE_ROOT", root)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(failed(match last {
        Some(last) => format!("{}: {}", output.status, last.trim()),
        None => output.status.to_string(),
    }))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_takes_no_program_from_a_folder_of_path_that_others_can_write_to() {
        // Everyone can write to the folder of temporary files.
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("update-grub");
        fs_err::copy("/bin/true", &program).unwrap();
        let path = std::env::join_paths([Path::new("relative"), folder.path()]).unwrap();
        assert_eq!(in_path(&path, "update-grub", false), Some(program));
        assert_eq!(in_path(&path, "update-grub", true), None);
        assert!(in_path("/usr/bin:/bin".as_ref(), "true", true).is_some());
        assert_eq!(in_path("bin:".as_ref(), "true", false), None);
    }
}
