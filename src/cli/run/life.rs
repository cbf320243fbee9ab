//! One process's share of a run: takes it up from its checkpoint and goes as far as this process can. `run`, `resume` and
//! `abort` all come through here, so a run that was never interrupted goes no other way than one that was.

use std::path::{Path, PathBuf};

use super::begin::machine_id;
use super::job::Job;
use crate::cli::find::reported_outcome;
use crate::cli::machine::Root;
use crate::cli::story::Story;
use crate::cli::trouble;
use crate::machine::{Machine, MachineError, native, sim};
use crate::record::{Digest, Journal};
use crate::report::Outcome;
use crate::run::drive::{Checkpoint, CheckpointError, Created, DriveError, Entry, Phase, Standing, drive};
use crate::run::{LockError, MachineLock, RunFolder, Stop};
use crate::scenario::{self, Loaded};

/// How far a run got.
pub(crate) enum Life {
    /// It is over.
    Over(Outcome),
    /// Its flags cannot be put back yet.
    NotRestored,
    /// The simulated machine was restarted: this process must end, and another take the run up.
    SimulatedRestart,
    /// The machine is restarting.
    Restarting,
}

/// Takes up the run whose checkpoint lies in `folder`, and tells what goes wrong.
pub(crate) async fn live(folder: &Path, root: &Root, stop: &Stop) -> Life {
    match take_up(folder, root, stop).await {
        Ok(life) => life,
        Err(refused) => {
            trouble::tell(&refused.what, refused.help);
            Life::Over(Outcome::Error)
        }
    }
}

/// Why a run cannot be taken up.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What happened.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

/// A run which this process owns: its checkpoint, whole or recovered, and the lock on it.
pub(crate) struct Owned {
    folder: RunFolder,
    pub(crate) checkpoint: Checkpoint<PathBuf>,
    _lock: MachineLock,
}

/// Opens the run in `folder` for this process alone. A damaged checkpoint is replaced by one which puts everything back.
pub(crate) fn own(folder: &Path, root: &Root) -> Result<Owned, Refused> {
    let folder = RunFolder::open(folder).map_err(|error| refused(error, Some("give the folder of a run")))?;
    refuse_strangers(&folder, root).map_err(|error| refused(&error, error.help()))?;
    let lock = MachineLock::take(&folder.lock(), "another poolgate").map_err(|error| match error {
        LockError::Held { by } => {
            refused(format!("{by} is at work on this run already"), Some("wait for it: poolgate wait"))
        }
        LockError::Io { .. } => refused(error, None),
    })?;
    let checkpoint = open(&folder).map_err(|error| {
        let help = match &error {
            CheckpointError::Empty => "the run never began: `poolgate abort` removes what is left of it",
            CheckpointError::Newer { .. } => "use the poolgate which began the run",
            CheckpointError::Journal(_) | CheckpointError::Foreign | CheckpointError::Illegal { .. } => {
                "both copies of the run's beginning are damaged; see what is readable in them under `changes`, and put \
                 that back by hand"
            }
        };
        refused(error, Some(help))
    })?;
    Ok(Owned { folder, checkpoint, _lock: lock })
}

fn open(folder: &RunFolder) -> Result<Checkpoint<PathBuf>, CheckpointError> {
    match Checkpoint::open(folder.checkpoint()) {
        Ok(checkpoint) => Ok(checkpoint),
        Err(damage) => {
            let damaged = folder.checkpoint().with_extension("damaged.jsonl");
            let copied = fs_err::copy(folder.checkpoint(), damaged);
            let checkpoint = Checkpoint::recover(folder.checkpoint(), beginning(folder), damage)?;
            // It is for people to look at. Without room for it the machine is put back all the same.
            let _ = copied;
            Ok(checkpoint)
        }
    }
}

/// The second copy of how the run began.
pub(crate) fn beginning(folder: &RunFolder) -> Option<Created> {
    match Journal::first::<Entry>(&mut folder.beginning()) {
        Ok(Some(Entry::Created(created))) => Some(created),
        _ => None,
    }
}

/// [`live`], for a caller who tells what goes wrong in its own way.
pub(crate) async fn take_up(folder: &Path, root: &Root, stop: &Stop) -> Result<Life, Refused> {
    go_on(own(folder, root)?, root, stop).await
}

