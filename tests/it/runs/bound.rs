//! A recording is judged only as that of its own run.

use std::path::Path;

use super::harness::{Ended, Scenario, write, write_bytes};
use crate::program::{Completed, poolgate};

fn run(leak: &str) -> Ended {
    let ended = Scenario::running(&format!("poolgate sim exercise {leak} --churn Drv1:64Bx9"))
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    assert!(matches!(ended.code, Some(0 | 1)), "{}{}", ended.stdout, ended.stderr);
    ended
}

fn judge(what: &Path, more: &[&str]) -> Completed {
    Completed::run(poolgate().arg("judge").arg(what).args(more))
}

fn compare(base: &Path, candidate: &Path) -> Completed {
    Completed::run(poolgate().arg("compare").args([base, candidate]))
}

/// Two runs with the same scenario file, byte for byte.
#[test]
fn the_recording_of_another_run_in_its_place_is_refused() {
    let (clean, leaking) = (run(""), run("--leak Drv1:96B"));
    assert_eq!((clean.code, leaking.code), (Some(0), Some(1)));
    let scenario = fs_err::read(clean.run.join("scenario.yaml")).unwrap();
    write_bytes(&leaking.run.join("recording.pgr"), &fs_err::read(clean.run.join("recording.pgr")).unwrap());
    let name = |ended: &Ended| ended.run.file_name().unwrap().to_str().unwrap().to_owned();
    let words = format!("is of run {}, not of run {}", name(&clean), name(&leaking));
    judge(&leaking.run, &[]).is(3, &[&words]);
    judge(&leaking.run.join("recording.pgr"), &[])
        .is(3, &["help: put the run's own recording.pgr and scenario.yaml back"]);
    compare(&leaking.run, &clean.run).is(3, &[&words]);
    compare(&clean.run, &leaking.run).is(3, &[&words]);
    Completed::run(poolgate().args(["export", "--series"]).arg(&leaking.run)).is(3, &[&words]);
    // A threshold on the command line is judged anyway, with a note.
    judge(&leaking.run, &["--threshold", "tag Drv1 max_rate 0 B/iteration"]).is(0, &[&words]);

    // Without a report, the check uses the scenario.
    fs_err::remove_file(leaking.run.join("report.json")).unwrap();
    judge(&leaking.run, &[]).is(3, &["was recorded with another scenario"]);
    write_bytes(&leaking.run.join("scenario.yaml"), &scenario);
    judge(&leaking.run, &[]).is(0, &["held"]);
}

#[test]
fn a_scenario_changed_after_the_run_is_refused_and_a_copied_folder_is_not() {
    let clean = run("");
    let copy = clean.run.with_file_name("renamed by hand");
    fs_err::create_dir(&copy).unwrap();
    for name in ["recording.pgr", "scenario.yaml", "report.json"] {
        write_bytes(&copy.join(name), &fs_err::read(clean.run.join(name)).unwrap());
    }
    judge(&copy, &[]).is(0, &["held"]);
    compare(&copy, &clean.run).is(0, &["held"]);
    let scenario = fs_err::read_to_string(copy.join("scenario.yaml")).unwrap();
    write(&copy.join("scenario.yaml"), &scenario.replace("max_rate: 0 B", "max_rate: 1 GiB"));
    judge(&copy, &[]).is(3, &["was recorded with another scenario"]);
    let original = clean.run.join("scenario.yaml");
    judge(&copy, &["--scenario", original.to_str().unwrap()]).is(0, &["was recorded with another scenario"]);
}

#[test]
fn a_recording_changed_after_it_was_closed_is_no_pass() {
    let clean = run("");
    let path = clean.run.join("recording.pgr");
    let bytes = fs_err::read(&path).unwrap();
    for at in (60..bytes.len()).step_by(bytes.len() / 20) {
        let mut changed = bytes.clone();
        changed[at] ^= 0x40;
        write_bytes(&path, &changed);
        let code = judge(&clean.run, &[]).code;
        assert!(matches!(code, Some(3 | 4)), "byte {at}: {code:?}");
    }
    write_bytes(&path, &[bytes.as_slice(), b"more"].concat());
    judge(&clean.run, &[]).is(3, &["the recording was changed after it was closed"]);
}
