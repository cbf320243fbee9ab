//! Which files SYSTEM may obey, and the folder which holds them.
//!
//! The service that goes on with a run executes commands from the run's state as SYSTEM, so nobody but administrators may
//! have written that state. `%ProgramData%` lets everybody make folders, also one by the name of ours: it is looked at
//! before it is used, from that folder down. Above it Windows' own access lists hold: nobody can rename or replace what
//! somebody else made there.

use std::io;
use std::path::{Component, Path, PathBuf};

use windows_registry::LOCAL_MACHINE;

use super::access::fault;
use super::{folders, security, token};
use crate::machine::MachineError;

/// Administrators and SYSTEM may do anything, also in what is made inside; nothing else is inherited or allowed.
const OURS_ALONE: &str = "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)";

/// The folder which holds the state of runs. There is no other root than this machine's.
pub fn state_folder(_: &Path) -> PathBuf {
    folders::program_data().join("poolgate")
}

/// Makes [`state_folder`], open to Administrators and SYSTEM only, or sees to it that it is; returns it. With it sees to
/// all that a run which comes back after a boot needs.
///
/// # Errors
/// When this process has not the rights, the program which the service would start could be another's, or the folder
/// cannot be made, or is there and somebody else could write what is in it.
pub fn prepare_state_folder(root: &Path) -> Result<PathBuf, MachineError> {
    if !token::is_elevated() {
        return Err(MachineError::NotElevated("change flags, set a service and restart the machine"));
    }
    let program = std::env::current_exe()
        .map_err(|source| MachineError::System { what: "tell where poolgate.exe is", source })?;
    // The folder too: a library put beside a program is loaded by it.
    program.ancestors().take(2).try_for_each(check)?;
    // It makes no difference where it is refused: what was made is looked at before it is obeyed.
    let _ = token::own_as_administrators();
    let folder = state_folder(root);
    make_or_check(&folder)?;
    Ok(folder)
}

fn make_or_check(folder: &Path) -> Result<(), MachineError> {
    match security::create_folder(folder, OURS_ALONE) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(MachineError::Unwritable { path: folder.to_owned(), source: error });
        }
        _ => {}
    }
    // Also what was just made: a file system without access lists makes it all the same.
    check(folder)
}

/// Makes the folder of a run among its reports, in which only administrators and whoever runs poolgate can write: a run is
/// obeyed again when it is resumed. Everybody may read it. What a file system does not keep of that is noticed then.
///
/// # Errors
/// When it cannot be made; that it exists already is one.
pub fn make_run_folder(path: &Path) -> io::Result<()> {
    let user = token::user()?;
    let ours = format!("D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;FA;;;{user})(A;OICI;FRFX;;;BU)");
    match security::create_folder(path, &ours) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => std::fs::create_dir(path),
        made => made,
    }
}

/// Refuses a file or folder which anybody but administrators, or whoever runs poolgate, could have written, where this
/// process has rights that could be abused; without them it executes nothing which somebody else could not have it
/// execute anyway.
///
/// # Errors
/// [`MachineError::Untrusted`], or when it cannot be looked at.
pub fn trusted_itself(path: &Path) -> Result<(), MachineError> {
    if token::is_elevated() { check(path) } else { Ok(()) }
}

/// Refuses a file or folder which anybody but administrators, or whoever runs poolgate, could have written, or put in its
/// place: every folder from [`state_folder`] down is looked at.
///
/// # Errors
/// [`MachineError::Untrusted`], or when it cannot be looked at.
pub fn trusted_below(root: &Path, path: &Path) -> Result<(), MachineError> {
    let top = state_folder(root);
    let Ok(below) = path.strip_prefix(&top) else { return check(path) };
    let mut place = top.clone();
    check(&place)?;
    for component in below.components() {
        match component {
            Component::Normal(name) => place.push(name),
            Component::CurDir | Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(MachineError::Untrusted {
                    path: path.to_owned(),
                    problem: "its path goes through `..`".to_owned(),
                    remedy: "give its real path".to_owned(),
                });
            }
        }
        check(&place)?;
    }
    Ok(())
}

fn check(path: &Path) -> Result<(), MachineError> {
    let unreadable = |source| MachineError::Unreadable { path: path.to_owned(), source };
    let access = security::access(path).map_err(unreadable)?;
    let user = token::user().map_err(|source| MachineError::System { what: "tell who runs poolgate", source })?;
    match fault(&access, &user) {
        None => Ok(()),
        Some(fault) => Err(MachineError::Untrusted {
            path: path.to_owned(),
            problem: fault.to_string(),
            remedy: fault.remedy(&path.display().to_string()),
        }),
    }
}

/// What tells this machine from others; nothing where Windows has lost it.
pub fn machine_id(_: &Path) -> String {
    let key = LOCAL_MACHINE.options().read().wow64_64().open(r"SOFTWARE\Microsoft\Cryptography");
    key.and_then(|key| key.get_string("MachineGuid")).unwrap_or_default()
}

/// The file which says that a run owns this machine. Beside the state folder, which only administrators can enter: a run
/// which changes nothing needs no rights, but must not measure another one's workload either.
pub fn lock_file(_: &Path) -> PathBuf {
    folders::program_data().join("poolgate.lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn untrusted(path: &Path) -> String {
        match check(path) {
            Err(MachineError::Untrusted { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_state_folder_is_made_trusted_and_found_so_again() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("poolgate");
        make_or_check(&folder).unwrap();
        make_or_check(&folder).unwrap();
        let file = folder.join("scenario.yaml");
        fs_err::File::create(&file).unwrap();
        check(&file).unwrap();
    }

    #[test]
    fn a_folder_which_everybody_can_write_to_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("poolgate");
        make_or_check(&folder).unwrap();
        security::set_access(&folder, "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)").unwrap();
        let error = make_or_check(&folder).unwrap_err();
        assert!(error.to_string().ends_with("is not safe to use: Everyone can write to it"), "{error}");
        assert!(error.help().unwrap().contains("/remove:g *S-1-1-0"), "{error}");
    }

    #[test]
    fn a_link_is_refused() {
        let above = tempfile::tempdir().unwrap();
        let (link, target) = (above.path().join("poolgate"), above.path().join("target"));
        make_or_check(&target).unwrap();
        std::os::windows::fs::symlink_dir(&target, &link).unwrap();
        if link.symlink_metadata().is_err() {
            eprintln!("skipped, because this system says that it made a link and did not (Wine 8)");
            return;
        }
        assert_eq!(untrusted(&link), "it leads somewhere else (a link or junction)");
    }

    #[test]
    fn a_run_folder_is_its_owners_and_never_made_twice() {
        let reports = tempfile::tempdir().unwrap();
        let run = reports.path().join("run");
        make_run_folder(&run).unwrap();
        check(&run).unwrap();
        assert_eq!(make_run_folder(&run).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }

    #[test]
    fn a_way_through_the_folder_above_is_refused() {
        let path = state_folder(Path::new("/")).join("..").join("run");
        make_or_check(&state_folder(Path::new("/"))).unwrap();
        assert!(matches!(trusted_below(Path::new("/"), &path), Err(MachineError::Untrusted { .. })));
    }

    #[test]
    fn this_machine_has_an_id() {
        assert_eq!(machine_id(Path::new("/")).len(), 36);
    }
}
