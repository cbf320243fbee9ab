//! Runs on a fake Linux root that the test creates: slabinfo is unreadable, a cache disappears, or other users can
//! write to the run's files.

use super::harness::{Ended, Scenario, root, write};
use super::lines::Forever;

#[test]
fn a_machine_without_slabinfo_is_not_changed() {
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
fn slabinfo_that_becomes_unreadable_during_a_run_ends_it() {
    let root = root();
    let slabinfo = root.path().join("proc/slabinfo");
    let workload =
        format!("test $POOLGATE_ITERATION -lt 5 || printf 'slabinfo - version: 2.1\\nvictim 10 1' > {slabinfo:?}");
    let ended = Scenario::running(&workload).on_root(root.path()).run();
    ended.failed_saying("cannot sample pool usage: cannot parse ");
    assert!(ended.stdout.contains("the text ends in the middle of a line"), "{}", ended.stdout);
    assert!(ended.stderr.contains("a sample is missing: "), "{}", ended.stderr);
    assert_eq!(ended.judged_again(), Some(3));
}

#[test]
fn one_unreadable_sample_is_a_gap_and_is_reported() {
    let root = root();
    let slabinfo = root.path().join("proc/slabinfo");
    // Iteration 5 truncates slabinfo. Iteration 6 restores it.
    let workload =
        format!("case $POOLGATE_ITERATION in 5) printf 'slabinfo' > {slabinfo:?};; 6) cp whole {slabinfo:?};; esac");
    // About one sample fails between these iterations. After several failures in a row, poolgate would abort the run.
    let scenario = Scenario::running(&workload).on_root(root.path()).sampled_slowly();
    fs_err::copy(&slabinfo, scenario.folder().join("whole")).unwrap();
    let ended = scenario.run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("could not be read and "), "{}", ended.stdout);
}

#[test]
fn a_cache_that_disappears_is_unclear_never_held() {
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
fn a_cache_that_disappears_for_a_while_is_counted_anew() {
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
    assert!(ended.stdout.contains("from 20 samples"), "{}", ended.stdout);
}

#[test]
fn two_runs_at_once_do_not_share_a_machine() {
    let forever = Forever::new(47120);
    let root = root();
    let first =
        Scenario::running(&format!("touch begun; {}", forever.line())).on_root(root.path()).start_until("begun");
    let second = Scenario::running("true").on_root(root.path()).run();
    second.failed_saying("another run owns this machine: test-");
    assert!(second.stdout.contains("help: wait until it has ended"), "{}", second.stdout);
    first.signal(rustix::process::Signal::TERM);
    first.end().failed_saying("interrupted");
}

/// Starts a run on a fake Linux root and kills it.
fn killed_on_a_root() -> (tempfile::TempDir, Ended) {
    let root = root();
    fs_err::create_dir(root.path().join("etc")).unwrap();
    write(&root.path().join("etc/machine-id"), "0123456789abcdef\n");
    let running = Scenario::running("touch begun; sleep 0.05").on_root(root.path()).trusted().start_until("begun");
    (root, running.kill())
}

#[test]
fn a_run_that_other_users_could_write_is_not_resumed() {
    use std::os::unix::fs::PermissionsExt;
    let (root, ended) = killed_on_a_root();
    let resume = |command: &str| ended.then_below(root.path(), command);
    let state = root.path().join("var/lib/poolgate").join(ended.run.file_name().unwrap());
    let scenario = state.join("scenario.yaml");
    fs_err::set_permissions(&scenario, PermissionsExt::from_mode(0o666)).unwrap();
    resume("resume").is(3, &["is not safe to use"]);
    resume("abort").is(3, &["is not safe to use"]);
    fs_err::set_permissions(&scenario, PermissionsExt::from_mode(0o644)).unwrap();
    fs_err::set_permissions(&state, PermissionsExt::from_mode(0o777)).unwrap();
    resume("resume").is(3, &["is not safe to use"]);
    fs_err::set_permissions(&state, PermissionsExt::from_mode(0o755)).unwrap();
    resume("resume").is(0, &["test: held"]);
}

#[test]
fn a_run_of_another_machine_is_not_resumed() {
    let (root, ended) = killed_on_a_root();
    let id = root.path().join("etc/machine-id");
    write(&id, "fedcba9876543210\n");
    let resume = || ended.then_below(root.path(), "resume");
    resume().is(3, &["this run belongs to another machine"]);
    write(&id, "0123456789abcdef\n");
    resume().is(0, &["test: held"]);
}

#[test]
fn a_real_machine_is_rebooted_only_with_allow_reboot() {
    let root = root();
    write(&root.path().join("proc/cmdline"), "root=/dev/vda quiet\n");
    fs_err::create_dir_all(root.path().join("etc/default/grub.d")).unwrap();
    fs_err::create_dir_all(root.path().join("etc/poolgate")).unwrap();
    fs_err::create_dir_all(root.path().join("usr/sbin")).unwrap();
    write(&root.path().join("etc/default/grub"), "GRUB_CMDLINE_LINUX=\"\"\n");
    for program in ["etc/poolgate/reboot-hook", "usr/sbin/update-grub"] {
        let program = root.path().join(program);
        write(&program, "#!/bin/sh\ntouch \"$POOLGATE_ROOT/was-touched\"\n");
        fs_err::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let scenario = Scenario::running("true").on_root(root.path()).flags("{ kernel_cmdline: [slab_nomerge] }");
    let reports = scenario.reports();
    let ended = scenario.run();
    assert_eq!(ended.code, Some(2), "{}{}", ended.stdout, ended.stderr);
    for words in ["the scenario needs a reboot", "slab_nomerge", "give --allow-reboot"] {
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
    assert!(!root.path().join("was-touched").exists());
    assert_eq!(fs_err::read_dir(reports).unwrap().count(), 0, "nothing was run, so nothing is reported");
}
