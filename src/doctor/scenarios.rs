//! The needs of the given scenarios.

use std::path::{Path, PathBuf};

use super::diagnosis::{Diagnosis, Level, Reboots};
use crate::gate::{driver, planned};
use crate::machine::{MachineError, SettingChange};
use crate::scenario::{Loaded, Scenario};

/// The combined needs of all scenarios.
pub(super) struct Needs {
    /// Whether at least one scenario runs on this machine rather than on a simulated one.
    pub(super) this_machine: bool,
    pub(super) reboots: Reboots,
}

/// Returns the needs of `scenarios`, and the diagnoses about each. `may_reboot` is true if the user allows reboots.
pub(super) fn needs(scenarios: &[(PathBuf, Loaded)], root: &Path, may_reboot: bool) -> (Needs, Vec<Diagnosis>) {
    let mut needs = Needs {
        this_machine: scenarios.is_empty(),
        reboots: if scenarios.is_empty() { Reboots::Unknown } else { Reboots::Never },
    };
    let mut diagnoses = Vec::new();
    for (_, loaded) in scenarios {
        let scenario = &loaded.scenario;
        let changes = planned(scenario, root);
        let real = scenario.machine.is_none();
        diagnoses.push(scenario_diagnosis(scenario, &changes, may_reboot));
        diagnoses.extend(scenario.driver.iter().filter(|_| real).map(|file| {
            let driver = driver(root, file);
            let level = if driver.found.is_some() { Level::Ok } else { Level::Note };
            Diagnosis::at(level, "driver", driver.to_string())
        }));
        needs.this_machine |= real;
        needs.reboots = needs.reboots.max(if real { reboots(scenario, &changes) } else { Reboots::Never });
    }
    (needs, diagnoses)
}

/// Returns whether a scenario on this machine restarts it.
fn reboots(scenario: &Scenario, changes: &Result<Vec<SettingChange>, MachineError>) -> Reboots {
    match changes {
        Ok(changes) if changes.is_empty() => Reboots::Never,
        Ok(_) => Reboots::Needed,
        Err(_) if scenario.flags.is_some() => Reboots::Needed,
        // Pool tagging may be on or off.
        Err(_) => Reboots::Unknown,
    }
}

fn scenario_diagnosis(
    scenario: &Scenario,
    changes: &Result<Vec<SettingChange>, MachineError>,
    may_reboot: bool,
) -> Diagnosis {
    let name = scenario.name.as_str();
    let place = if scenario.machine.is_some() { "on a simulated kernel" } else { "on this machine" };
    match changes {
        Err(error) => {
            let message = format!("{name} {place}: {error}");
            Diagnosis { message, ..Diagnosis::failed(Level::Problem, "scenario", error) }
        }
        Ok(changes) if changes.is_empty() => {
            Diagnosis::ok("scenario", format!("{name} {place}: changes no flags, needs no reboot"))
        }
        Ok(changes) => {
            let names = changes.iter().map(|change| change.name.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("{name} {place}: changes {names}; reboots to apply them and to restore them");
            if scenario.machine.is_some() || may_reboot {
                Diagnosis::ok("scenario", message)
            } else {
                let help = "give --allow-reboot (or set POOLGATE_ALLOW_REBOOT=1), also to `poolgate run`";
                Diagnosis::problem("scenario", message).help(help)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::FlagValue;
    use crate::scenario;

    fn scenario(more: &str) -> Scenario {
        let text = format!("scenario: s\n{more}workload: {{ run: w, iterations: 3 }}\n");
        scenario::parse("s.yaml", text.as_bytes()).unwrap().scenario
    }

    #[test]
    fn a_reboot_is_a_problem_until_the_caller_allows_it() {
        let change = || {
            let wanted = FlagValue::Present("1024".to_owned());
            Ok(vec![SettingChange { name: "GlobalFlag".to_owned(), original: FlagValue::Absent, wanted }])
        };
        let (real, simulated) = (scenario(""), scenario("machine: { simulated: {} }\n"));
        for (scenario, changes, may_reboot, level) in [
            (&real, Ok(Vec::new()), false, Level::Ok),
            (&real, change(), false, Level::Problem),
            (&real, change(), true, Level::Ok),
            (&simulated, change(), false, Level::Ok),
            (&real, Err(MachineError::OnlyOnWindows("+kst".to_owned())), true, Level::Problem),
        ] {
            let diagnosis = scenario_diagnosis(scenario, &changes, may_reboot);
            assert_eq!(diagnosis.level, level, "{diagnosis:?}");
        }
    }

    #[test]
    fn an_impossible_plan_needs_a_reboot_only_if_flags_are_requested() {
        let failed = || Err(MachineError::NotElevated("read it"));
        let flagged = scenario("flags: { kernel_cmdline: [slab_nomerge] }\n");
        assert_eq!(reboots(&scenario(""), &Ok(Vec::new())), Reboots::Never);
        assert_eq!(reboots(&scenario(""), &failed()), Reboots::Unknown);
        assert_eq!(reboots(&flagged, &failed()), Reboots::Needed);
        assert_eq!(Reboots::Unknown.max(Reboots::Never).max(Reboots::Needed), Reboots::Needed);
    }
}
