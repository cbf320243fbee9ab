//! The search path for programs that commands call.
//!
//! A scenario may call `poolgate sim exercise` without knowing poolgate's folder, so that folder is in `PATH`. It comes
//! last, so that files next to poolgate cannot replace programs of the system. The scenario's folder is not in `PATH`.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::Shell;
use crate::machine::native;

/// Returns `PATH` for commands: the shell's own variable, or else poolgate's, followed by poolgate's folder.
///
/// # Errors
/// If the name of poolgate's folder cannot be part of `PATH`.
pub(super) fn with_own(shell: &Shell) -> io::Result<OsString> {
    let given = shell.variables.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.into());
    let given: OsString = given.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    // An empty or relative entry would make the search depend on the current folder.
    let given = std::env::split_paths(&given).filter(|folder| folder.is_absolute());
    let own = shell.program.parent().filter(|folder| may_be_searched(folder));
    std::env::join_paths(given.chain(own.map(Path::to_owned))).map_err(io::Error::other)
}

/// Returns whether poolgate's folder may be part of the search path. For root, and always on Windows, no other user
/// may be able to put programs into it. Its parent folders need no check: a user who can replace one of them can replace
/// poolgate itself.
#[cfg(unix)]
fn may_be_searched(folder: &Path) -> bool {
    !rustix::process::geteuid().is_root() || native::trusted_itself(folder).is_ok()
}

#[cfg(windows)]
fn may_be_searched(folder: &Path) -> bool {
    native::trusted_itself(folder).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(program: &Path, path: &str) -> Shell {
        Shell {
            program: program.to_owned(),
            folder: "/".into(),
            run: String::new(),
            variables: vec![("PATH".to_owned(), path.to_owned())],
            patience: crate::run::process::patience(),
        }
    }

    fn folders(shell: &Shell) -> Vec<std::path::PathBuf> {
        std::env::split_paths(&with_own(shell).unwrap()).collect()
    }

    #[test]
    fn the_folder_of_poolgate_is_the_last_and_no_relative_one_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let system = if cfg!(windows) { r"C:\Windows" } else { "/usr/bin" };
        let given = std::env::join_paths(["relative", system, ""]).unwrap();
        let found = folders(&shell(&folder.path().join("poolgate"), given.to_str().unwrap()));
        assert_eq!(found, [Path::new(system), folder.path()]);
    }

    #[cfg(unix)]
    #[test]
    fn root_does_not_search_a_folder_of_poolgates_that_others_can_write_to() {
        use std::os::unix::fs::PermissionsExt;
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped, because only root must not");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o775, 0o777, 0o1777] {
            fs_err::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(folders(&shell(&folder.path().join("poolgate"), "/bin")), [Path::new("/bin")], "{mode:o}");
        }
    }
}
