//! The part of a run in one process: resume the run from its checkpoint, and continue as far as this process can.
//! `run`, `resume` and `abort` all use this code, so an uninterrupted run takes the same path as an interrupted one.

use std::path::Path;
use std::time::Duration;

use super::machine::{machine_for, machine_id};
use super::run_log::RunLog;
use super::runs::{reported_outcome, state};
use super::trusted::{Trusted, refuse_strangers};
use super::work::ScenarioWork;
use super::{Gate, GateError, Reached};
use crate::failure::Failure;
use crate::machine::{Machine, MachineError, is_same, native, sim};
use crate::record::{Digest, Journal};
use crate::run::drive::{Checkpoint, CheckpointEntry, CheckpointError, Created, DriveOutcome, Phase, State, drive};
use crate::run::{LockError, MachineLock, RunFolder};
use crate::scenario::{self, Loaded};

/// How long to wait for a lock that another process may hold for only a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// A run that this process owns, with its checkpoint (original or recovered) and lock.
pub(super) struct Owned {
    folder: RunFolder,
    pub(super) checkpoint: Checkpoint<Trusted>,
    _lock: MachineLock,
}

impl Gate<'_> {
    /// Continues the run with its checkpoint in `folder`, until it is over or its machine restarts.
    pub(crate) async fn resume_in_this_boot(&self, folder: &Path) -> Result<Reached, GateError> {
        self.go_on(own(folder, self.root())?).await
    }

    /// Continues a run that this process owns.
    pub(super) async fn go_on(&self, owned: Owned) -> Result<Reached, GateError> {
        let root = self.root();
        let Owned { folder: state, mut checkpoint, _lock } = owned;
        let created = checkpoint.state().created.clone();
        let loaded = scenario_of(&state, root, &created);
        let simulated = created.simulated || loaded.as_ref().is_ok_and(|loaded| loaded.scenario.machine.is_some());
        if checkpoint.state().phase == Phase::Done && !simulated && !is_next(root, &state) {
            return Ok(Reached::Over(reported_outcome(checkpoint.state())));
        }
        let here = match &loaded {
            Ok(loaded) => machine_id(root, &loaded.scenario),
            Err(_) if simulated => Ok(String::new()),
            Err(_) => native::machine_id(root),
        };
        if created.machine != here.map_err(|error| GateError::from_error(&error))? {
            let help = "resume it on the machine it began on; nothing was done on this one";
            return Err(GateError::cannot_continue("this run belongs to another machine", Some(help)));
        }
        let unwritable = |error: CheckpointError| GateError::cannot_continue(error, None);
        if created.program != env!("CARGO_PKG_VERSION") {
            let note = format!("begun by poolgate {}, continued by {}", created.program, env!("CARGO_PKG_VERSION"));
            checkpoint.note(note).map_err(unwritable)?;
        }
        let _machine_lock = if simulated {
            None
        } else {
            let lock = MachineLock::take_patiently(&native::lock_file(root), &created.run, PATIENCE);
            let lock = lock.map_err(|error| GateError::from_error(&error))?;
            Some(lock.of_run_in(state.path()))
        };
        if let Err(problem) = &loaded {
            // Restore the run's changes even if its scenario is lost.
            let boot = checkpoint.state().boot.clone();
            checkpoint.abort(boot, problem).map_err(unwritable)?;
        }
        let mut machine =
            machine_of_run(root, &loaded, simulated, &state).map_err(|error| GateError::from_error(&error))?;
        let log = RunLog::open(self, &state.run_log(), !simulated, !created.changes.is_empty());
        let resumed = checkpoint.state().lives > 0 || checkpoint.state().phase != Phase::Arm;
        let mut work = ScenarioWork::new(self, loaded.ok(), state.clone(), created, &log, resumed);
        let driven =
            drive(&mut checkpoint, state.path(), &mut machine, &mut work, &mut |event| log.event(&event)).await;
        match driven {
            Ok(DriveOutcome::Done) => {
                let outcome = work.outcome.unwrap_or_else(|| reported_outcome(checkpoint.state()));
                give_away(&state, checkpoint.state());
                Ok(Reached::Over(outcome))
            }
            Ok(DriveOutcome::NotRestored) => Ok(Reached::NotRestored(not_restored(state.path()))),
            Ok(DriveOutcome::Restarting) if simulated => Ok(Reached::SimulatedRestart),
            Ok(DriveOutcome::Restarting) => Ok(Reached::Restarting),
            Err(error) => {
                let help = format!("fix the problem, then run: poolgate resume {}", state.path().display());
                Err(GateError::cannot_continue(error, Some(&help)))
            }
        }
    }
}

