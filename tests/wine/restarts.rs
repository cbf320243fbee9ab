//! The machine restarts as a real one does: services come back, what was in memory does not.

use super::bed::bed;
use super::machine::{AT_BOOT, Boot, DRIVER, Machine, WORK};
use super::registry::SERVICES;

const LAB: &str = r"Software\lab";

#[test]
fn a_restart_ends_everything_and_starts_services_again() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 1);
    machine.registry().set(&format!(r"{SERVICES}\{DRIVER}"), "Start", AT_BOOT);

    let boot = machine.power_on();
    assert_eq!(boot.run(WORK, &["leave", r"C:\lab\left"]).code, Some(0));
    count_a_leak(&boot);
    assert_eq!(boot.run("reg", &["add", r"HKLM\Software\lab", "/v", "kept", "/d", "yes"]).code, Some(0));
    assert_eq!(boot.running("linger C:\\lab\\left"), 1);
    boot.start(WORK, &["restart"]);
    boot.until_over();
    assert_eq!(machine.registry().value(LAB, "kept"), Some(r#""yes""#));

    let boot = machine.power_on();
    assert_eq!(boot.running("linger C:\\lab\\left"), 0);
    count_a_leak(&boot);
}

#[test]
fn a_value_is_set_and_taken_away_while_the_machine_is_off() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0);
    machine.registry().set(LAB, "one", "dword:00000001");
    machine.registry().set(LAB, "two", r#""zwei""#);
    machine.registry().remove(LAB, "one");
    let boot = machine.power_on();
    assert_eq!(boot.run("reg", &["query", r"HKLM\Software\lab", "/v", "one"]).code, Some(1));
    let two = boot.run("reg", &["query", r"HKLM\Software\lab", "/v", "two"]);
    assert!(two.stdout.contains("zwei"), "{two}");
    boot.cut();
    assert!(machine.registry().has(LAB));
    assert_eq!(machine.registry().value(LAB, "one"), None);
    assert_eq!(machine.registry().value(LAB, "two"), Some(r#""zwei""#));
}

/// The driver is there since the boot, and counts from zero.
fn count_a_leak(boot: &Boot) {
    assert_eq!(boot.run(WORK, &["1"]).code, Some(0));
    let tags = boot.run(WORK, &["tags"]);
    assert!(tags.stdout.starts_with("Leak paged 0 0 0 nonpaged 1 0 4096\r\n"), "{tags}");
}
