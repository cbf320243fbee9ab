//! `poolgate sim` provides commands for the workloads of a simulated machine.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::output::errors;
use crate::cli::output::stdout::say;
use crate::exit::Exit;
use crate::gate::booted;
use crate::machine::sim::{Exercise, Home, KERNEL_VARIABLE, Kernel, KernelState, SimAllocation};
use crate::machine::{MachineError, PoolSource, sim};
use crate::scenario::{SimulatedSettings, SimulatedTagging};

/// Creates, changes, shows, or restarts a simulated kernel.
#[derive(Debug, Subcommand)]
pub(super) enum SimCommand {
    /// Create a simulated machine and boot it, to try commands on: mon, flags, and those below
    New(NewArgs),
    /// Allocate and free memory like a driver under test
    Exercise(ExerciseArgs),
    /// Print the current pool table
    Show(KernelArgs),
    /// Restart the machine in order, so that all written settings reach its disk
    Reboot(KernelArgs),
    /// Cut the machine's power and boot it again; unflushed settings are lost
    PowerCut(KernelArgs),
}

#[derive(Debug, Args)]
pub(super) struct KernelArgs {
    /// The file of the simulated kernel; a run passes it to its commands
    #[arg(long, env = KERNEL_VARIABLE, value_name = "FILE")]
    kernel: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    #[command(flatten)]
    kernel: KernelArgs,
    /// Number of background tags
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(..=10_000))]
    tags: u32,
    /// Seed for random numbers; the same seed gives the same kernel
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Count pool tags only after a boot with GlobalFlag +ptg, like Windows 2000 and XP
    #[arg(long)]
    old_windows: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExerciseArgs {
    #[command(flatten)]
    kernel: KernelArgs,
    /// Allocate and never free, for example MyD1:4KiB, or p/MyD1:64Bx10 for ten allocations in the paged pool
    #[arg(long, value_name = "TAG:SIZE[xCOUNT]")]
    leak: Vec<SimAllocation>,
    /// Allocate and free again
    #[arg(long, value_name = "TAG:SIZE[xCOUNT]")]
    churn: Vec<SimAllocation>,
    /// Keep one allocation from each round, until COUNT are kept
    #[arg(long, value_name = "TAG:SIZE[xCOUNT]")]
    cache: Vec<SimAllocation>,
    /// Number of rounds; if there are several, each prints a line `round N`, for scenarios with `count_lines`
    #[arg(long, value_name = "N", default_value_t = 1)]
    rounds: u64,
    /// Pause between two rounds, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pause: u64,
}

impl SimCommand {
    pub(super) fn run(self) -> Exit {
        let done = match self {
            SimCommand::New(args) => args.run(),
            SimCommand::Exercise(args) => args.run(),
            SimCommand::Show(args) => show(&Kernel::at(&args.kernel)),
            SimCommand::Reboot(args) => Kernel::at(&args.kernel).change(KernelState::reboot),
            SimCommand::PowerCut(args) => Kernel::at(&args.kernel).change(|state| state.lose_power(|_| false)),
        };
        match done {
            Ok(()) => Exit::Held,
            Err(error) => {
                errors::tell(error, Some("name the file of a simulated kernel with --kernel"));
                Exit::Failed
            }
        }
    }
}

impl NewArgs {
    fn run(self) -> Result<(), MachineError> {
        let path = self.kernel.kernel;
        if path.exists() {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(MachineError::unwritable(path, source));
        }
        let pool_tagging = if self.old_windows { SimulatedTagging::ByFlag } else { SimulatedTagging::Always };
        let simulated =
            SimulatedSettings { seed: self.seed, tags: self.tags, pool_tagging, ..SimulatedSettings::default() };
        Kernel::create(&path, booted(&simulated)).map(drop)
    }
}

impl ExerciseArgs {
    fn run(self) -> Result<(), MachineError> {
        let kernel = Kernel::at(&self.kernel.kernel);
        let exercise = Exercise { leak: self.leak, churn: self.churn, cache: self.cache };
        for round in 1..=self.rounds {
            kernel.change(|state| exercise.apply(state))?;
            if self.rounds > 1 {
                // Continue the work even if stdout is closed.
                let _ = writeln!(std::io::stdout(), "round {round}");
                std::thread::park_timeout(Duration::from_millis(self.pause));
            }
        }
        Ok(())
    }
}

fn show(kernel: &Kernel) -> Result<(), MachineError> {
    let mut machine = sim::machine(kernel);
    let snapshot = PoolSource::sample(machine.pool.as_mut())?;
    say!("{:<6} {:<9} {:>12} {:>12} {:>10} {:>14}", "Tag", "Pool", "Allocs", "Frees", "Diff", "Bytes");
    for (key, usage) in snapshot.present() {
        let (tag, pool, diff) = (&key.tag, key.pool, key.live(usage));
        say!("{tag:<6} {pool:<9} {:>12} {:>12} {diff:>10} {:>14}", usage.allocs, usage.frees, usage.bytes);
    }
    Ok(())
}