/// Returns the reason why a run's flags are not restored, with the steps left to do.
pub(super) fn not_restored(folder: &Path) -> Failure {
    let failure = state(folder).and_then(|state| state.not_restored);
    failure.unwrap_or_else(|| Failure::new("the flags are not restored"))
}

/// Opens the run in `folder` for this process alone. A damaged checkpoint is replaced by one that restores everything.
pub(super) fn own(folder: &Path, root: &Path) -> Result<Owned, GateError> {
    let folder =
        RunFolder::open(folder).map_err(|error| GateError::cannot_continue(error, Some("give the folder of a run")))?;
    refuse_strangers(&folder, root).map_err(|error| GateError::from_error(&error))?;
    let lock =
        MachineLock::take_patiently(&folder.lock(), "another poolgate", PATIENCE).map_err(|error| match error {
            LockError::Held { by } => {
                let help = "wait for it with poolgate wait, or stop it by Ctrl-C in its terminal or SIGTERM to its \
                     process";
                GateError::cannot_continue(format!("{by} is already working on this run"), Some(help))
            }
            LockError::Io { .. } => GateError::cannot_continue(error, None),
        })?;
    let checkpoint = open(&folder, root).map_err(|error| {
        let help = match &error {
            CheckpointError::Empty => "the run never began: `poolgate abort` removes its leftover files",
            CheckpointError::Newer { .. } => "use the poolgate that began the run",
            CheckpointError::Journal(_) | CheckpointError::Foreign | CheckpointError::Illegal { .. } => {
                "both copies of the run's beginning are damaged; restore the values under `changes` by hand, if they \
                     are readable"
            }
        };
        GateError::cannot_continue(error, Some(help))
    })?;
    Ok(Owned { folder, checkpoint, _lock: lock })
}

fn open(folder: &RunFolder, root: &Path) -> Result<Checkpoint<Trusted>, CheckpointError> {
    let checkpoint = || Trusted::new(folder, root, folder.checkpoint());
    Checkpoint::open(checkpoint()).or_else(|damage| {
        // Keep the damaged file for analysis. If there is no space for it, restore the machine anyway.
        let _ = fs_err::copy(folder.checkpoint(), folder.checkpoint().with_extension("damaged.jsonl"));
        Checkpoint::recover(checkpoint(), beginning(folder, root), damage)
    })
}

/// Returns the second copy of the run's beginning.
pub(super) fn beginning(folder: &RunFolder, root: &Path) -> Option<Created> {
    match Journal::first::<CheckpointEntry>(&mut Trusted::new(folder, root, folder.beginning())) {
        Ok(Some(CheckpointEntry::Created(created))) => Some(*created),
        _ => None,
    }
}

/// Gives the reports of a finished run to the owner of their folder, and removes the copies in the state folder.
fn give_away(state: &RunFolder, over: &State) {
    let reports = &over.created.reports;
    if reports == state.path() {
        return;
    }
    // The last lines of the log were written after it was first handed over.
    let _ = native::hand_over(state.path(), reports, &["run.log"]);
    // If the folder cannot be given away, it stays with root.
    let _ = native::give_away(state.path(), reports);
    for file in RunFolder::OUTPUTS.iter().filter(|file| reports.join(file).exists()) {
        let _ = fs_err::remove_file(state.path().join(file));
    }
    let _ = fs_err::remove_dir_all(state.path().join("home"));
}

/// Returns whether autostart would still resume this run.
fn is_next(root: &Path, state: &RunFolder) -> bool {
    native::machine(root).autostart.get().is_ok_and(|next| next.is_some_and(|next| is_same(&next, state.path())))
}

/// Returns the scenario that the run began with, or the reason why it cannot be used any more. The file is read only
/// once, so that the checked text is the one that runs.
fn scenario_of(state: &RunFolder, root: &Path, created: &Created) -> Result<Loaded, String> {
    let path = state.scenario();
    let bytes = Trusted::new(state, root, path.clone()).bytes();
    let bytes = bytes.map_err(|error| format!("the run's copy of its scenario is lost: {error}"))?;
    if created.scenario_sha256 != Digest::hash(&bytes) {
        return Err(format!("{} is not the scenario this run began with", path.display()));
    }
    scenario::parse(&path.display().to_string(), &bytes).map_err(|mistakes| format!("{}: {mistakes}", path.display()))
}

fn machine_of_run(
    root: &Path,
    loaded: &Result<Loaded, String>,
    simulated: bool,
    state: &RunFolder,
) -> Result<Machine, MachineError> {
    match loaded {
        Ok(loaded) => machine_for(&loaded.scenario, root, &state.simulated_kernel()),
        Err(_) if simulated => Ok(sim::machine(&sim::Kernel::at(&state.simulated_kernel()))),
        Err(_) => Ok(native::machine(root)),
    }
}
