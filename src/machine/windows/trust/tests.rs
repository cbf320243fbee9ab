//! Creates folders and files on the running Windows, and checks who can write to them.

use super::*;
use crate::failure::help;

fn untrusted(path: &Path) -> String {
    match check(path) {
        Err(MachineError::Untrusted { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_new_state_folder_is_trusted_and_stays_trusted() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("poolgate");
    make_or_check(&folder).unwrap();
    make_or_check(&folder).unwrap();
    let file = folder.join("scenario.yaml");
    fs_err::File::create(&file).unwrap();
    check(&file).unwrap();
}

/// Two folders with paths of more than 300 characters.
fn deep_folders() -> (tempfile::TempDir, [PathBuf; 2]) {
    let above = tempfile::tempdir().unwrap();
    let mut folder = above.path().to_owned();
    for _ in 0..6 {
        folder.push("a folder with a name that is fifty characters long");
        make_or_check(&folder).unwrap();
    }
    let folders = ["state", "reports"].map(|name| folder.join(name));
    for folder in &folders {
        make_or_check(folder).unwrap();
    }
    (above, folders)
}

#[test]
fn a_state_folder_with_a_path_of_300_characters_is_made_checked_and_read() {
    let (_above, [state, _]) = deep_folders();
    make_or_check(&state).unwrap();
    fs_err::write(state.join("report.json"), "{}").unwrap();
    assert_eq!(read_trusted(Path::new("/"), &state.join("report.json")).unwrap(), b"{}");
    assert!(crate::machine::windows::free_space(&state).unwrap() > 0);
    security::set_access(&state, "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)").unwrap();
    assert_eq!(untrusted(&state), "Everyone can write to it");
}

#[test]
fn reports_are_handed_over_to_a_folder_with_a_path_of_300_characters() {
    /// ERROR_MORE_DATA, which GetFinalPathNameByHandle of Wine 8 returns for paths of more than 263 characters.
    const MORE_DATA: i32 = 234;

    let (above, [state, reports]) = deep_folders();
    let real = match std::fs::canonicalize(&reports) {
        Err(error) if error.raw_os_error() == Some(MORE_DATA) => {
            eprintln!("skipped: this system does not return paths of more than 263 characters (Wine 8)");
            return;
        }
        _ => real_path(&reports).unwrap(),
    };
    assert_eq!(real, real_path(above.path()).unwrap().join(reports.strip_prefix(above.path()).unwrap()));
    fs_err::write(state.join("report.json"), "{}").unwrap();
    hand_over(&state, &real, &["report.json"]).unwrap();
    assert_eq!(fs_err::read_to_string(real.join("report.json")).unwrap(), "{}");
}

#[test]
fn a_folder_that_all_users_can_write_to_is_refused() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("poolgate");
    make_or_check(&folder).unwrap();
    security::set_access(&folder, "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)").unwrap();
    let error = make_or_check(&folder).unwrap_err();
    assert!(error.to_string().ends_with("is not safe to use: Everyone can write to it"), "{error}");
    assert!(help(&error).unwrap().contains("/remove:g *S-1-1-0"), "{error}");
}

#[test]
fn a_link_is_refused() {
    let above = tempfile::tempdir().unwrap();
    let (link, target) = (above.path().join("poolgate"), above.path().join("target"));
    make_or_check(&target).unwrap();
    std::os::windows::fs::symlink_dir(&target, &link).unwrap();
    if link.symlink_metadata().is_err() {
        eprintln!("skipped: this system reported success but created no link (Wine 8)");
        return;
    }
    assert_eq!(untrusted(&link), "it leads somewhere else (a link or junction)");
}

#[test]
fn a_run_folder_is_trusted_and_is_created_once() {
    let reports = tempfile::tempdir().unwrap();
    let run = reports.path().join("run");
    make_run_folder(&run).unwrap();
    check(&run).unwrap();
    assert_eq!(make_run_folder(&run).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn a_path_with_dot_dot_is_refused() {
    let path = state_folder(Path::new("/")).join("..").join("run");
    make_or_check(&state_folder(Path::new("/"))).unwrap();
    assert!(matches!(trusted_below(Path::new("/"), &path), Err(MachineError::Untrusted { .. })));
}

#[test]
fn this_machine_has_an_id() {
    assert_eq!(machine_id(Path::new("/")).unwrap().len(), 36);
}
