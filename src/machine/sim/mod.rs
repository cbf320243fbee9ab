//! A simulated kernel: one file that real child processes change and the sampler reads.
//!
//! It lets whole runs work on any machine without privileges. Nothing here is a real kernel, and every name contains
//! "simulated". A workload changes the kernel through `poolgate sim exercise`. A population of background tags moves
//! with lifelike [noise](NoiseShape) drawn from a seed. The noise depends on how often the kernel was exercised and sampled,
//! never on the wall clock.

use std::path::{Path, PathBuf};

use super::{Autostart, Boot, BootId, ByHand, Machine, MachineError, PoolSource};
use crate::pool::{Key, Snapshot, TagPattern};

mod exercise;
mod flags;
mod kernel;
mod noise;
mod settings;

pub use exercise::{AllocationError, Exercise, SimAllocation};
pub use kernel::{Home, Kernel, KernelState};
pub use noise::{NoiseShape, Population};
pub use settings::Settings;

/// The environment variable with the path of the kernel that a workload's commands change.
pub const KERNEL_VARIABLE: &str = "POOLGATE_SIM_KERNEL";

/// The machine with the kernel in `home`.
pub fn machine<H: Home + 'static>(home: &H) -> Machine {
    Machine {
        pool: Box::new(SimPool { kernel: home.clone(), samples: 0, snapshot: Snapshot::new() }),
        flags: Box::new(flags::flags(home)),
        boot: Box::new(SimulatedMachine(home.clone())),
        autostart: Box::new(SimulatedMachine(home.clone())),
        objects: None,
    }
}

/// The boot settings of that machine, for changes by hand.
pub fn by_hand<H: Home + 'static>(home: &H) -> Box<dyn ByHand> {
    Box::new(flags::flags(home))
}

/// The boots and the autostart entry of a simulated machine.
struct SimulatedMachine<H>(H);

struct SimPool<H> {
    kernel: H,
    samples: u64,
    snapshot: Snapshot,
}

impl<H: Home> PoolSource for SimPool<H> {
    fn name(&self) -> &'static str {
        "simulated kernel"
    }

    fn sample(&mut self) -> Result<&Snapshot, MachineError> {
        let state = self.kernel.read()?;
        if !state.tagging() {
            return Err(MachineError::TaggingOff);
        }
        self.samples += 1;
        self.snapshot.clear();
        for (tag, pool, usage) in state.population.usages(state.exercised, self.samples) {
            let row = self.snapshot.row(Key::simulated(tag, pool));
            self.snapshot.set(row, Some(usage));
        }
        for (tag, pool, usage) in state.usages() {
            let row = self.snapshot.row(Key::simulated(tag, pool));
            self.snapshot.set(row, Some(usage));
        }
        Ok(&self.snapshot)
    }

    /// Does nothing: the simulated kernel's counts are always exact.
    fn shrink(&mut self, _: &[TagPattern]) -> Result<usize, MachineError> {
        Ok(0)
    }
}

impl<H: Home> Boot for SimulatedMachine<H> {
    fn id(&self) -> Result<BootId, MachineError> {
        Ok(BootId(format!("simulated boot {}", self.0.read()?.boots)))
    }

    fn restart(&mut self) -> Result<(), MachineError> {
        self.0.change(KernelState::reboot)
    }
}

impl<H: Home> Autostart for SimulatedMachine<H> {
    fn get(&self) -> Result<Option<PathBuf>, MachineError> {
        Ok(self.0.read()?.settings.autostart())
    }

    fn set(&mut self, run: Option<&Path>) -> Result<(), MachineError> {
        self.0.change(|state| state.settings.set_autostart(run))
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        self.0.change(|state| state.settings.flush_autostart())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::{FlagValue, RequestedSetting, SettingChange};

    fn kernel(state: KernelState) -> (tempfile::TempDir, Kernel) {
        let folder = tempfile::tempdir().unwrap();
        let kernel = Kernel::create(&folder.path().join("kernel.json"), state).unwrap();
        (folder, kernel)
    }

    fn state() -> KernelState {
        KernelState::new(Population { seed: 7, tags: 50, noise: vec![NoiseShape::Sawtooth] })
    }

    #[test]
    fn remaining_processes_of_a_workload_are_found_until_the_next_boot() {
        let (_folder, kernel) = kernel(state());
        let exercise = Exercise { leak: vec!["Leak:4KiBx2".parse().unwrap()], ..Exercise::default() };
        kernel.change(|state| exercise.apply(state)).unwrap();
        let mut machine = machine(&kernel);
        let leaked = |machine: &mut Machine| {
            let snapshot = machine.pool.sample().unwrap();
            snapshot.present().find(|(key, _)| key.tag.as_str() == "Leak").map(|(_, usage)| usage.bytes)
        };
        assert_eq!(leaked(&mut machine), Some(8192));
        machine.boot.restart().unwrap();
        assert_eq!(leaked(&mut machine), None);
    }

    #[test]
    fn an_old_kernel_counts_tags_only_with_the_flag_and_a_boot() {
        let (_folder, kernel) = kernel(state().with_tagging_off());
        let mut machine = machine(&kernel);
        assert!(matches!(machine.pool.sample(), Err(MachineError::TaggingOff)));
        let asked = [RequestedSetting::PoolTagging];
        let plan = machine.flags.plan(&asked).unwrap();
        let wanted = FlagValue::Present("dword:00000400".to_owned());
        let name = "GlobalFlag".to_owned();
        assert_eq!(plan, [SettingChange { name, original: FlagValue::Absent, wanted }]);
        machine.flags.write(&plan[0].name, &plan[0].wanted).unwrap();
        assert!(!machine.flags.in_force(&asked).unwrap());
        machine.boot.restart().unwrap();
        assert!(machine.flags.in_force(&asked).unwrap() && machine.pool.sample().is_ok());
        machine.flags.write(&plan[0].name, &plan[0].original).unwrap();
        machine.boot.restart().unwrap();
        assert_eq!(machine.flags.read("GlobalFlag").unwrap(), FlagValue::Absent);
    }

    #[test]
    fn a_new_kernel_needs_no_flag() {
        let (_folder, kernel) = kernel(state());
        assert_eq!(machine(&kernel).flags.plan(&[RequestedSetting::PoolTagging]).unwrap(), []);
    }
}
