//! The machine restarts as a real one does: services come back, memory contents do not.

use super::bed::bed;
use super::boot::{Boot, until};
use super::machine::{DRIVER, Machine, WORK};

const KEY: &str = r"Software\lab";
/// SERVICE_AUTO_START.
const AT_BOOT: &str = "dword:00000002";

#[test]
fn a_restart_ends_everything_and_starts_services_again() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 1).with_value(DRIVER, "Start", AT_BOOT);
    let boot = machine.power_on();
    count_a_leak(&boot);
    assert_eq!(boot.run(WORK, &["leave", r"C:\lab\left"]).code, Some(0));
    assert_eq!(boot.running(r"linger C:\lab\left"), 1);
    assert_eq!(boot.run("reg", &["add", r"HKLM\Software\lab", "/v", "kept", "/d", "yes"]).code, Some(0));
    boot.start(WORK, &["restart"]);
    boot.until_over();
    assert_eq!(machine.registry().value(KEY, "kept"), Some(r#""yes""#));

    let boot = machine.power_on();
    count_a_leak(&boot);
    assert_eq!(boot.running(r"linger C:\lab\left"), 0);
}

#[test]
fn a_power_cut_ends_starting_programs() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0);
    for _ in 0..3 {
        let boot = machine.power_on();
        for _ in 0..4 {
            boot.start(WORK, &["linger", r"C:\lab\late"]);
        }
        boot.cut();
        assert!(machine.running("").is_empty());
    }
}

#[test]
fn a_value_is_set_and_taken_away_while_the_machine_is_off() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_value(KEY, "one", "dword:00000001").with_value(KEY, "two", r#""zwei""#);
    machine.registry().remove(KEY, "one");
    let boot = machine.power_on();
    assert_eq!(boot.run("reg", &["query", r"HKLM\Software\lab", "/v", "one"]).code, Some(1));
    let two = boot.run("reg", &["query", r"HKLM\Software\lab", "/v", "two"]);
    assert!(two.stdout.contains("zwei"), "{two}");
    boot.cut();
    assert_eq!(machine.registry().value(KEY, "one"), None);
    assert_eq!(machine.registry().value(KEY, "two"), Some(r#""zwei""#));
}

/// Checks that the driver has been running since the boot and counts from zero.
#[track_caller]
fn count_a_leak(boot: &Boot) {
    until(|| (boot.run(WORK, &["1"]).code == Some(0)).then_some(())).expect("the driver is not started");
    let tags = boot.run(WORK, &["tags"]);
    assert!(tags.stdout.starts_with("Leak paged 0 0 0 nonpaged 1 0 2048\r\n"), "{tags}");
}