/// Goes on with a run which this process owns.
pub(crate) async fn go_on(owned: Owned, root: &Root, stop: &Stop) -> Result<Life, Refused> {
    let Owned { folder: state, mut checkpoint, _lock } = owned;
    let created = checkpoint.state().created.clone();
    let loaded = scenario_of(&state, &created);
    let simulated = created.simulated || loaded.as_ref().is_ok_and(|loaded| loaded.scenario.machine.is_some());
    if checkpoint.state().phase == Phase::Done && !simulated && !is_next(root, &state) {
        return Ok(Life::Over(reported_outcome(checkpoint.state())));
    }
    let here = match &loaded {
        Ok(loaded) => machine_id(root, &loaded.scenario),
        Err(_) if simulated => String::new(),
        Err(_) => native::machine_id(root.folder()),
    };
    if created.machine != here {
        let help = "resume it on the machine it began on; nothing was done on this one";
        return Err(refused("this run belongs to another machine", Some(help)));
    }
    if created.program != env!("CARGO_PKG_VERSION") {
        let note = format!("begun by poolgate {}, taken up by {}", created.program, env!("CARGO_PKG_VERSION"));
        checkpoint.note(note).map_err(|error| refused(error, None))?;
    }
    let _machine_lock = if simulated {
        None
    } else {
        let lock = MachineLock::take(&root.lock(), &created.run);
        Some(lock.map_err(|error| refused(&error, Some(error.help())))?)
    };
    if let Err(problem) = &loaded {
        // Whatever became of the scenario, what the run changed is put back.
        let boot = checkpoint.state().boot.clone();
        checkpoint.abort(boot, problem).map_err(|error| refused(error, None))?;
    }
    let mut machine = machine(root, &loaded, simulated, &state).map_err(|error| refused(&error, error.help()))?;
    let story = Story::new(&state.run_log(), !simulated);
    let mut job = Job::new(loaded.ok(), state.clone(), created, stop.clone(), story, root.folder());
    let tell = job.teller();
    let driven = drive(&mut checkpoint, state.path(), &mut machine, &mut job, &mut |event| tell.tell(&event)).await;
    match driven {
        Ok(Standing::Done) => Ok(Life::Over(job.outcome().unwrap_or_else(|| reported_outcome(checkpoint.state())))),
        Ok(Standing::NotRestored) => Ok(Life::NotRestored),
        Ok(Standing::Restarting) if simulated => Ok(Life::SimulatedRestart),
        Ok(Standing::Restarting) => Ok(Life::Restarting),
        Err(error) => Err(cannot_go_on(&error, &state)),
    }
}

/// Whether autostart would still bring this run back.
fn is_next(root: &Root, state: &RunFolder) -> bool {
    native::machine(root.folder()).autostart.get().is_ok_and(|next| next.as_deref() == Some(state.path()))
}

/// The scenario which the run began with; else why it cannot be run any more. It is read once, so that what is checked is
/// what is run.
fn scenario_of(state: &RunFolder, created: &Created) -> Result<Loaded, String> {
    let path = state.scenario();
    let bytes = fs_err::read(&path).map_err(|error| format!("the run's copy of its scenario is lost: {error}"))?;
    if created.scenario_sha256 != Digest::of(&bytes) {
        return Err(format!("{} is not the scenario this run began with", path.display()));
    }
    scenario::parse(&path.display().to_string(), &bytes).map_err(|mistakes| format!("{}: {mistakes}", path.display()))
}

fn machine(
    root: &Root,
    loaded: &Result<Loaded, String>,
    simulated: bool,
    state: &RunFolder,
) -> Result<Machine, MachineError> {
    match loaded {
        Ok(loaded) => root.machine(&loaded.scenario, &state.simulated_kernel()),
        Err(_) if simulated => Ok(sim::machine(&sim::Kernel::at(&state.simulated_kernel()))),
        Err(_) => Ok(native::machine(root.folder())),
    }
}

/// Refuses a run which somebody else could have written: what its scenario says is executed with the rights of whoever
/// takes it up. Nothing in the folder has been touched by then.
fn refuse_strangers(run: &RunFolder, root: &Root) -> Result<(), MachineError> {
    let files = [run.path().to_owned(), run.checkpoint(), run.beginning(), run.scenario()];
    let there = files.iter().filter(|file| file.symlink_metadata().is_ok());
    there.into_iter().try_for_each(|written| native::trusted_itself(written))?;
    let states = native::state_folder(root.folder());
    if run.path().starts_with(&states) { native::trusted_below(root.folder(), run.path()) } else { Ok(()) }
}

fn cannot_go_on(error: &DriveError, state: &RunFolder) -> Refused {
    let help = format!("when that is mended, go on with: poolgate resume {}", state.path().display());
    refused(error, Some(&help))
}

fn refused(what: impl std::fmt::Display, help: Option<&str>) -> Refused {
    Refused { what: what.to_string(), help: help.map(str::to_owned) }
}
