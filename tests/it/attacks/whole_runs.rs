//! Runs of root's with their reports in a stranger's folder.

use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::{Path, PathBuf};

use super::stranger::{Place, STRANGER, does, is_root};
use crate::runs::harness::{Ended, Running, Scenario, root, write};

/// A run on a machine below its own root, up to the beginning of its workload.
fn begun(machine: &Path, reports: &Path) -> Running {
    let scenario = Scenario::running("touch begun; while ! test -e go-on; do sleep 0.01; done").on_root(machine);
    scenario.option("--reports").option(reports.to_str().unwrap()).start_until("begun")
}

fn goes_on(running: Running) -> Ended {
    write(&running.reports().with_file_name("go-on"), "");
    running.end()
}

fn run_folder(reports: &Path) -> PathBuf {
    let mut folders = fs_err::read_dir(reports).unwrap().map(|entry| entry.unwrap().path());
    let folder = folders.find(|path| path.is_dir()).unwrap();
    assert_eq!(folders.next(), None);
    folder
}

#[test]
fn the_reports_of_a_run_of_roots_are_the_users_in_the_end() {
    if !is_root() {
        return;
    }
    let (machine, place) = (root(), Place::shared());
    let reports = place.strangers("reports");
    let running = begun(machine.path(), &reports);
    let run = run_folder(&reports);
    // The stranger can plant nothing while the run continues.
    assert_eq!(run.metadata().unwrap().uid(), 0);
    assert!(fs_err::read_to_string(run.join("junit.xml")).unwrap().contains("<error"));
    let ended = goes_on(running);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for name in ["", "junit.xml", "report.json", "recording.pgr", "workload.log", "run.log", "scenario.yaml"] {
        let found = run.join(name).metadata();
        assert_eq!(found.map(|found| found.uid()).ok(), Some(STRANGER), "{name}");
    }
    assert!(!fs_err::read_to_string(run.join("junit.xml")).unwrap().contains("<error"));
    does(&reports, "rm -r *", &run);
}

#[test]
fn a_stranger_who_moves_the_reports_has_root_write_nowhere_else() {
    if !is_root() {
        return;
    }
    for moved in ["mv \"$0\" away && ln -s ../victim \"$0\"", "mv \"$0\" away && mkdir \"$0\""] {
        let (machine, place) = (root(), Place::shared());
        let (victim, reports) = (place.folder("victim"), place.strangers("reports"));
        let running = begun(machine.path(), &reports);
        let run = run_folder(&reports);
        does(&reports, moved, &run);
        let ended = goes_on(running);
        assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
        // The output has the verdict, and the place of the reports.
        let said = format!("{}{}", ended.stdout, ended.stderr);
        let state = machine.path().join("var/lib/poolgate").join(run.file_name().unwrap());
        assert!(said.contains("it was moved or replaced") || said.contains("was put in its place"), "{said}");
        assert!(fs_err::read_to_string(state.join("report.json")).unwrap().contains("\"held\""));
        assert_eq!(fs_err::read_dir(&victim).unwrap().count(), 0);
        assert_eq!(victim.metadata().unwrap().uid(), 0);
        assert_eq!(fs_err::read_dir(&run).unwrap().count(), 0);
    }
}

#[test]
fn reports_that_are_reached_by_a_link_are_written_to_its_first_target() {
    if !is_root() {
        return;
    }
    let (machine, place) = (root(), Place::shared());
    let (victim, reports) = (place.folder("victim"), place.strangers("reports"));
    let link = place.at("link");
    symlink(&reports, &link).unwrap();
    let running = begun(machine.path(), &link);
    fs_err::remove_file(&link).unwrap();
    symlink(&victim, &link).unwrap();
    let ended = goes_on(running);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(run_folder(&reports).join("report.json").exists());
    assert_eq!(fs_err::read_dir(&victim).unwrap().count(), 0);
}

#[test]
fn root_does_not_resume_the_run_of_a_stranger() {
    if !is_root() {
        return;
    }
    let ended = Scenario::with_flag("touch begun; sleep 0.05").teardown("touch torn-down").start_until("begun").kill();
    let torn_down = ended.run.join("../../torn-down");
    let files = || fs_err::read_dir(&ended.run).unwrap().map(|entry| entry.unwrap().path()).chain([ended.run.clone()]);
    let give = |owner: u32| files().for_each(|file| chown(file, Some(owner), None).unwrap());
    give(STRANGER);
    for command in ["resume", "abort"] {
        ended.then(command).is(3, &["it belongs to user 65534, not to root"]);
    }
    // A file of root's in the stranger's folder is refused too, and so is a file of the stranger's in root's folder.
    give(0);
    chown(ended.run.join("scenario.yaml"), Some(STRANGER), None).unwrap();
    ended.then("resume").is(3, &["it belongs to user 65534, not to root"]);
    assert!(!torn_down.exists());
    give(0);
    ended.then("abort").is(0, &[]);
    assert!(torn_down.exists());
}
