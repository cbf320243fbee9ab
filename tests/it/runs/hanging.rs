//! Workloads that cannot be ended, or not in the usual way: each is an error, and no measurement continues beside it.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;

use super::contained::killed_together;
use super::harness::{Ended, Running, Scenario, wait_until, write};
use super::lines::Forever;
use crate::program::{Completed, poolgate};

/// Short enough for a test. A third of it is the guard's.
const PATIENCE: (&str, &str) = ("POOLGATE_TEST_PATIENCE_MS", "3000");

/// A frozen file system: a process that writes to it hangs in the kernel and cannot be killed.
struct Frozen {
    folder: tempfile::TempDir,
}

impl Frozen {
    /// Returns `None` and prints the reason if no file system can be frozen.
    fn new() -> Option<Frozen> {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped, because only root can freeze a file system");
            return None;
        }
        let frozen = Frozen { folder: tempfile::tempdir().unwrap() };
        let (image, mounted) = (frozen.folder.path().join("image"), frozen.mounted());
        fs_err::File::create(&image).unwrap().set_len(8 << 20).unwrap();
        fs_err::create_dir(&mounted).unwrap();
        let (image, mounted) = (image.to_str().unwrap(), mounted.to_str().unwrap());
        if let Err(because) = ran("mkfs.ext4", &["-q", "-F", image]).and_then(|()| ran("fsfreeze", &["--version"])) {
            assert!(std::env::var_os("CI").is_none(), "CI must have the tools of ext4: {because}");
            eprintln!("skipped, because there is no file system to freeze: {because}");
            return None;
        }
        if let Err(because) = ran("mount", &["-o", "loop", image, mounted]) {
            // Containers have no loop devices, and neither has CI.
            eprintln!("skipped, because an image cannot be mounted: {because}");
            return None;
        }
        assert!(is_mounted(&frozen.mounted()), "anything else must not be frozen");
        ran("fsfreeze", &["-f", mounted]).unwrap_or_else(|because| panic!("{because}"));
        Some(frozen)
    }

    fn mounted(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// A command that hangs.
    fn write(&self) -> String {
        format!("dd if=/dev/zero of={}", self.mounted().join("file").display())
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let mounted = self.mounted();
        if is_mounted(&mounted) {
            let _ = ran("fsfreeze", &["-u", mounted.to_str().unwrap()]);
        }
        // The hanging processes were killed long ago, but need a moment to disappear.
        for _ in 0..100 {
            if !is_mounted(&mounted) || ran("umount", &[mounted.to_str().unwrap()]).is_ok() {
                return;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(50));
        }
    }
}

fn is_mounted(folder: &Path) -> bool {
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap();
    mounts.contains(&format!(" {} ", folder.display()))
}

