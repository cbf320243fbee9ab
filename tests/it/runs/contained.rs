//! Child processes of a command stay under the control of the run even if poolgate, the warden, or both are
//! killed, with and without a cgroup.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use poolgate::run::process::end_leftovers;
use rustix::process::{Pid, Signal, kill_process};

use super::harness::{Ended, Running, Scenario, wait_until};
use super::lines::Forever;

/// Returns the warden of the running command.
fn warden(running: &Running) -> Pid {
    let parent = format!("PPid:\t{}\n", running.child.id());
    let processes = fs_err::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let children = processes
        .filter(|process| fs_err::read_to_string(process.join("status")).is_ok_and(|status| status.contains(&parent)));
    let pid = children.last().unwrap().file_name().unwrap().to_str().unwrap().parse().unwrap();
    Pid::from_raw(pid).unwrap()
}

/// Kills poolgate and the warden, so that neither can clean up: stops poolgate, kills the warden, then kills poolgate.
/// Stopping the warden instead would not work: once poolgate is dead, the kernel would continue it, and it would clean
/// up.
pub(crate) fn killed_together(running: Running) -> Ended {
    let warden = warden(&running);
    running.signal(Signal::STOP);
    kill_process(warden, Signal::KILL).unwrap();
    running.kill()
}

/// Returns the name of a run, which is also the name of its folder.
fn name(ended: &Ended) -> &str {
    ended.run.file_name().unwrap().to_str().unwrap()
}

/// Returns the cgroup of a run's commands; `None` if there is none.
fn cgroup(running: &Running) -> Option<PathBuf> {
    let line = fs_err::read(format!("/proc/{}/cmdline", warden(running).as_raw_nonzero())).unwrap();
    let mut words = line.split(|&b| b == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    words.find(|word| word == "--cgroup")?;
    words.next().map(PathBuf::from)
}

#[test]
fn processes_that_outlive_poolgate_and_its_warden_are_ended_by_the_next_process() {
    let forever = Forever::new(47160);
    let workload = format!("{}; touch begun; {}", forever.detached(), forever.line());
    let running = Scenario::running(&workload).start_until("begun");
    wait_until("both processes run", || forever.alive() == 2);
    let ended = killed_together(running);
    assert_eq!(forever.alive(), 2);
    assert_eq!(end_leftovers("some-other-run").unwrap(), [""; 0]);
    assert_eq!(forever.alive(), 2);
    assert_eq!(end_leftovers(name(&ended)).unwrap(), [""; 0]);
    assert_eq!(forever.alive(), 0);
}

#[test]
fn a_resumed_run_does_not_measure_beside_remaining_processes() {
    let forever = Forever::new(47165);
    let workload = format!("test -e begun || {{ {}; touch begun; {}; }}", forever.detached(), forever.line());
    let running = Scenario::running(&workload).start_until("begun");
    wait_until("both processes run", || forever.alive() == 2);
    let ended = killed_together(running);
    assert_eq!(forever.alive(), 2);
    ended.then("resume").is(0, &["test: held"]);
    assert_eq!(forever.alive(), 0);
}

#[test]
fn a_cgroup_keeps_a_process_without_environment_or_parent() {
    let forever = Forever::new(47161);
    let workload = format!("{{ env -i setsid {} & }}; touch begun; {}", forever.line(), forever.line());
    let running = Scenario::running(&workload).start_until("begun");
    let Some(cgroup) = cgroup(&running) else {
        eprintln!("skipped, because no cgroup can be made here");
        running.kill();
        return;
    };
    wait_until("both processes run", || forever.alive() == 2);
    let procs = || fs_err::read_to_string(cgroup.join("cgroup.procs")).unwrap();
    assert_eq!(procs().lines().count(), 3, "the shell and both others, but not the warden");
    // A command may create cgroups inside its own.
    let inner = cgroup.join("inner");
    fs_err::create_dir(&inner).unwrap();
    let moved = procs().lines().last().unwrap().to_owned();
    fs_err::write(inner.join("cgroup.procs"), moved).unwrap();
    let ended = killed_together(running);
    assert_eq!(forever.alive(), 2);
    assert_eq!(end_leftovers(name(&ended)).unwrap(), [""; 0]);
    assert_eq!(forever.alive(), 0);
    assert!(!cgroup.parent().unwrap().exists(), "the cgroup is removed");
}

#[test]
fn a_run_leaves_no_cgroup() {
    let ended = Scenario::running("grep ^0:: /proc/self/cgroup").plan("iterations: 3, warm_up: 0").run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let log = fs_err::read_to_string(ended.run.join("workload.log")).unwrap();
    let inside = format!("poolgate-{}/commands-1", ended.run.file_name().unwrap().to_str().unwrap());
    if !log.contains("/poolgate-") {
        eprintln!("skipped, because no cgroup can be made here");
        return;
    }
    assert_eq!(log.matches(&inside).count(), 3, "{log}");
    let path = log.lines().find_map(|line| line.strip_prefix("0::")).unwrap().trim_start_matches('/').to_owned();
    let outer = PathBuf::from(path).parent().unwrap().to_owned();
    for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
        assert!(!PathBuf::from(mount).join(&outer).exists());
    }
}

