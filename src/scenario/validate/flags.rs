//! Checks for kernel settings that contradict each other or have no effect.

use std::collections::HashSet;

use crate::gflags::Switch;
use crate::scenario::kernel_flags::VerifiedDriver;
use crate::scenario::mistake::Wrong;
use crate::scenario::place::{Finding, Place};
use crate::scenario::types::Flags;

/// Checks the flags as a whole.
pub(super) fn flags(flags: &Flags) -> Vec<Finding> {
    let mut found = contradictions(&flags.gflags);
    found.extend(flags.verifier.iter().flat_map(|verifier| drivers(&verifier.drivers)));
    found
}

/// Finds switches that undo an earlier one. Clearing all flags before setting some is allowed.
fn contradictions(switches: &[Switch]) -> Vec<Finding> {
    let undoes = |(index, later): (usize, &Switch)| {
        let undone = |earlier: &&Switch| {
            **earlier != Switch::CLEAR_ALL && earlier.on() != later.on() && earlier.bits() & later.bits() != 0
        };
        let earlier = switches[..index].iter().find(undone)?;
        let message = format!("`{later}` undoes `{earlier}`");
        let wrong = Wrong::new(message, format!("after `{earlier}`"), "keep one of the two");
        Some(Place::of("flags").key("gflags").item(index).is(wrong))
    };
    switches.iter().enumerate().filter_map(undoes).collect()
}

fn drivers(drivers: &[VerifiedDriver]) -> Vec<Finding> {
    let place = Place::of("flags").key("verifier").key("drivers");
    if drivers.is_empty() {
        let help = "give the drivers to verify, such as `[mydrv.sys]`, or remove `verifier`";
        return vec![place.is(Wrong::new("no driver is named for Driver Verifier", "no driver", help))];
    }
    let mut names = HashSet::new();
    let twice = |(index, name): (usize, &VerifiedDriver)| {
        let wrong = || Wrong::new(format!("the driver `{name}` is given twice"), "again", "remove one of the two");
        (!names.insert(name.as_str().to_ascii_lowercase())).then(|| place.clone().item(index).is(wrong()))
    };
    drivers.iter().enumerate().filter_map(twice).collect()
}
