//! Programs that a stranger can change and that a resumed run would start as root.

use std::os::unix::fs::symlink;
use std::path::Path;

use poolgate::machine::{MachineError, linux};

use super::stranger::{Place, is_root, mode};

/// Why the commands are refused: the path at fault, the problem, and the remedy.
#[track_caller]
fn refused(home: &Path, line: &str) -> (std::path::PathBuf, String, String) {
    match linux::commands_trusted(home, &["true", line]) {
        Err(MachineError::Untrusted { path, problem, remedy }) if !problem.contains("poolgate itself") => {
            (path, problem, remedy)
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[track_caller]
fn assert_refused(home: &Path, line: &str, at: &Path, problem: &str) {
    let (path, said, _) = refused(home, line);
    assert_eq!(path, at, "{line}: {said}");
    assert!(said.contains(problem), "{line}: {said}");
}

/// The commands pass. The only possible fault is the location of this test program.
#[track_caller]
fn assert_passes(home: &Path, line: &str) {
    match linux::commands_trusted(home, &[line]) {
        Ok(()) => {}
        Err(MachineError::Untrusted { problem, .. }) if problem.contains("poolgate itself") => {}
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_program_in_a_strangers_folder_is_refused_by_its_path() {
    if !is_root() {
        return;
    }
    let place = Place::roots();
    let home = place.folder("lab");
    place.program("lab/load.sh");
    let theirs = place.strangers("theirs");
    let program = place.program("theirs/load.sh");
    let (path, problem, remedy) = refused(&home, &program.display().to_string());
    assert_eq!(path, theirs);
    assert_eq!(
        problem,
        format!("it belongs to user 65534, not to root, and the run would use `{}` as root", program.display())
    );
    assert_eq!(remedy, format!("`chown root:root {}`", theirs.display()));
    // Each of these lines refers to it in another way.
    for line in [
        "../theirs/load.sh",
        "true && ../theirs/load.sh -x",
        "true; ( cd ../theirs && ./load.sh )",
        "sh ../theirs/load.sh",
        "env LANG=C nice ../theirs/load.sh",
        "sh -c 'sleep 1; ../theirs/load.sh'",
        "echo \"$(../theirs/load.sh)\"",
        "LD_PRELOAD=../theirs/load.sh true",
        "fio --include=../theirs/load.sh",
        "make -C ../theirs",
        "cat ../theirs/*.sh",
        "../theirs/not-there-yet",
        "if ../theirs/load.sh\nthen true\nfi",
        "true < ../theirs/load.sh",
    ] {
        assert_refused(&home, line, &theirs, "it belongs to user 65534");
    }
    // A folder that anyone can create files in is no better even for a file of root's: it may be gone after the boot.
    let shared = place.folder("shared");
    mode(&shared, 0o1777);
    let program = place.program("shared/load.sh");
    assert_refused(&home, &program.display().to_string(), &shared, "all users can create files in it");
}

#[test]
fn links_and_interpreters_are_looked_at_too() {
    if !is_root() {
        return;
    }
    let place = Place::roots();
    let home = place.folder("lab");
    let theirs = place.strangers("theirs");
    place.program("theirs/python");
    symlink("../theirs/python", place.at("lab/link")).unwrap();
    assert_refused(&home, "./link", &theirs, "it belongs to user 65534");
    // A link in the stranger's folder to a program of root's.
    symlink("/bin/true", place.at("theirs/true")).unwrap();
    assert_refused(&home, "../theirs/true", &theirs, "it belongs to user 65534");
    place.file("lab/script", &format!("#!{}/python\n", theirs.display()));
    mode(&place.at("lab/script"), 0o755);
    assert_refused(&home, "./script", &theirs, "it belongs to user 65534");
    symlink("loop", place.at("lab/loop")).unwrap();
    symlink("../lab/load.sh", place.at("lab/good")).unwrap();
    place.program("lab/load.sh");
    assert_passes(&home, "./good");
}

#[test]
fn a_file_of_the_scenarios_that_others_can_write_to_is_refused() {
    if !is_root() {
        return;
    }
    let place = Place::roots();
    let home = place.folder("lab");
    let program = place.program("lab/load.sh");
    mode(&program, 0o775);
    assert_refused(&home, "./load.sh", &program, "users other than its owner can write to it (mode 0775)");
    let (_, _, remedy) = refused(&home, "./load.sh");
    assert!(remedy.contains("`chmod go-w ") && remedy.contains("--trust-folder"), "{remedy}");
    mode(&program, 0o755);
    assert_passes(&home, "./load.sh");
    mode(&home, 0o777);
    assert_refused(&home, "true", &home, "the commands of the run are executed in it as root");
}

#[test]
fn files_of_root_are_accepted() {
    if !is_root() {
        return;
    }
    let place = Place::roots();
    let home = place.folder("lab");
    place.program("lab/load.sh");
    place.folder("lab/tests");
    for line in [
        "./load.sh",
        "load.sh | sort > /dev/null 2>&1",
        "fio --name=x --directory=/tmp --output=/tmp/not-there",
        "dd if=/dev/zero of=/dev/null count=1",
        "cd tests; ls *",
        "modprobe mydrv && rmmod mydrv",
        "echo $POOLGATE_ITERATION 'and ''quotes'",
    ] {
        assert_passes(&home, line);
    }
}

#[test]
fn the_path_of_resumed_runs_has_only_folders_of_roots() {
    let path = linux::system_path();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    assert!(folders.contains(&"/usr/bin".into()), "{folders:?}");
    for folder in &folders {
        linux::trusted(&folder.canonicalize().unwrap()).unwrap();
    }
}
