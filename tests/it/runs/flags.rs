//! Global flags and Driver Verifier: the simulated machine imitates Windows, and Linux refuses them before any change.

#[cfg(unix)]
use super::harness::root;
use super::harness::{Scenario, write};
use super::lines::{Forever, each, touch};
use crate::program::{Completed, poolgate};

const FLAGS: &str = "{ gflags: [\"+kst\", -soe], verifier: { drivers: [mydrv.sys, second.sys], level: 0x8 } }";

#[test]
fn flags_are_set_for_the_run_and_put_back_after_it() {
    let ended = Scenario::with_flag("exit 0").flags(FLAGS).run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    for line in [
        "flag GlobalFlag: set to \"dword:00002400\"",
        "flag VerifyDrivers: set to \"sz:mydrv.sys second.sys\"",
        "flag VerifyDriverLevel: set to \"dword:00000008\"",
        "flag Driver Verifier's boot mode: set to \"resetonbootfail\"",
        "flag GlobalFlag: removed",
        "flag VerifyDrivers: removed",
        "flag VerifyDriverLevel: removed",
        "flag Driver Verifier's boot mode: removed",
    ] {
        assert_eq!(ended.stderr.matches(line).count(), 1, "{line}: {}", ended.stderr);
    }
    assert_eq!(ended.kernel()["boots"], 3);
    ended.left_the_machine_as_it_was();
}

#[test]
fn the_boot_mode_of_driver_verifier_is_left_alone_if_the_scenario_keeps_it() {
    let flags = "{ verifier: { drivers: [mydrv.sys], level: 0x8, on_boot_failure: keep } }";
    let ended = Scenario::running("exit 0").flags(flags).run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stderr.contains("VerifyDrivers") && !ended.stderr.contains("boot mode"), "{}", ended.stderr);
    ended.left_the_machine_as_it_was();
}

#[test]
fn each_flag_causes_a_boot_and_its_removal_another() {
    for (flags, line) in [
        ("{ gflags: [2000] }", "flag GlobalFlag: set to \"dword:00002000\""),
        ("{ verifier: { drivers: [mydrv.sys], level: 0x8 } }", "flag VerifyDriverLevel: set to \"dword:00000008\""),
    ] {
        let ended = Scenario::running("exit 0").flags(flags).run();
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(line), "{}", ended.stderr);
        assert_eq!(ended.kernel()["boots"], 3, "{flags}");
        ended.left_the_machine_as_it_was();
    }
}

#[test]
fn a_value_changed_by_another_program_loses_poolgates_part_and_the_others_are_restored() {
    let forever = Forever::new(47150);
    let workload = each(&[&touch("begun"), &forever.line()]);
    let ended = Scenario::with_flag(&workload).flags(FLAGS).start_until("begun").kill();
    let mut kernel = ended.kernel();
    // The same number with another type is another value.
    kernel["settings"]["on_disk"]["flag GlobalFlag"] = "sz:0x00002400".into();
    write(&ended.run.join("simulated-kernel.json"), &kernel.to_string());
    ended.then("status").is(0, &["GlobalFlag: \"sz:0x00002400\" (was absent)"]);
    let aborted = ended.then("abort");
    aborted.is(
        0,
        &["note: GlobalFlag was changed by another program or person during the run: only poolgate's part was removed"],
    );
    aborted.is(0, &["flag VerifyDrivers: removed"]);
    // The values that hold the mode belong to the run, even if they changed.
    aborted.is(0, &["flag Driver Verifier's boot mode: removed"]);
    assert_eq!(aborted.text().matches("changed by another program or person").count(), 1, "{}", aborted.text());
    let settings = ended.kernel()["settings"]["on_disk"].clone();
    assert_eq!(settings, serde_json::json!({}));
}

#[test]
fn a_dry_run_names_the_flags_a_change_switches() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flags.yaml");
    let machine = "machine: { simulated: { tags: 20, pool_tagging: by_flag } }";
    write(&path, &format!("scenario: test\n{machine}\nflags: {FLAGS}\nworkload: {{ run: echo, iterations: 99 }}\n"));
    Completed::run(poolgate().arg("check").arg(&path)).is(
        0, &["  flag GlobalFlag: absent → \"dword:00002400\"\n    +ptg  pool tagging (Windows 2000 and XP)\n    +kst  kernel mode \
         stack trace database\n  flag VerifyDrivers: absent → \"sz:mydrv.sys second.sys\"\n  \
         flag VerifyDriverLevel: absent → \"dword:00000008\"\n  flag Driver Verifier's boot mode: absent → \"resetonbootfail\"\n"]);
}

#[cfg(unix)]
#[test]
fn linux_refuses_windows_flags_before_any_change() {
    for (flags, name) in [
        ("{ gflags: [+kst] }", "global flag +kst"),
        ("{ verifier: { drivers: [mydrv.sys], level: 8 } }", "Driver Verifier"),
    ] {
        let root = root();
        let scenario = Scenario::running("true").on_root(root.path()).flags(flags).setup("touch was-set-up");
        let sign = scenario.folder().join("was-set-up");
        let ended = scenario.option("--allow-reboot").run();
        ended.failed_saying(&format!("{name} is a boot setting of Windows; a Linux kernel does not have it"));
        assert!(ended.stdout.contains("on Linux use a kernel parameter"), "{}", ended.stdout);
        assert!(!sign.exists() && !root.path().join("var").exists() && !root.path().join("etc").exists());
    }
}

#[test]
fn a_simulated_windows_refuses_a_kernel_command_line() {
    let ended = Scenario::running("exit 0").flags("{ kernel_cmdline: [slab_nomerge] }").run();
    ended.failed_saying("kernel parameter slab_nomerge is a boot setting of Linux");
    assert_eq!(ended.kernel()["boots"], 1);
}