#[test]
fn a_killed_poolgate_leaves_no_cgroup() {
    let forever = Forever::new(47162);
    let running = Scenario::running(&format!("touch begun; {}", forever.line())).start_until("begun");
    let Some(cgroup) = cgroup(&running) else {
        eprintln!("skipped, because no cgroup can be made here");
        running.kill();
        return;
    };
    running.kill();
    wait_until("the warden has removed it", || !cgroup.parent().unwrap().exists());
}

/// Returns the scenario set to run as nobody; `None` if the test cannot switch users.
fn as_nobody(scenario: Scenario) -> Option<Scenario> {
    if !rustix::process::geteuid().is_root() {
        return Some(scenario);
    }
    let copy = scenario.folder().join("poolgate");
    crate::install(env!("CARGO_BIN_EXE_poolgate"), &copy);
    for (path, mode) in [(scenario.folder(), 0o777), (&copy, 0o755)] {
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let setpriv = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    if std::process::Command::new(setpriv[0]).args(&setpriv[1..]).arg("true").status().is_ok_and(|it| it.success()) {
        return Some(scenario.program(&copy).by(&setpriv));
    }
    assert!(std::env::var_os("CI").is_none(), "CI must be able to become nobody");
    eprintln!("skipped, because setpriv does not work here");
    None
}

#[test]
fn without_a_cgroup_leftovers_are_found_by_their_environment() {
    let forever = Forever::new(47163);
    let workload = format!("{}; touch begun; {}", forever.detached(), forever.line());
    let Some(scenario) = as_nobody(Scenario::running(&workload)) else { return };
    let running = scenario.start_until("begun");
    wait_until("both processes run", || forever.alive() == 2);
    assert_eq!(cgroup(&running), None);
    let ended = killed_together(running);
    assert_eq!(end_leftovers(name(&ended)).unwrap(), [""; 0]);
    assert_eq!(forever.alive(), 0);
}

#[test]
fn without_a_cgroup_processes_that_run_away_are_caught() {
    let forever = Forever::new(47164);
    let Some(scenario) = as_nobody(Scenario::running(&format!("{}; sleep 0.1", forever.detached()))) else { return };
    let ended = scenario.run();
    ended.failed_saying(&format!("iteration 1 failed: left a process running: {}", forever.named()));
    assert_eq!(forever.alive(), 0);
}

#[test]
fn a_process_whose_first_thread_has_ended_still_lives() {
    let python = std::env::var("POOLGATE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    if std::process::Command::new(&python).arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI must have Python");
        eprintln!("skipped, because there is no Python");
        return;
    }
    let program = "import ctypes, threading, time\n\
                   threading.Thread(target=lambda: (open('begun', 'w'), time.sleep(100000))).start()\n\
                   ctypes.CDLL(None).pthread_exit(None)\n";
    let scenario = Scenario::running(&format!(
        "setsid {python} headless.py & while ! grep -q '^State:.Z' /proc/$!/status; do sleep 0.01; done"
    ));
    super::harness::write(&scenario.folder().join("headless.py"), program);
    let begun = scenario.folder().join("begun");
    let ended = scenario.run();
    assert!(begun.exists());
    ended.failed_saying("iteration 1 failed: left a process running: ");
    assert!(ended.junit.contains("headless.py (process "), "{}", ended.junit);
}
