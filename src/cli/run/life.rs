//! One process's share of a run: takes it up from its checkpoint and goes as far as this process can. `run` and `resume`
//! both come through here, so a run that was never interrupted goes no other way than one that was.

use std::path::Path;

use super::begin::machine_id;
use super::job::Job;
use crate::cli::machine::Root;
use crate::cli::story::Story;
use crate::cli::trouble;
use crate::machine::{MachineError, native};
use crate::report::Outcome;
use crate::run::drive::{Checkpoint, CheckpointError, DriveError, Standing, drive};
use crate::run::{LockError, MachineLock, RunFolder, Stop};
use crate::scenario::{self, Scenario};

/// How far a run got.
pub(crate) enum Life {
    /// It is over.
    Over(Outcome),
    /// The simulated machine was restarted: this process must end, and another take the run up.
    SimulatedRestart,
    /// The machine is restarting.
    Restarting,
}

/// Takes up the run whose checkpoint lies in `folder`, and tells what goes wrong.
pub(crate) async fn live(folder: &Path, root: &Root, stop: &Stop) -> Life {
    match take_up(folder, root, stop).await {
        Ok(life) => life,
        Err(failure) => {
            trouble::tell(&failure.what, failure.help);
            Life::Over(Outcome::Error)
        }
    }
}

/// Why a run cannot be taken up.
pub(crate) struct Refused {
    /// What happened.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) help: Option<String>,
}

/// [`live`], for a caller who tells what goes wrong in its own way.
pub(crate) async fn take_up(folder: &Path, root: &Root, stop: &Stop) -> Result<Life, Refused> {
    let state = RunFolder::open(folder).map_err(|error| refused(error, Some("give the folder of a run")))?;
    let loaded = scenario::load(&state.scenario()).map_err(|error| refused(error, None))?;
    refuse_strangers(&state, &loaded.scenario, root).map_err(|error| refused(&error, error.help()))?;
    let _lock = MachineLock::take(&state.lock(), "another poolgate").map_err(|error| match error {
        LockError::Held { by } => {
            refused(format!("{by} is at work on this run already"), Some("wait for it: poolgate wait"))
        }
        LockError::Io { .. } => refused(error, None),
    })?;
    let mut checkpoint = Checkpoint::open(state.checkpoint()).map_err(|error| {
        let help = match &error {
            CheckpointError::Empty => "start the scenario again",
            CheckpointError::Newer { .. } => "use the poolgate which began the run",
            CheckpointError::Journal(_) | CheckpointError::Foreign | CheckpointError::Illegal { .. } => {
                "it is not acted on; its first line says under `changes` what every flag was: put that back by hand"
            }
        };
        refused(error, Some(help))
    })?;
    let created = checkpoint.state().created.clone();
    if crc32c::crc32c(loaded.text.as_bytes()) != created.scenario {
        let what = format!("{} is not the scenario this run began with", state.scenario().display());
        return Err(refused(what, Some("put it back as it was, or end the run with `poolgate abort`")));
    }
    if created.machine != machine_id(root, &loaded.scenario) {
        let help = "resume it on the machine it began on; nothing was done on this one";
        return Err(refused("this run belongs to another machine", Some(help)));
    }
    if created.program != env!("CARGO_PKG_VERSION") {
        let note = format!("begun by poolgate {}, taken up by {}", created.program, env!("CARGO_PKG_VERSION"));
        checkpoint.note(note).map_err(|error| refused(error, None))?;
    }
    let simulated = loaded.scenario.machine.is_some();
    let _machine_lock = if simulated {
        None
    } else {
        let lock = MachineLock::take(&root.lock(), &created.run);
        Some(lock.map_err(|error| refused(&error, Some(error.help())))?)
    };
    let reports = RunFolder::open(&created.reports).map_err(|error| refused(error, None))?;
    let mut machine =
        root.machine(&loaded.scenario, &reports.simulated_kernel()).map_err(|error| refused(&error, error.help()))?;
    let story = Story::new(&reports.run_log(), !simulated);
    let mut job = Job::new(loaded, reports, created, stop.clone(), story, root.folder());
    let tell = job.teller();
    let driven = drive(&mut checkpoint, state.path(), &mut machine, &mut job, &mut |event| tell.tell(&event)).await;
    match driven {
        Ok(Standing::Done) => Ok(Life::Over(job.outcome())),
        Ok(Standing::Restarting) if simulated => Ok(Life::SimulatedRestart),
        Ok(Standing::Restarting) => Ok(Life::Restarting),
        Err(error) => Err(cannot_go_on(&error, &state)),
    }
}

/// Refuses a run which somebody else could have written: what its scenario says is executed, by root where a real machine
/// is concerned. Nothing in the folder has been touched by then.
pub(crate) fn refuse_strangers(run: &RunFolder, scenario: &Scenario, root: &Root) -> Result<(), MachineError> {
    if scenario.machine.is_some() {
        return Ok(());
    }
    let files = [run.path().to_owned(), run.checkpoint(), run.scenario()];
    files.iter().try_for_each(|written| native::trusted_itself(written))?;
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
