//! Checks for kernel settings that contradict each other or have no effect.

use std::collections::HashSet;

use crate::gflags::Switch;
use crate::scenario::kernel_flags::DriverToVerify;
use crate::scenario::mistake::MistakeText;
use crate::scenario::place::{DocumentPath, PathMistake};
use crate::scenario::types::ScenarioFlags;

/// Checks the flags as a whole.
pub(super) fn flags(flags: &ScenarioFlags) -> Vec<PathMistake> {
    let mut found = contradictions(&flags.gflags);
    found.extend(flags.verifier.iter().flat_map(|verifier| drivers(&verifier.drivers)));
    found
}

/// Finds switches that undo an earlier one. Clearing all flags before setting some is allowed.
fn contradictions(switches: &[Switch]) -> Vec<PathMistake> {
    let undoes = |(index, later): (usize, &Switch)| {
        let undone = |earlier: &&Switch| {
            **earlier != Switch::CLEAR_ALL && earlier.on() != later.on() && earlier.bits() & later.bits() != 0
        };
        let earlier = switches[..index].iter().find(undone)?;
        let message = format!("`{later}` undoes `{earlier}`");
        let wrong = MistakeText::new(message, format!("after `{earlier}`"), "keep one of the two");
        Some(DocumentPath::new("flags").key("gflags").item(index).is(wrong))
    };
    switches.iter().enumerate().filter_map(undoes).collect()
}

fn drivers(drivers: &[DriverToVerify]) -> Vec<PathMistake> {
    let place = DocumentPath::new("flags").key("verifier").key("drivers");
    if drivers.is_empty() {
        let help = "give the drivers to verify, such as `[mydrv.sys]`, or remove `verifier`";
        return vec![place.is(MistakeText::new("no driver is named for Driver Verifier", "no driver", help))];
    }
    let mut names = HashSet::new();
    let twice = |(index, name): (usize, &DriverToVerify)| {
        let wrong =
            || MistakeText::new(format!("the driver `{name}` is given twice"), "again", "remove one of the two");
        (!names.insert(name.as_str().to_ascii_lowercase())).then(|| place.clone().item(index).is(wrong()))
    };
    drivers.iter().enumerate().filter_map(twice).collect()
}
