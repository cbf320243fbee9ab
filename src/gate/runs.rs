//! Finds the folders of runs: the named run, or else the run that owns this machine, or else the machine's newest
//! unfinished run, or else the newest unfinished run in the reports folder.

use std::io;
use std::path::{Path, PathBuf};

use crate::machine::native;
use crate::report::Outcome;
use crate::run::drive::{Checkpoint, Phase, State};
use crate::run::{MachineLock, RunFolder, full_path};

/// Returns the folder with the checkpoint of the run `named`, or of the default run.
///
/// # Errors
/// If a folder that may contain the run cannot be read.
pub(crate) fn find(named: Option<&Path>, reports: &Path, root: &Path) -> io::Result<Option<PathBuf>> {
    let Some(run) = named else { return Ok(all_unfinished(root, reports)?.pop()) };
    let states = native::state_folder(root);
    // The state of a run in the reports folder may be elsewhere, under the same name.
    let name = run.file_name().map(|name| states.join(name));
    let places = [Some(states.join(run)), Some(reports.join(run)), Some(run.to_owned()), name];
    Ok(places.into_iter().flatten().find(|place| is_run(place)))
}

/// Returns every unfinished run that this process can see: those in `reports`, then the machine's own, and last the run
/// that owns the machine, no matter where it keeps its state.
///
/// # Errors
/// If a folder that may contain runs cannot be read.
pub(crate) fn all_unfinished(root: &Path, reports: &Path) -> io::Result<Vec<PathBuf>> {
    let mut runs = unfinished(reports)?;
    runs.extend(match unfinished(&native::state_folder(root)) {
        // The caller mentions hidden runs if no other run is found.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Vec::new(),
        found => found?,
    });
    // Prefer any other run: one that could not remove its autostart entry has only that left to do.
    let next = native::machine(root).autostart.get().ok().flatten();
    if let Some(next) = next.filter(|next| is_run(next) && !runs.contains(next)) {
        runs.insert(0, next);
    }
    if let Some(owner) = MachineLock::folder(&native::lock_file(root)).filter(|folder| is_unfinished(folder)) {
        let same = |run: &PathBuf| full_path(run).is_ok_and(|run| run == owner);
        runs.retain(|run| *run != owner && !same(run));
        runs.push(owner);
    }
    Ok(runs)
}

/// Returns the state of the run in `folder`, or `None` if it cannot be read.
pub(crate) fn state(folder: &Path) -> Option<State> {
    let folder = RunFolder::open(folder).ok()?;
    Some(Checkpoint::open(folder.checkpoint()).ok()?.state().clone())
}

/// Returns the outcome that a run reported. If the report cannot be read, the outcome is an error.
pub(crate) fn reported_outcome(state: &State) -> Outcome {
    reported(&state.created.reports).0
}

/// Returns the outcome and the scenario's name from the report in `folder`. If there is none, as for a run that did not
/// begin, the outcome is an error, and the name is that of the folder.
pub(crate) fn reported(folder: &Path) -> (Outcome, String) {
    let report = fs_err::read(folder.join("report.json")).unwrap_or_default();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap_or_default();
    let outcome = report["outcome"].as_str().and_then(|outcome| outcome.parse().ok());
    let run = folder.file_name().unwrap_or_default().to_string_lossy();
    (outcome.unwrap_or(Outcome::Error), report["scenario"].as_str().unwrap_or(&run).to_owned())
}

/// Returns whether `folder` contains the state of a run.
pub(crate) fn is_run(folder: &Path) -> bool {
    // A file that cannot be examined counts as present, so that the run is not overlooked.
    let there = |file: &PathBuf| !matches!(file.symlink_metadata(), Err(error) if is_nothing(&error));
    ["checkpoint.jsonl", "beginning.jsonl"].map(|file| folder.join(file)).iter().any(there)
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Returns whether `folder` contains a run that is not over. A run that cannot be read counts, because it may have
/// changes to restore.
pub(crate) fn is_unfinished(folder: &Path) -> bool {
    is_run(folder) && state(folder).is_none_or(|state| state.phase != Phase::Done)
}

/// Returns the newest unfinished run in `folder`, if the folder can be read.
pub(crate) fn newest_unfinished(folder: &Path) -> Option<PathBuf> {
    unfinished(folder).unwrap_or_default().pop()
}

/// Returns the unfinished runs in `folder`, the newest last.
///
/// # Errors
/// If the folder exists and cannot be read.
pub(crate) fn unfinished(folder: &Path) -> io::Result<Vec<PathBuf>> {
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
