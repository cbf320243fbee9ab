//! Whether a run has to look again: what `judge` says of the recording so far, for a `run` which never meets it.

use std::path::Path;

use crate::judge::second_look;
use crate::record::{Recording, SecondLook};
use crate::run::RunError;
use crate::scenario::Scenario;

/// What to look at again, in an order drawn from random bits of the operating system: nobody who writes a scenario or a
/// workload can know it.
pub(super) fn look_again(scenario: &Scenario, recording: &Path) -> Result<Option<SecondLook>, RunError> {
    let undecided = |error: &dyn std::fmt::Display| RunError::Undecided(error.to_string());
    let so_far = Recording::open(recording)?;
    let seed = getrandom::u64().map_err(|error| undecided(&error))?;
    second_look(scenario, &so_far, seed).map_err(|error| undecided(&error))
}
