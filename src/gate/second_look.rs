//! Decides whether a run needs a second look. It asks `judge` about the recording so far, so that `run` does not depend
//! on `judge`.

use std::path::Path;

use crate::judge::second_look;
use crate::record::{Recording, SecondLook};
use crate::run::RunError;
use crate::scenario::Scenario;

/// Returns the plan of a second look, if one is needed. Its order is drawn from random bits of the operating system, so
/// no author of a scenario or workload can predict it.
pub(super) fn look_again(scenario: &Scenario, recording: &Path) -> Result<Option<SecondLook>, RunError> {
    let undecided = |error: &dyn std::fmt::Display| RunError::Undecided(error.to_string());
    let so_far = Recording::open(recording)?;
    let seed = getrandom::u64().map_err(|error| undecided(&error))?;
    second_look(scenario, &so_far, seed).map_err(|error| undecided(&error))
}
