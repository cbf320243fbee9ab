//! `poolgate doctor` on machines of every kind: its findings and its exit code.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::root::Root;
use crate::program::poolgate;

const SLABINFO: &str = "slabinfo - version: 2.1\nvictim 10 10 64 1 1 : tunables 0 0 0 : slabdata 1 1 0\n";
const NOBODY: u32 = 65534;

/// Debian as in a lab, with no problems.
fn healthy() -> Root {
    Root::debian()
        .with("proc/slabinfo", SLABINFO)
        .with("proc/allocinfo", "allocinfo - version: 1.0\n")
        .with("sys/kernel/slab/victim/shrink", "")
        .with("lib/systemd/systemd", "")
        .with("run/systemd/system/.keep", "")
        .with("dev/kmsg", "")
        .with("etc/machine-id", "0123\n")
}

const PLAIN: &str = "scenario: plain\nworkload: { run: w, iterations: 9 }\n";
const WITH_FLAG: &str =
    "scenario: flagged\nflags: { kernel_cmdline: [slab_nomerge] }\nworkload: { run: w, iterations: 9 }\n";

/// Returns doctor's exit code and output for `root`, the parent of the scenarios. Text that differs from machine to
/// machine is replaced.
fn doctor(root: &Root, scenarios: &[&str], more: &[&str]) -> (i32, String) {
    let mut command = poolgate();
    command.args(["doctor", "--root"]).arg(root.path()).arg("--reports").arg(root.at("reports"));
    for (at, text) in scenarios.iter().enumerate() {
        let path = root.at(&format!("scenario-{at}.yaml"));
        fs_err::write(&path, text).unwrap();
        command.arg(path);
    }
    told(command.args(more), root.path())
}

fn told(command: &mut Command, root: &Path) -> (i32, String) {
    let output = command.env_remove("POOLGATE_ALLOW_REBOOT").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace(root.to_str().unwrap(), "ROOT");
    // Line breaks depend on the length of the root's path, and column widths on the other findings.
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let parts: Vec<&str> = line.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect();
        match (lines.last_mut(), parts.as_slice()) {
            (Some(last), [one]) if line.starts_with("   ") && !one.starts_with("help: ") => {
                last.push(' ');
                last.push_str(one);
            }
            (_, parts) => lines.push(parts.join("  ")),
        }
    }
    // Drops lines that depend on the program itself and on the machine that runs the test.
    let own = |line: &str| ["  system  ", "  disk  ", "  program  "].iter().any(|what| line.contains(what));
    let help = "help: move poolgate to a folder that only administrators can write to";
    lines.retain(|line| !own(line) && !line.contains(help));
    (output.status.code().unwrap(), lines.join("\n") + &String::from_utf8_lossy(&output.stderr))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn a_healthy_machine_has_no_problem() {
    if !is_root() {
        eprintln!("skipped, because the snapshot is what root is told");
        return;
    }
    let root = healthy();
    let before = listing(root.path());
    let (code, said) = doctor(&root, &[], &[]);
    assert_eq!(listing(root.path()), before, "doctor changed the machine");
    insta::assert_snapshot!(said);
    assert_eq!(code, 0);
}

