//! Machines that fail: a kernel which cannot be read, a disk which is full, reports nobody can write, two runs at once.

use super::harness::{Scenario, forever, processes_with, root, wait_until};

#[test]
fn a_kernel_that_cannot_be_read_is_not_touched() {
    let root = root();
    fs_err::remove_file(root.path().join("proc/slabinfo")).unwrap();
    let scenario = Scenario::running("true").on_root(root.path()).setup("touch was-set-up");
    let sign = scenario.folder().join("was-set-up");
    let ended = scenario.run();
    ended.failed_saying("cannot sample pool usage: cannot read ");
    assert!(ended.stdout.contains("help: this kernel has no slabinfo"), "{}", ended.stdout);
    assert!(!sign.exists());
}

#[test]
fn a_kernel_that_cannot_be_read_half_way_ends_the_run() {
    let root = root();
    let slabinfo = root.path().join("proc/slabinfo");
    let workload =
        format!("test $POOLGATE_ITERATION -lt 5 || printf 'slabinfo - version: 2.1\\nvictim 10 1' > {slabinfo:?}");
    let ended = Scenario::running(&workload).on_root(root.path()).run();
    ended.failed_saying("cannot sample pool usage: cannot make sense of ");
    assert!(ended.stdout.contains("the text ends in the middle of a line"), "{}", ended.stdout);
    assert!(ended.stderr.contains("a sample is missing: "), "{}", ended.stderr);
    assert_eq!(ended.judged_again(), Some(3));
}

#[test]
fn one_unreadable_sample_is_a_gap_and_is_reported() {
    let root = root();
    let slabinfo = root.path().join("proc/slabinfo");
    // Iteration 5 leaves half a text behind, iteration 6 a whole one.
    let workload =
        format!("case $POOLGATE_ITERATION in 5) printf 'slabinfo' > {slabinfo:?};; 6) cp whole {slabinfo:?};; esac");
    // Between the two only a sample or so fails: after some in a row the run would rightly be given up.
    let scenario = Scenario::running(&workload).on_root(root.path()).sampled_slowly();
    fs_err::copy(&slabinfo, scenario.folder().join("whole")).unwrap();
    let ended = scenario.run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("could not be read and are missing"), "{}", ended.stdout);
}

#[test]
fn a_cache_which_disappears_is_unclear_never_held() {
    let root = root();
    let slabinfo = root.path().join("proc/slabinfo");
    let workload = format!(
        "printf 'slabinfo - version: 2.1\\nother 1 1 8 1 1 : tunables 0 0 0 : slabdata 1 1 0\\n' > {slabinfo:?}"
    );
    let ended = Scenario::running(&workload).on_root(root.path()).run();
    assert_eq!(ended.code, Some(4), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.junit.contains("<skipped "), "{}", ended.junit);
}

#[test]
fn a_cache_which_disappears_for_a_while_has_no_rate() {
    let root = root();
    let slabinfo = root.path().join("proc/slabinfo");
    let workload = format!(
        "case $POOLGATE_ITERATION in 25) printf 'slabinfo - version: 2.1\\nother 1 1 8 1 1 : tunables 0 0 0 : slabdata 1 1 0\\n' > {slabinfo:?};; \
         26) cp whole {slabinfo:?};; esac"
    );
    let scenario =
        Scenario::running(&workload).on_root(root.path()).threshold("{ tag: victim, max_rate: 0 B/iteration }");
    fs_err::copy(&slabinfo, scenario.folder().join("whole")).unwrap();
    let ended = scenario.run();
    assert_eq!(ended.code, Some(4), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("disappeared during the run"), "{}", ended.stdout);
}

#[test]
fn two_runs_at_once_do_not_share_a_machine() {
    let forever = forever(47120);
    let root = root();
    let first = Scenario::running(&format!("touch begun; sleep {forever}")).on_root(root.path()).start_until("begun");
    let second = Scenario::running("true").on_root(root.path()).run();
    second.failed_saying("another run owns this machine: test-");
    assert!(second.stdout.contains("help: wait until it has ended"), "{}", second.stdout);
    first.signal(rustix::process::Signal::TERM);
    first.end().failed_saying("interrupted");
}

#[test]
fn reports_that_cannot_be_written_stop_the_run_before_it_begins() {
    let scenario = Scenario::running("touch worked");
    let (worked, file) = (scenario.folder().join("worked"), scenario.folder().join("a-file"));
    super::harness::write(&file, "");
    let ended = scenario.option("--reports").option(file.join("reports").to_str().unwrap()).run();
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.contains("cannot report a run, so nothing was run"), "{}", ended.stderr);
    assert!(ended.stderr.contains("name another with --reports"), "{}", ended.stderr);
    assert!(!worked.exists());
}

#[test]
fn a_workload_which_fills_the_disk_is_no_pass() {
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
    // What was there from the first second still is, as its replacement found no room.
    assert!(ended.junit.contains("the run did not finish") || ended.junit.contains("No space left"), "{}", ended.junit);
}

#[test]
fn a_reader_of_junit_finds_it_while_the_run_goes_on() {
    let forever = forever(47121);
    let scenario = Scenario::running(&format!("touch begun; sleep {forever}"));
    let reports = scenario.reports();
    let running = scenario.start_until("begun");
    let run = fs_err::read_dir(&reports).unwrap().next().unwrap().unwrap().path();
    let junit = fs_err::read_to_string(run.join("junit.xml")).unwrap();
    assert!(junit.contains("<error ") && junit.contains("the run did not finish"), "{junit}");
    running.signal(rustix::process::Signal::KILL);
    let ended = running.end();
    assert!(ended.junit.contains("the run did not finish"), "{}", ended.junit);
    wait_until("the dead run's processes are gone", || processes_with(&forever) == 0);
}
