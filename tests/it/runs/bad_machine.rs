//! Machines that fail: a full disk, unwritable reports, a power cut before the report.

use super::harness::{Scenario, wait_until};
use super::lines::{Forever, each, touch};

#[test]
fn reports_that_cannot_be_written_stop_the_run_before_it_begins() {
    let scenario = Scenario::running(&touch("worked"));
    let (worked, file) = (scenario.folder().join("worked"), scenario.folder().join("a-file"));
    super::harness::write(&file, "");
    let ended = scenario.option("--reports").option(file.join("reports").to_str().unwrap()).run();
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.contains("cannot write reports, so nothing was run"), "{}", ended.stderr);
    assert!(ended.stderr.contains("give another with --reports"), "{}", ended.stderr);
    assert!(!worked.exists());
}

#[cfg(unix)]
#[test]
fn a_workload_that_fills_the_disk_is_no_pass() {
    let scenario = Scenario::running("dd if=/dev/zero of=reports/filler bs=64k 2>/dev/null; head -c 200000 /dev/zero");
    let reports = scenario.reports();
    fs_err::create_dir(&reports).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "poolgate-test"])
        .arg(&reports)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount a small tmpfs");
        eprintln!("skipped, because only root can mount a small tmpfs");
        return;
    }
    let ended = scenario.plan("iterations: 45, warm_up: 5").run();
    let unmounted = std::process::Command::new("umount").arg(&reports).status().unwrap();
    assert!(unmounted.success());
    assert_eq!(ended.code, Some(3), "{}{}", ended.stdout, ended.stderr);
    let told = format!("{}{}", ended.stdout, ended.stderr);
    assert!(told.contains("No space left on device") && told.contains("poolgate resume"), "{told}");
    // The first report is still there, because there was no space for its replacement.
    assert!(ended.junit.contains("the run did not finish") || ended.junit.contains("No space left"), "{}", ended.junit);
}

#[test]
fn a_reader_of_junit_finds_it_while_the_run_goes_on() {
    let forever = Forever::new(47121);
    let scenario = Scenario::running(&each(&[&touch("begun"), &forever.line()]));
    let reports = scenario.reports();
    let running = scenario.start_until("begun");
    let run = fs_err::read_dir(&reports).unwrap().next().unwrap().unwrap().path();
    let junit = fs_err::read_to_string(run.join("junit.xml")).unwrap();
    assert!(junit.contains("<error ") && junit.contains("the run did not finish"), "{junit}");
    let ended = running.kill();
    assert!(ended.junit.contains("the run did not finish"), "{}", ended.junit);
    wait_until("the dead run's processes are gone", || forever.alive() == 0);
}