fn ran(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[track_caller]
fn was_not_measured_beside(ended: &Ended) {
    assert!(!ended.stderr.contains("cool-down") && !ended.stderr.contains("second look"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("held"), "{}", ended.stdout);
    assert_eq!(ended.judged_again(), Some(3));
}

#[test]
fn an_error_names_a_workload_that_hangs_in_the_kernel() {
    let Some(frozen) = Frozen::new() else { return };
    let scenario = Scenario::running(&frozen.write())
        .plan("duration: 1 s")
        .confirmed()
        .variable(PATIENCE.0, PATIENCE.1)
        .teardown("touch torn-down; grep -c . /proc/self/cgroup");
    let torn_down = scenario.folder().join("torn-down");
    let ended = scenario.run();
    ended.failed_saying("workload failed: a process cannot be ended: dd if=/dev/zero of=");
    assert!(ended.stdout.contains("state D"), "{}", ended.stdout);
    assert!(ended.stdout.contains("the driver bug that this test looks for"), "{}", ended.stdout);
    assert!(ended.junit.contains("/proc/PID/stack"), "{}", ended.junit);
    was_not_measured_beside(&ended);
    assert!(torn_down.exists());
}

#[test]
fn a_hanging_iteration_ends_the_run_and_the_next_scenario_is_not_run() {
    let Some(frozen) = Frozen::new() else { return };
    let scenario = Scenario::running(&format!("{}; exit 0", frozen.write()))
        .plan("iterations: 45, timeout: 300 ms")
        .variable(PATIENCE.0, PATIENCE.1);
    let other = scenario.folder().join("other.yaml");
    write(&other, "scenario: other\nmachine: { simulated: {} }\nworkload: { run: touch worked, iterations: 45 }\n");
    let worked = scenario.folder().join("worked");
    let ended = scenario.option(other.to_str().unwrap()).run();
    ended.failed_saying("iteration 1 failed: a process cannot be ended: dd");
    was_not_measured_beside(&ended);
    assert!(ended.stderr.contains("other.yaml was not run: an earlier scenario left dd"), "{}", ended.stderr);
    assert!(!worked.exists());
}

#[test]
fn a_hanging_setup_is_no_measurement() {
    let Some(frozen) = Frozen::new() else { return };
    let ended = Scenario::running("touch worked")
        .section(&format!("setup:\n  - {{ run: {:?}, timeout: 300 ms }}", frozen.write()))
        .variable(PATIENCE.0, PATIENCE.1)
        .run();
    ended.failed_saying("setup 1 of 1 failed: a process cannot be ended: dd");
    was_not_measured_beside(&ended);
}

#[test]
fn a_workload_that_leaves_something_hanging_is_an_error() {
    let Some(frozen) = Frozen::new() else { return };
    let workload =
        format!("setsid {} & while ! grep -q '^State:.D' /proc/$!/status; do sleep 0.01; done", frozen.write());
    let ended = Scenario::running(&workload).variable(PATIENCE.0, PATIENCE.1).run();
    ended.failed_saying("iteration 1 failed: a process cannot be ended: dd");
    was_not_measured_beside(&ended);
}

/// A run with a hanging workload, and the workload's process.
fn hanging(scenario: Scenario) -> (Running, String) {
    let begun = scenario.folder().join("begun");
    let running = scenario.start_until("begun");
    let pid = fs_err::read_to_string(begun).unwrap().trim().to_owned();
    wait_until("it hangs", || status(&pid, "State:").starts_with('D'));
    (running, pid)
}

/// Returns a value from the kernel's status of a process.
fn status(pid: &str, key: &str) -> String {
    let status = fs_err::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().to_owned()
}

#[test]
fn an_interrupted_workload_that_hangs_is_named() {
    let Some(frozen) = Frozen::new() else { return };
    let scenario = Scenario::running(&format!("echo $$ > pid; mv pid begun; exec {}", frozen.write()))
        .variable(PATIENCE.0, PATIENCE.1)
        .teardown("touch torn-down");
    let torn_down = scenario.folder().join("torn-down");
    let (running, _) = hanging(scenario);
    running.signal(Signal::TERM);
    let ended = running.end();
    ended.failed_saying("workload failed: a process cannot be ended: dd");
    assert!(torn_down.exists());
}

#[test]
fn a_hanging_workload_is_named_also_if_the_interruption_comes_while_it_is_being_ended() {
    let Some(frozen) = Frozen::new() else { return };
    let scenario = Scenario::running(&format!("echo $$ > pid; mv pid begun; exec {}", frozen.write()))
        .plan("iterations: 45, timeout: 1 s")
        .variable(PATIENCE.0, "9000");
    let (running, pid) = hanging(scenario);
    let is_killed = || {
        let pending = ["SigPnd:", "ShdPnd:"].map(|key| u64::from_str_radix(&status(&pid, key), 16).unwrap());
        pending.iter().any(|pending| pending >> (Signal::KILL.as_raw() - 1) & 1 == 1)
    };
    wait_until("it was killed", is_killed);
    running.signal(Signal::TERM);
    running.end().failed_saying("workload failed: a process cannot be ended: dd");
}

#[test]
fn a_run_is_not_resumed_beside_a_workload_that_hangs() {
    let Some(frozen) = Frozen::new() else { return };
    let scenario = Scenario::running(&format!("echo $$ > pid; mv pid begun; exec {}", frozen.write()));
    let (running, _) = hanging(scenario);
    let ended = killed_together(running);
    let resumed = Completed::run(poolgate().env(PATIENCE.0, PATIENCE.1).arg("resume").arg(&ended.run));
    resumed.is(3, &["an earlier process of this run left programs running: a process cannot be ended: dd"]);
    assert!(!resumed.text().contains("lead-in"), "{}", resumed.text());
    assert!(ended.junit_now().contains("cannot be ended: dd"), "{}", ended.junit_now());
}

#[test]
fn a_workload_whose_guard_is_stopped_is_ended_and_an_error() {
    let forever = Forever::new(47150);
    let ended = Scenario::running(&format!("kill -STOP $PPID; {}; exec {}", forever.detached(), forever.line()))
        .plan("duration: 1 s")
        .confirmed()
        .variable(PATIENCE.0, PATIENCE.1)
        .run();
    ended.failed_saying("workload failed: its guard did not end it within 3s");
    assert!(
        ended.stdout.contains("help: find the cause that stopped the `poolgate warden` process"),
        "{}",
        ended.stdout
    );
    was_not_measured_beside(&ended);
    assert_eq!(forever.alive(), 0);
}

#[test]
fn a_workload_that_leaves_its_output_open_is_an_error() {
    let forever = Forever::new(47151);
    let running = Scenario::running(&format!("echo $$ > pid; mv pid begun; exec {}", forever.line()))
        .plan("duration: 60 s")
        .variable(PATIENCE.0, PATIENCE.1);
    let sign = running.folder().join("begun");
    let running = running.start_until("begun");
    let pid = fs_err::read_to_string(sign).unwrap();
    let held = fs_err::OpenOptions::new().write(true).open(format!("/proc/{}/fd/1", pid.trim())).unwrap();
    running.signal(Signal::TERM);
    let ended = running.end();
    drop(held);
    ended.failed_saying("workload failed: all its processes were ended, but its output is still open in ");
    assert!(ended.junit.contains(&format!("(process {})", std::process::id())), "{}", ended.junit);
}

#[test]
fn a_workload_that_ends_on_request_is_no_error() {
    let forever = Forever::new(47152);
    let ended = Scenario::running(&forever.line()).plan("duration: 1 s").run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    wait_until("it is gone", || forever.alive() == 0);
}
