//! The part of a run in one process: resume the run from its checkpoint, and continue as far as this process can.
//! `run`, `resume` and `abort` all use this code, so an uninterrupted run takes the same path as an interrupted one.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::begin::machine_id;
use super::job::Job;
use crate::cli::args::machine::Root;
use crate::cli::args::which_run::reported_outcome;
use crate::cli::output::errors;
use crate::cli::output::story::Story;
use crate::failure::Failure;
use crate::machine::{Machine, MachineError, is_same, is_within, native, sim};
use crate::record::{Digest, Journal, Storage};
use crate::report::Outcome;
use crate::run::drive::{
    Checkpoint, CheckpointEntry, CheckpointError, Created, DriveError, DriveOutcome, Phase, State, drive,
};
use crate::run::{LockError, MachineLock, RunFolder, Stop};
use crate::scenario::{self, Loaded};

/// How long to wait for a lock that another process may hold for only a moment.
const PATIENCE: Duration = Duration::from_secs(5);

/// The state of a run when a process is done with it.
pub(crate) enum Life {
    /// The run is over.
    Over(Outcome),
    /// The flags cannot be restored yet.
    NotRestored,
    /// The simulated machine was restarted. This process must end, and another one must resume the run.
    SimulatedRestart,
    /// The machine is restarting.
    Restarting,
}

/// Resumes the run with its checkpoint in `folder`, and reports errors.
pub(crate) async fn live(folder: &Path, root: &Root, stop: &Stop) -> Life {
    match take_up(folder, root, stop).await {
        Ok(life) => life,
        Err(refused) => {
            errors::tell(&refused.message, refused.help);
            Life::Over(Outcome::Error)
        }
    }
}

/// A run that this process owns, with its checkpoint (original or recovered) and lock.
pub(crate) struct Owned {
    folder: RunFolder,
    pub(crate) checkpoint: Checkpoint<Trusted>,
    _lock: MachineLock,
}

/// A file of a run. A process with administrator rights accepts it only if no other user could have written it, checked
/// on the same handle that is read. A process without such rights needs no check: the file cannot make it do anything
/// that the file's author could not do.
#[derive(Debug)]
pub(crate) struct Trusted {
    /// The topmost folder that is checked.
    top: PathBuf,
    path: PathBuf,
}

impl Trusted {
    fn new(run: &RunFolder, root: &Root, path: PathBuf) -> Trusted {
        let states = native::state_folder(root.folder());
        let top = if is_within(run.path(), &states) { root.folder().to_owned() } else { run.path().to_owned() };
        Trusted { top, path }
    }

    fn bytes(&self) -> Result<Vec<u8>, MachineError> {
        if !native::is_privileged() {
            let unreadable = |source| MachineError::unreadable(&self.path, source);
            return fs_err::read(&self.path).map_err(unreadable);
        }
        native::read_trusted(&self.top, &self.path)
    }
}

