//! Checks whether this machine can run scenarios, and whether a scenario can pass here. It changes nothing.
//!
//! `machine` gathers facts about the machine. Pure functions turn them into diagnoses.

use std::path::{Path, PathBuf};

use crate::gate::host;
use crate::machine::native;
use crate::scenario::{Bytes, Loaded};

mod diagnosis;
#[cfg(unix)]
mod linux;
mod machine;
mod obstacles;
mod scenarios;
#[cfg(any(windows, test))]
mod windows;

pub(crate) use diagnosis::{Diagnosis, Level};
pub(crate) use obstacles::Obstacles;

#[cfg(unix)]
use linux as platform;
#[cfg(windows)]
use windows as platform;

/// The runs to check this machine for.
pub(crate) struct Intent<'a> {
    /// The scenarios to run, if known.
    pub(crate) scenarios: &'a [(PathBuf, Loaded)],
    /// The folder that would contain the runs' folders.
    pub(crate) reports: &'a Path,
    pub(crate) allow_reboot: bool,
    /// The folder of the machine's kernel files.
    pub(crate) root: &'a Path,
}

/// Checks this machine.
pub(crate) fn diagnose(intent: &Intent<'_>) -> Vec<Diagnosis> {
    let &Intent { scenarios, reports, allow_reboot, root } = intent;
    let (needs, of_scenarios) = scenarios::needs(scenarios, root, allow_reboot);
    let mut diagnoses = vec![system()];
    if needs.this_machine {
        let mut machine = native::machine(root);
        diagnoses.push(machine::pools(&mut machine));
        diagnoses.extend(platform::diagnoses(&native::facts(root), needs.reboots));
        diagnoses.extend(machine::program(needs.reboots));
        diagnoses.extend(machine::state_folder(root, needs.reboots));
        diagnoses.extend(machine::other_runs(&machine, root, reports, needs.reboots));
    }
    diagnoses.extend(machine::reports(reports));
    diagnoses.extend(of_scenarios);
    diagnoses
}

fn system() -> Diagnosis {
    let host = host();
    let memory = Bytes(host.memory).rounded();
    let message = format!("{}, kernel {}, {}, {memory}", host.system, host.kernel, host.architecture);
    Diagnosis::ok("system", message)
}
