//! Programs of the machine's own: `update-grub`, `systemctl`, and an administrator's hooks.
//!
//! On this machine a program is taken from the usual folders, then from `PATH`; below another root only from that root.
//! A hook is obeyed as root, so it is refused where anybody else could have written it.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::trust;
use crate::machine::MachineError;

const FOLDERS: [&str; 6] = ["usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin"];

/// Whether `root` is the root of the machine poolgate runs on.
pub(super) fn is_this_machine(root: &Path) -> bool {
    root == Path::new("/")
}

/// Where the program `name` is.
pub(super) fn find(root: &Path, name: &str) -> Option<PathBuf> {
    let path = if is_this_machine(root) { std::env::var_os("PATH").unwrap_or_default() } else { Default::default() };
    let usual = FOLDERS.iter().map(|folder| root.join(folder));
    usual.chain(std::env::split_paths(&path)).map(|folder| folder.join(name)).find(|program| is_executable(program))
}

/// The hook `name`, where an administrator wrote one.
///
/// # Errors
/// When somebody else could have written it.
pub(super) fn hook(root: &Path, name: &str) -> Result<Option<PathBuf>, MachineError> {
    let hook = hook_path(root, name);
    if !is_executable(&hook) {
        return Ok(None);
    }
    trust::trusted_below(root, &hook)?;
    Ok(Some(hook))
}

/// Where the hook `name` would be.
pub(super) fn hook_path(root: &Path, name: &str) -> PathBuf {
    root.join("etc/poolgate").join(name)
}

/// Runs a program to its end; returns what it printed. It finds the root in `POOLGATE_ROOT`.
///
/// # Errors
/// When it does not start, or says that it failed.
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
