//! The leaky driver is a real one, leaks as configured, and counts its leaks.

use super::bed::bed;
use super::machine::{Machine, WORK};

#[test]
fn every_leaked_byte_is_counted_and_no_other() {
    let Some(bed) = bed() else { return };
    assert_eq!(
        counted(&Machine::new(bed, 10)),
        ["Leak paged 0 0 0 nonpaged 800 720 163840", "Good paged 800 800 0 nonpaged 0 0 0"]
    );
    assert_eq!(
        counted(&Machine::new(bed, 0)),
        ["Leak paged 0 0 0 nonpaged 800 800 0", "Good paged 800 800 0 nonpaged 0 0 0"]
    );
}

/// Returns the driver's counts after 800 requests.
fn counted(machine: &Machine) -> Vec<String> {
    let boot = machine.power_on();
    assert_eq!(boot.run(WORK, &["1"]).code, Some(1), "the driver is there before it was started");
    assert_eq!(boot.run("sc", &["start", "leakydrv"]).code, Some(0));
    assert_eq!(boot.run(WORK, &["800"]).code, Some(0));
    boot.run(WORK, &["tags"]).stdout.lines().map(str::to_owned).collect()
}
