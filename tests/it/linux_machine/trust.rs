//! The state folder, and the users who could have written its contents.

use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::Path;

use poolgate::machine::linux;

use super::root::{Root, told};

const NOBODY: u32 = 65534;

#[track_caller]
fn assert_untrusted(root: &Root, path: &str, at: &str, problem: &str, remedy: &str) {
    let (error, help) = told(linux::trusted_below(root.path(), &root.at(path)).unwrap_err());
    assert_eq!(error, format!("{} is not safe to use: {problem}", root.at(at).display()));
    assert_eq!(help, remedy.replace("AT", root.at(at).to_str().unwrap()));
}

fn state() -> Root {
    Root::new().with("var/lib/poolgate/run-1/scenario.yaml", "")
}

const SCENARIO: &str = "var/lib/poolgate/run-1/scenario.yaml";

#[test]
fn files_that_only_their_owner_can_write_are_trusted() {
    let root = state();
    linux::trusted_below(root.path(), &root.at(SCENARIO)).unwrap();
}

#[test]
fn a_file_or_folder_that_others_can_write_is_refused() {
    for (at, mode) in [(SCENARIO, 0o620), (SCENARIO, 0o602), ("var/lib/poolgate/run-1", 0o777), ("var", 0o775)] {
        let root = state().mode(at, mode);
        let problem = format!("users other than its owner can write to it (mode {mode:04o})");
        assert_untrusted(&root, SCENARIO, at, &problem, "`chmod go-w AT`");
    }
}

#[test]
fn a_sticky_folder_on_the_way_is_refused_too() {
    let root = state().mode("var/lib", 0o1777);
    let remedy = "keep it below a folder of root, such as /var/lib/poolgate";
    assert_untrusted(&root, SCENARIO, "var/lib", "all users can create files in it (mode 1777)", remedy);
    let error = linux::trusted(root.path()).unwrap_err();
    assert!(error.to_string().starts_with("/tmp is not safe to use") || !root.path().starts_with("/tmp"), "{error}");
}

#[test]
fn a_link_is_refused_wherever_it_stands() {
    let root = state();
    symlink(root.at("var/lib/poolgate"), root.at("var/lib/link")).unwrap();
    let path = "var/lib/link/run-1/scenario.yaml";
    let remedy = "give the real path, as `realpath AT` shows it";
    assert_untrusted(&root, path, "var/lib/link", "it is a symbolic link", remedy);
    symlink(root.at(SCENARIO), root.at("var/lib/poolgate/run-1/link")).unwrap();
    let path = "var/lib/poolgate/run-1/link";
    assert_untrusted(&root, path, path, "it is a symbolic link", remedy);
}

#[test]
fn files_of_other_users_are_refused() {
    for at in [SCENARIO, "var/lib/poolgate"] {
        let root = state();
        if let Err(error) = chown(root.at(at), Some(NOBODY), None) {
            eprintln!("skipped, because only root can give a file away: {error}");
            return;
        }
        let problem = format!("it belongs to user {NOBODY}, not to root");
        assert_untrusted(&root, SCENARIO, at, &problem, "`chown root:root AT`");
    }
}

#[test]
fn a_path_that_does_not_go_straight_down_is_refused() {
    let root = state();
    for path in [root.at("var/lib/poolgate/../poolgate"), "run-1".into()] {
        assert!(linux::trusted_below(root.path(), &path).is_err(), "{}", path.display());
    }
    assert!(linux::trusted(Path::new("run-1")).is_err());
    assert!(linux::trusted_below(root.path(), &root.at("var/lib/poolgate/run-2")).is_err(), "it is not there");
}

#[test]
fn the_state_folder_is_roots_alone_and_made_once() {
    let root = Root::new();
    let folder = linux::state_folder(root.path());
    assert_eq!(folder, root.at("var/lib/poolgate"));
    assert_eq!(linux::prepare_state_folder(root.path()).unwrap(), folder);
    assert_eq!(folder.metadata().unwrap().mode() & 0o7777, 0o700);
    let root = root.with("var/lib/poolgate/kept", "").mode("var/lib/poolgate", 0o755);
    linux::prepare_state_folder(root.path()).unwrap();
    assert_eq!(folder.metadata().unwrap().mode() & 0o7777, 0o700);
    assert!(root.at("var/lib/poolgate/kept").exists());
}

#[test]
fn a_state_folder_that_others_made_is_refused() {
    let root = Root::new().with("elsewhere/.keep", "").with("var/lib/.keep", "");
    symlink(root.at("elsewhere"), root.at("var/lib/poolgate")).unwrap();
    let (error, _) = told(linux::prepare_state_folder(root.path()).unwrap_err());
    assert!(error.contains("it is a symbolic link"), "{error}");
    assert_eq!(root.at("elsewhere").metadata().unwrap().mode() & 0o7777, 0o755, "its mode was changed");
    drop(root);
    let root = state().mode("var/lib/poolgate", 0o770);
    linux::prepare_state_folder(root.path()).unwrap_err();
}