impl Storage for Trusted {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        match self.bytes() {
            Err(MachineError::Unreadable { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.map_err(io::Error::other),
        }
    }

    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()> {
        self.path.append(length, line)
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        Storage::replace(&mut self.path, contents)
    }
}

/// Opens the run in `folder` for this process alone. A damaged checkpoint is replaced by one that restores everything.
pub(crate) fn own(folder: &Path, root: &Root) -> Result<Owned, Failure> {
    let folder = RunFolder::open(folder).map_err(|error| Failure::with_help(error, "give the folder of a run"))?;
    refuse_strangers(&folder, root).map_err(Failure::from)?;
    let lock =
        MachineLock::take_patiently(&folder.lock(), "another poolgate", PATIENCE).map_err(|error| match error {
            LockError::Held { by } => {
                let help = "wait for it with poolgate wait, or stop it by Ctrl-C in its terminal or SIGTERM to its \
                     process";
                Failure::with_help(format_args!("{by} is already working on this run"), help)
            }
            LockError::Io { .. } => Failure::new(error),
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
        Failure::with_help(error, help)
    })?;
    Ok(Owned { folder, checkpoint, _lock: lock })
}

fn open(folder: &RunFolder, root: &Root) -> Result<Checkpoint<Trusted>, CheckpointError> {
    let checkpoint = || Trusted::new(folder, root, folder.checkpoint());
    Checkpoint::open(checkpoint()).or_else(|damage| {
        // Keep the damaged file for analysis. If there is no space for it, restore the machine anyway.
        let _ = fs_err::copy(folder.checkpoint(), folder.checkpoint().with_extension("damaged.jsonl"));
        Checkpoint::recover(checkpoint(), beginning(folder, root), damage)
    })
}

/// Returns the second copy of the run's beginning.
pub(crate) fn beginning(folder: &RunFolder, root: &Root) -> Option<Created> {
    match Journal::first::<CheckpointEntry>(&mut Trusted::new(folder, root, folder.beginning())) {
        Ok(Some(CheckpointEntry::Created(created))) => Some(*created),
        _ => None,
    }
}

/// Resumes a run like [`live`], but returns errors to the caller.
pub(crate) async fn take_up(folder: &Path, root: &Root, stop: &Stop) -> Result<Life, Failure> {
    go_on(own(folder, root)?, root, stop).await
}

/// Continues a run that this process owns.
pub(crate) async fn go_on(owned: Owned, root: &Root, stop: &Stop) -> Result<Life, Failure> {
    let Owned { folder: state, mut checkpoint, _lock } = owned;
    let created = checkpoint.state().created.clone();
    let loaded = scenario_of(&state, root, &created);
    let simulated = created.simulated || loaded.as_ref().is_ok_and(|loaded| loaded.scenario.machine.is_some());
    if checkpoint.state().phase == Phase::Done && !simulated && !is_next(root, &state) {
        return Ok(Life::Over(reported_outcome(checkpoint.state())));
    }
    let here = match &loaded {
        Ok(loaded) => machine_id(root, &loaded.scenario),
        Err(_) if simulated => Ok(String::new()),
        Err(_) => native::machine_id(root.folder()),
    };
    if created.machine != here.map_err(Failure::from)? {
        let help = "resume it on the machine it began on; nothing was done on this one";
        return Err(Failure::with_help("this run belongs to another machine", help));
    }
    if created.program != env!("CARGO_PKG_VERSION") {
        let note = format!("begun by poolgate {}, continued by {}", created.program, env!("CARGO_PKG_VERSION"));
        checkpoint.note(note).map_err(Failure::new)?;
    }
    let _machine_lock = if simulated {
        None
    } else {
        let lock = MachineLock::take_patiently(&root.lock(), &created.run, PATIENCE);
        Some(lock.map_err(|error| Failure::from_error(&error))?.of_run_in(state.path()))
    };
    if let Err(problem) = &loaded {
        // Restore the run's changes even if its scenario is lost.
        let boot = checkpoint.state().boot.clone();
        checkpoint.abort(boot, problem).map_err(Failure::new)?;
    }
    let mut machine = machine(root, &loaded, simulated, &state).map_err(Failure::from)?;
    let restarts = !created.changes.is_empty();
    let story = Story::new(&state.run_log(), !simulated, restarts);
    let resumed = checkpoint.state().lives > 0 || checkpoint.state().phase != Phase::Arm;
    let mut job = Job::new(loaded.ok(), state.clone(), created, stop.clone(), story, root.folder(), resumed);
    let tell = job.teller();
    let driven = drive(&mut checkpoint, state.path(), &mut machine, &mut job, &mut |event| tell.tell(&event)).await;
    match driven {
        Ok(DriveOutcome::Done) => {
            let outcome = job.outcome().unwrap_or_else(|| reported_outcome(checkpoint.state()));
            give_away(&state, checkpoint.state());
            Ok(Life::Over(outcome))
        }
        Ok(DriveOutcome::NotRestored) => Ok(Life::NotRestored),
        Ok(DriveOutcome::Restarting) if simulated => Ok(Life::SimulatedRestart),
        Ok(DriveOutcome::Restarting) => Ok(Life::Restarting),
        Err(error) => Err(cannot_go_on(&error, &state)),
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
fn is_next(root: &Root, state: &RunFolder) -> bool {
    native::machine(root.folder())
        .autostart
        .get()
        .is_ok_and(|next| next.is_some_and(|next| is_same(&next, state.path())))
}

/// Returns the scenario that the run began with, or the reason why it cannot be used any more. The file is read only
/// once, so that the checked text is the one that runs.
fn scenario_of(state: &RunFolder, root: &Root, created: &Created) -> Result<Loaded, String> {
    let path = state.scenario();
    let bytes = Trusted::new(state, root, path.clone()).bytes();
    let bytes = bytes.map_err(|error| format!("the run's copy of its scenario is lost: {error}"))?;
    if created.scenario_sha256 != Digest::hash(&bytes) {
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

/// Refuses a run that another user could have written, because the commands of its scenario run with the rights of this
/// process. No file in the folder has been changed by then.
fn refuse_strangers(run: &RunFolder, root: &Root) -> Result<(), MachineError> {
    if !native::is_privileged() {
        return Ok(());
    }
    let files = [run.path().to_owned(), run.checkpoint(), run.beginning(), run.scenario()];
    let there = files.iter().filter(|file| file.symlink_metadata().is_ok());
    there.into_iter().try_for_each(|written| native::trusted_itself(written))?;
    let states = native::state_folder(root.folder());
    if is_within(run.path(), &states) { native::trusted_below(root.folder(), run.path()) } else { Ok(()) }
}

fn cannot_go_on(error: &DriveError, state: &RunFolder) -> Failure {
    let help = format!("fix the problem, then run: poolgate resume {}", state.path().display());
    Failure::with_help(error, help)
}