/// Lists every path below `folder`.
fn listing(folder: &Path) -> Vec<String> {
    let output = Command::new("find").arg(folder).arg("-printf").arg("%p %m %s\n").output().unwrap();
    let mut lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn doctor_lists_everything_that_an_empty_machine_lacks() {
    if !is_root() {
        eprintln!("skipped, because the snapshot is what root is told");
        return;
    }
    let (code, said) = doctor(&Root::new().with("proc/cmdline", "quiet\n"), &[WITH_FLAG], &[]);
    insta::assert_snapshot!(said);
    assert_eq!(code, 3);
}

#[test]
fn an_installed_systemd_that_does_not_run_resumes_nothing() {
    let root = healthy().without("run/systemd/system/.keep");
    fs_err::remove_dir(root.at("run/systemd/system")).unwrap();
    for (scenarios, level) in [(&[][..], "note"), (&[WITH_FLAG][..], "problem")] {
        let (_, said) = doctor(&root, scenarios, &["--allow-reboot"]);
        let found = format!("{level}  autostart  systemd is installed, but it did not boot this machine");
        assert!(said.contains(&found), "{said}");
        assert!(said.contains("write that hook for its init"), "{said}");
    }
    drop(root);
    let root = healthy();
    let (_, said) = doctor(&root, &[], &[]);
    assert!(said.contains("ok  autostart  systemd starts poolgate after a boot"), "{said}");
}

#[test]
fn a_scenario_without_flags_needs_nothing_for_reboots() {
    let root = Root::new().with("proc/cmdline", "quiet\n").with("proc/slabinfo", SLABINFO);
    let (code, said) = doctor(&root, &[PLAIN], &[]);
    assert_eq!(code, 0, "{said}");
    for absent in ["boot loader", "autostart", "state folder", "problem  "] {
        assert!(!said.contains(absent), "{absent}: {said}");
    }
    assert!(said.contains("plain on this machine: changes no flags, needs no reboot"), "{said}");
}

#[test]
fn a_reboot_must_be_allowed() {
    let root = healthy();
    let (code, said) = doctor(&root, &[PLAIN, WITH_FLAG], &[]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("flagged on this machine: changes /etc/default/grub.d/99-poolgate.cfg; reboots"), "{said}");
    assert!(said.contains("give --allow-reboot"), "{said}");
    if is_root() {
        let (code, said) = doctor(&root, &[PLAIN, WITH_FLAG], &["--allow-reboot"]);
        assert_eq!(code, 0, "{said}");
    }
}

#[test]
fn a_state_folder_that_others_can_write_is_a_problem_for_reboots() {
    let root = healthy().with("var/lib/poolgate/run/x", "").mode("var/lib/poolgate", 0o777);
    let (code, said) = doctor(&root, &[WITH_FLAG], &["--allow-reboot"]);
    assert_eq!(code, 3, "{said}");
    let problem =
        "problem  state folder  ROOT/var/lib/poolgate is not safe to use: users other than its owner can write";
    assert!(said.contains(problem) && said.contains("help: `chmod go-w ROOT/var/lib/poolgate`"), "{said}");
    let (code, said) = doctor(&root, &[], &[]);
    assert!(code == 0 && said.contains("note  state folder"), "{said}");
}

#[test]
fn an_unfinished_run_stands_in_the_way() {
    let root = healthy();
    root.machine().autostart.set(Some(Path::new("/var/lib/poolgate/nightly-1"))).unwrap();
    let (code, said) = doctor(&root, &[PLAIN], &[]);
    assert_eq!(code, 3, "{said}");
    let problem = "problem  other runs  unfinished: /var/lib/poolgate/nightly-1";
    assert!(said.contains(problem) && said.contains("`poolgate abort`"), "{said}");
}

#[test]
fn a_run_that_owns_the_machine_is_named() {
    let root = healthy().with("run/.keep", "");
    let _lock = poolgate::run::MachineLock::take(&root.at("run/poolgate/machine.lock"), "nightly-2").unwrap();
    let (code, said) = doctor(&root, &[], &[]);
    assert!(code == 3 && said.contains("another run owns this machine: nightly-2 (process "), "{said}");
}

#[test]
fn reports_that_cannot_be_written_are_a_problem() {
    let root = healthy().with("a-file", "");
    let mut command = poolgate();
    command.args(["doctor", "--reports", "/proc/no-reports", "--root"]).arg(root.path());
    let (code, said) = told(&mut command, root.path());
    assert!(code == 3 && said.contains("/proc/no-reports cannot be written: "), "{said}");
}

#[test]
fn a_simulated_machine_needs_nothing_of_this_one() {
    let quickstart = fs_err::read_to_string("scenarios/quickstart.yaml").unwrap();
    let (code, said) = doctor(&Root::new(), &[&quickstart], &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("quickstart on a simulated kernel: changes GlobalFlag; reboots to apply them"), "{said}");
    assert!(!said.contains("pools"), "{said}");
}

#[test]
fn a_mistake_in_a_scenario_is_the_user_s() {
    let (code, said) = doctor(&Root::new(), &["scenario: x\n"], &[]);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn the_driver_of_a_scenario_is_looked_for() {
    let root = healthy().with("sys/module/mydrv/version", "1.2\n");
    let of = |name: &str| format!("driver: {name}\n{PLAIN}");
    let (_, said) = doctor(&root, &[&of("mydrv.ko"), &of("other.ko")], &[]);
    assert!(said.contains("ok  driver  mydrv.ko 1.2, ROOT/sys/module/mydrv"), "{said}");
    assert!(said.contains("note  driver  other.ko, not found on the machine"), "{said}");
}

#[test]
fn an_ordinary_user_gets_the_advice_to_use_sudo() {
    let program = Path::new(env!("CARGO_BIN_EXE_poolgate"));
    let reachable = program.ancestors().skip(1).all(|folder| {
        folder.as_os_str().is_empty() || folder.metadata().is_ok_and(|found| found.permissions().mode() & 1 != 0)
    });
    if !is_root() || !reachable {
        eprintln!("skipped, because only root can run poolgate as somebody else, from where that one may");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs_err::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let mut command = poolgate();
    command.args(["doctor", "--reports"]).arg(folder.path()).uid(NOBODY).gid(NOBODY).current_dir("/");
    let (code, said) = told(&mut command, folder.path());
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("problem  pools  cannot read /proc/slabinfo: Permission denied"), "{said}");
    assert!(said.contains("note  rights  only root may change flags and restart"), "{said}");
    assert!(said.contains("help: the kernel shows its pools to root only: run poolgate with sudo"), "{said}");
}
