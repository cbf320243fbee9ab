//! poolgate on a kernel that counts pool tags, on one that does not, and on one that does if a flag is set.

use super::bed::bed;
use super::machine::{Machine, POOLGATE};
use super::registry::SESSION_MANAGER;

const SCENARIO: &str = "
scenario: tagging
workload: { run: ver, iterations: 4 }
thresholds: [ { tag: Irp, max_growth: 1 MiB } ]
";
const NO_REBOOT: &str = "sets no flags and needs no reboot";

#[test]
fn a_windows_that_counts_pool_tags_needs_no_reboot() {
    let Some(bed) = bed() else { return };
    let checked = checked_on(&Machine::new(bed, 0));
    assert!(checked.contains(NO_REBOOT) && checked.contains("(now: Irp)"), "{checked}");
}

#[test]
fn an_old_windows_needs_the_flag_and_a_boot_before_it_counts() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_old_windows();
    let checked = checked_on(&machine);
    assert!(checked.contains("GlobalFlag") && checked.contains("reboots the machine"), "{checked}");
    assert!(!checked.contains("would fail"), "the flag switches tagging on: {checked}");

    machine.registry().set(SESSION_MANAGER, "GlobalFlag", "dword:00000400");
    let checked = checked_on(&machine);
    assert!(checked.contains(NO_REBOOT) && checked.contains("(now: Irp)"), "{checked}");
}

#[test]
fn a_system_without_pool_tags_is_refused_in_plain_words() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).without_simulated_class_22().with_file("lab/tagging.yaml", SCENARIO);
    let boot = machine.power_on();
    let checked = boot.run(POOLGATE, &["check", r"C:\lab\tagging.yaml"]);
    assert_eq!(checked.code, Some(2), "{checked}");
    assert_eq!(checked.stdout.matches("does not report pool tags").count(), 1, "{checked}");
    assert!(checked.stdout.contains("cannot pass: this system does not report pool tags"), "{checked}");
    let ended = boot.run(POOLGATE, &["run", r"C:\lab\tagging.yaml"]);
    assert_eq!(ended.code, Some(3), "{ended}");
    let junit = machine.only_run().junit();
    for place in [&ended.stdout, &junit] {
        assert!(place.contains("this system does not report pool tags"), "{place}\n{ended}");
    }
    assert!(junit.contains("<error"), "{junit}");
}

#[test]
fn a_container_is_refused_in_plain_words_and_nothing_is_changed() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0)
        .with_value(r"System\CurrentControlSet\Control", "ContainerType", "dword:00000002")
        .with_file("lab/tagging.yaml", SCENARIO);
    let flag = machine.registry().value(SESSION_MANAGER, "GlobalFlag").map(str::to_owned);
    let boot = machine.power_on();
    for (words, code) in [
        (&["doctor"][..], 3),
        (&["run", r"C:\lab\tagging.yaml"], 3),
        (&["check", r"C:\lab\tagging.yaml"], 2),
        (&["mon", "--count", "1"], 3),
        (&["flags", "/r", "+kst"], 3),
    ] {
        let ended = boot.run(POOLGATE, words);
        assert_eq!(ended.code, Some(code), "{words:?}: {ended}");
        // In doctor's table and the report's lines the words may be broken.
        let said: Vec<&str> = ended.stdout.split_whitespace().chain(ended.stderr.split_whitespace()).collect();
        let said = said.join(" ");
        assert!(
            said.contains("does not run in a Windows container") && said.contains("on the host"),
            "{words:?}: {ended}"
        );
    }
    boot.cut();
    assert_eq!(machine.registry().value(SESSION_MANAGER, "GlobalFlag"), flag.as_deref());
}

/// Returns the output of `poolgate check` for [`SCENARIO`], in a boot of its own.
fn checked_on(machine: &Machine) -> String {
    fs_err::write(machine.file("lab/tagging.yaml"), SCENARIO).unwrap();
    let checked = machine.power_on().run(POOLGATE, &["check", r"C:\lab\tagging.yaml"]);
    assert_eq!(checked.code, Some(0), "{checked}");
    checked.stdout
}
