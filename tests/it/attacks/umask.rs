//! Runs that are started with any umask.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use poolgate::machine::linux;

use crate::runs::harness::Scenario;

/// The command, started by a shell under `umask`.
fn under(umask: &str, command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

/// The paths that others can write to, of the folder and its entries.
fn writable(folder: &Path) -> Vec<String> {
    let inside = fs_err::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let all = inside.chain([folder.to_owned()]);
    let writable = all.filter(|path| path.symlink_metadata().unwrap().mode() & 0o022 != 0);
    writable.map(|path| path.display().to_string()).collect()
}

#[test]
fn a_run_works_under_any_umask_and_others_can_write_to_nothing_of_it() {
    for umask in ["000", "002", "022", "077"] {
        let scenario = Scenario::with_flag("poolgate sim exercise --churn Drv1:96B");
        let output = under(umask, &scenario.command()).output().unwrap();
        let ended = scenario.ended(output.status.code(), &output.stdout, &output.stderr);
        // Held, or unclear if a busy machine missed samples.
        assert!(matches!(ended.code, Some(0 | 4)), "umask {umask}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(writable(&ended.run), Vec::<String>::new(), "umask {umask}");
        let mode = ended.run.metadata().unwrap().mode() & 0o7777;
        assert_eq!(mode, if umask == "077" { 0o700 } else { 0o755 }, "umask {umask}");
        assert_eq!(ended.judged_again(), ended.code);
    }
}

/// Runs in its own process, because the umask belongs to a process.
#[test]
#[ignore = "started by another test"]
fn makes_a_state_folder() {
    let root = std::env::var_os("POOLGATE_TEST_ROOT").unwrap();
    let state = linux::make_state(Path::new(&root), "nightly").unwrap();
    fs_err::write(state.join("scenario.yaml"), "scenario: test").unwrap();
    linux::trusted_below(Path::new(&root), &state).unwrap();
}

#[test]
fn a_state_folder_is_roots_alone_under_any_umask() {
    for umask in ["000", "002", "077"] {
        let root = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "attacks::umask::makes_a_state_folder"]);
        let output = under(umask, &command).env("POOLGATE_TEST_ROOT", root.path()).output().unwrap();
        assert!(output.status.success(), "umask {umask}: {}", String::from_utf8_lossy(&output.stdout));
        let folders = ["var/lib/poolgate", "var/lib/poolgate/nightly"];
        let modes = folders.map(|folder| root.path().join(folder).metadata().unwrap().mode() & 0o7777);
        assert_eq!(modes, [0o700, 0o700], "umask {umask}");
    }
}
