//! The machine that a scenario runs on.

use std::path::{Path, PathBuf};

use crate::machine::sim::{Kernel, KernelState, NoiseShape, Population};
use crate::machine::{Machine, MachineError, native, sim};
use crate::scenario::{self, Scenario, SimulatedSettings, SimulatedTagging};

/// The location of this machine's kernel files.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Root {
    /// Read the kernel's files below this folder, for example those of a host in a container
    #[arg(long = "root", value_name = "FOLDER", default_value = "/")]
    folder: PathBuf,
}

impl Root {
    /// Returns the folder, `/` for this machine itself.
    pub(in crate::cli) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the machine of `scenario`. A simulated machine lives in the file `kernel`, and is created if that file
    /// is missing.
    pub(in crate::cli) fn machine(&self, scenario: &Scenario, kernel: &Path) -> Result<Machine, MachineError> {
        match &scenario.machine {
            None => Ok(native::machine(&self.folder)),
            Some(choice) if !kernel.exists() => Ok(sim::machine(&Kernel::create(kernel, booted(&choice.simulated))?)),
            Some(_) => Ok(sim::machine(&Kernel::at(kernel))),
        }
    }

    /// Returns the path of the machine lock.
    pub(in crate::cli) fn lock(&self) -> PathBuf {
        native::lock_file(&self.folder)
    }
}

/// Returns a freshly booted simulated kernel.
pub(in crate::cli) fn booted(simulated: &SimulatedSettings) -> KernelState {
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
