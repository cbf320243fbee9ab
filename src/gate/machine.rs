//! The machine that a scenario runs on, and the changes that it needs there.

use std::path::Path;

use crate::machine::sim::{Kernel, KernelState, NoiseShape, Population};
use crate::machine::{Machine, MachineError, RequestedSetting, SettingChange, VerifierRequest, native, sim};
use crate::scenario::{self, OnBootFailure, Scenario, SimulatedSettings, SimulatedTagging};

/// Returns the machine of `scenario`, with kernel files below `root`. A simulated machine lives in the file `kernel`, and
/// is created if that file is missing.
pub(crate) fn machine_for(scenario: &Scenario, root: &Path, kernel: &Path) -> Result<Machine, MachineError> {
    match &scenario.machine {
        None => Ok(native::machine(root)),
        Some(choice) if !kernel.exists() => Ok(sim::machine(&Kernel::create(kernel, booted(&choice.simulated))?)),
        Some(_) => Ok(sim::machine(&Kernel::at(kernel))),
    }
}

/// Returns a freshly booted simulated kernel.
pub(crate) fn booted(simulated: &SimulatedSettings) -> KernelState {
    let state = KernelState::new(population(simulated));
    match simulated.pool_tagging {
        SimulatedTagging::Always => state,
        SimulatedTagging::ByFlag => state.with_tagging_off(),
    }
}

fn population(simulated: &SimulatedSettings) -> Population {
    let noise = simulated.noise.iter().map(|noise| match noise {
        scenario::SimulatedNoise::SaturatingCache => NoiseShape::SaturatingCache,
        scenario::SimulatedNoise::Sawtooth => NoiseShape::Sawtooth,
        scenario::SimulatedNoise::Bursts => NoiseShape::Bursts,
        scenario::SimulatedNoise::BackgroundGrowth => NoiseShape::BackgroundGrowth,
    });
    Population { seed: simulated.seed, tags: simulated.tags, noise: noise.collect() }
}

/// Returns an identifier of the machine that `scenario` runs on.
pub(super) fn machine_id(root: &Path, scenario: &Scenario) -> Result<String, MachineError> {
    match scenario.machine {
        Some(_) => Ok(String::new()),
        None => native::machine_id(root),
    }
}

/// Returns the changes that a run of `scenario` would make, without beginning one. A simulated machine exists only
/// during a run, so the changes are planned on a temporary one.
pub(crate) fn planned(scenario: &Scenario, root: &Path) -> Result<Vec<SettingChange>, MachineError> {
    let folder = tempfile::tempdir().map_err(|source| MachineError::unwritable(std::env::temp_dir(), source))?;
    let mut machine = machine_for(scenario, root, &folder.path().join("kernel.json"))?;
    asked_and_planned(scenario, &mut machine).map(|(_, changes)| changes)
}

/// Returns the settings that the scenario asks for, and the changes that they need on this machine.
pub(super) fn asked_and_planned(
    scenario: &Scenario,
    machine: &mut Machine,
) -> Result<(Vec<RequestedSetting>, Vec<SettingChange>), MachineError> {
    let flags = scenario.flags.clone().unwrap_or_default();
    let verifier = flags.verifier.map(|verifier| {
        let drivers = verifier.drivers.iter().map(|name| name.as_str().to_owned()).collect();
        let reset_on_boot_failure = verifier.on_boot_failure == OnBootFailure::Reset;
        RequestedSetting::Verifier(VerifierRequest { drivers, level: verifier.level, reset_on_boot_failure })
    });
    // `pool_tagging: if_needed` is the default.
    let asked: Vec<RequestedSetting> = std::iter::once(RequestedSetting::PoolTagging)
        .chain(flags.gflags.into_iter().map(RequestedSetting::GlobalFlag))
        .chain(verifier)
        .chain(flags.kernel_cmdline.into_iter().map(RequestedSetting::KernelParameter))
        .collect();
    let changes = machine.flags.plan(&asked)?;
    Ok((asked, changes))
}
