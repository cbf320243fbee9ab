//! Finds the run for a command: the named run, or else the run that owns this machine, or else the machine's newest
//! unfinished run, or else the newest unfinished run in the reports folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::args::machine::Root;
use crate::cli::output::errors;
use crate::cli::output::stdout::tell;
use crate::exit::Exit;
use crate::machine::native;
use crate::report::Outcome;
use crate::run::drive::{Checkpoint, Phase, State};
use crate::run::{MachineLock, RunFolder, full_path};

/// Names a run.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct WhichRun {
    /// Folder or name of the run; by default this machine's unfinished run, or else the newest unfinished run in the
    /// reports folder
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,
    /// Folder that contains the runs' folders
    #[arg(long, value_name = "FOLDER", default_value = "reports")]
    reports: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) root: Root,
}

impl WhichRun {
    /// Returns the folder with the run's checkpoint, or `None` if there is no such run.
    ///
    /// # Errors
    /// If a folder that may contain the run cannot be read.
    pub(in crate::cli) fn find(&self) -> io::Result<Option<PathBuf>> {
        let states = native::state_folder(self.root.folder());
        let found = match &self.run {
            Some(run) => {
                // The state of a run in the reports folder may be elsewhere, under the same name.
                let name = run.file_name().map(|name| states.join(name));
                let places = [Some(states.join(run)), Some(self.reports.join(run)), Some(run.clone()), name];
                places.into_iter().flatten().find(|place| is_run(place))
            }
            None => self.unfinished()?.pop(),
        };
        Ok(found)
    }

    /// Returns every unfinished run that this process can see. The default run comes last.
    ///
    /// # Errors
    /// If a folder that may contain runs cannot be read.
    pub(in crate::cli) fn unfinished(&self) -> io::Result<Vec<PathBuf>> {
        all_unfinished(&self.root, &self.reports)
    }

    /// Finds the run like [`WhichRun::find`]. If there is none, reports the reason and returns the exit code.
    pub(in crate::cli) fn found(&self) -> Result<PathBuf, Exit> {
        match self.find() {
            Ok(Some(run)) => {
                if self.run.is_none() {
                    let others = self.unfinished().unwrap_or_default();
                    let others = others.iter().filter(|other| **other != run);
                    others.for_each(|other| tell!("note: also unfinished: {}", other.display()));
                }
                Ok(run)
            }
            Ok(None) => {
                errors::tell_plainly(self.none());
                Err(Exit::Usage)
            }
            Err(error) => {
                errors::tell_plainly(format_args!("cannot look for runs: {error}"));
                Err(Exit::Failed)
            }
        }
    }

    /// Returns whether the user named a run.
    pub(in crate::cli) fn is_named(&self) -> bool {
        self.run.is_some()
    }

    /// Returns the message for the case that there is no run.
    pub(in crate::cli) fn none(&self) -> String {
        match &self.run {
            Some(run) => format!("there is no run {}{}", run.display(), self.hidden()),
            None => {
                let reports = self.reports.display();
                match self.hidden() {
                    "" => format!("there is no unfinished run on this machine or under {reports}"),
                    hidden => format!("there is no unfinished run under {reports}{hidden}"),
                }
            }
        }
    }

    /// Returns an addition to the message if an administrator may have runs that this process cannot see.
    fn hidden(&self) -> &'static str {
        match native::may_list_states(self.root.folder()) {
            Some(false) if cfg!(windows) => {
                "; you have no permission to see an administrator's runs: use an elevated prompt"
            }
            Some(false) => "; you have no permission to see root's runs: use sudo",
            Some(true) | None => "",
        }
    }
}

/// Returns every unfinished run that this process can see: those in `reports`, then the machine's own, and last the run
/// that owns the machine, no matter where it keeps its state.
///
/// # Errors
/// If a folder that may contain runs cannot be read.
pub(in crate::cli) fn all_unfinished(root: &Root, reports: &Path) -> io::Result<Vec<PathBuf>> {
    let mut runs = unfinished(reports)?;
    runs.extend(match unfinished(&native::state_folder(root.folder())) {
        // `WhichRun::none` reports the hidden runs if no other run is found.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Vec::new(),
        found => found?,
    });
    // A run that could not remove its autostart entry has no other work left, so it is the last choice as default run.
    let next = native::machine(root.folder()).autostart.get().ok().flatten();
    if let Some(next) = next.filter(|next| is_run(next) && !runs.contains(next)) {
        runs.insert(0, next);
    }
    if let Some(owner) = MachineLock::folder(&root.lock()).filter(|folder| is_unfinished(folder)) {
        let same = |run: &PathBuf| full_path(run).is_ok_and(|run| run == owner);
        runs.retain(|run| *run != owner && !same(run));
        runs.push(owner);
    }
    Ok(runs)
}

/// Returns the state of the run in `folder`, or `None` if it cannot be read.
pub(in crate::cli) fn state(folder: &Path) -> Option<State> {
    let folder = RunFolder::open(folder).ok()?;
    Some(Checkpoint::open(folder.checkpoint()).ok()?.state().clone())
}

/// Returns the outcome that a run reported. If the report cannot be read, the outcome is an error.
pub(in crate::cli) fn reported_outcome(state: &State) -> Outcome {
    reported(&state.created.reports).0
}

/// Returns the outcome and the scenario's name from the report in `folder`. If the report cannot be read, the outcome is
/// an error, and the name is empty.
pub(in crate::cli) fn reported(folder: &Path) -> (Outcome, String) {
    let report = fs_err::read(folder.join("report.json")).unwrap_or_default();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap_or_default();
    let outcome = report["outcome"].as_str().and_then(|outcome| outcome.parse().ok());
    (outcome.unwrap_or(Outcome::Error), report["scenario"].as_str().unwrap_or_default().to_owned())
}

/// Returns whether `folder` contains the state of a run.
pub(in crate::cli) fn is_run(folder: &Path) -> bool {
    // A file that cannot be examined counts as present, so that the run is not overlooked.
    let there = |file: &PathBuf| !matches!(file.symlink_metadata(), Err(error) if is_nothing(&error));
    ["checkpoint.jsonl", "beginning.jsonl"].map(|file| folder.join(file)).iter().any(there)
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns whether `folder` contains a run that is not over. A run that cannot be read counts, because it may have
/// changes to restore.
pub(in crate::cli) fn is_unfinished(folder: &Path) -> bool {
    is_run(folder) && state(folder).is_none_or(|state| state.phase != Phase::Done)
}

/// Returns the newest unfinished run in `folder`, if the folder can be read.
pub(in crate::cli) fn newest_unfinished(folder: &Path) -> Option<PathBuf> {
    unfinished(folder).unwrap_or_default().pop()
}

/// Returns the unfinished runs in `folder`, the newest last.
///
/// # Errors
/// If the folder exists and cannot be read.
pub(in crate::cli) fn unfinished(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs_err::read_dir(folder) {
        Err(error) if is_nothing(&error) => return Ok(Vec::new()),
        entries => entries?,
    };
    let runs = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    let runs = runs.into_iter();
    let unfinished = runs.filter(|run| is_run(run)).filter_map(|run| {
        let state = state(&run);
        // Include runs that cannot be read, so that users can see them.
        let over = state.as_ref().is_some_and(|state| state.phase == Phase::Done);
        (!over).then(|| (state.map(|state| state.created.at), run))
    });
    let mut unfinished: Vec<_> = unfinished.collect();
    unfinished.sort();
    Ok(unfinished.into_iter().map(|(_, run)| run).collect())
}
