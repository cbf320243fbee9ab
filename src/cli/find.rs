//! Which run is meant: the one named, else the one that owns this machine, else the machine's newest unfinished one, else the
//! newest unfinished one under the reports.

use std::io;
use std::path::{Path, PathBuf};

use super::machine::Root;
use super::printed::tell;
use super::trouble;
use crate::exit::Exit;
use crate::machine::native;
use crate::report::Outcome;
use crate::run::drive::{Checkpoint, Phase, State};
use crate::run::{MachineLock, RunFolder, full_path};

/// Names a run.
#[derive(Debug, clap::Args)]
pub(super) struct WhichRun {
    /// The run: its folder or its name; without it the machine's unfinished run, else the newest unfinished one
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,
    /// Where runs have their folders
    #[arg(long, value_name = "FOLDER", default_value = "reports")]
    reports: PathBuf,
    #[command(flatten)]
    pub(super) root: Root,
}

impl WhichRun {
    /// The folder with the run's checkpoint; `None` when there is no such run.
    ///
    /// # Errors
    /// When a folder that may hold it cannot be read.
    pub(super) fn find(&self) -> io::Result<Option<PathBuf>> {
        let states = native::state_folder(self.root.folder());
        let found = match &self.run {
            Some(run) => {
                // A run's folder below the reports may have its state elsewhere, under the same name.
                let name = run.file_name().map(|name| states.join(name));
                let places = [Some(states.join(run)), Some(self.reports.join(run)), Some(run.clone()), name];
                places.into_iter().flatten().find(|place| is_run(place))
            }
            None => self.unfinished()?.pop(),
        };
        Ok(found)
    }

    /// Every unfinished run that this process can see, the one which is meant without a name last.
    ///
    /// # Errors
    /// When a folder that may hold some cannot be read.
    pub(super) fn unfinished(&self) -> io::Result<Vec<PathBuf>> {
        all_unfinished(&self.root, &self.reports)
    }

    /// [`WhichRun::find`], which tells why there is none, and what to exit with.
    pub(super) fn found(&self) -> Result<PathBuf, Exit> {
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
                trouble::tell_plainly(self.none());
                Err(Exit::Usage)
            }
            Err(error) => {
                trouble::tell_plainly(format_args!("cannot look for runs: {error}"));
                Err(Exit::Failed)
            }
        }
    }

    /// Whether a run was named.
    pub(super) fn is_named(&self) -> bool {
        self.run.is_some()
    }

    /// What to say when there is none.
    pub(super) fn none(&self) -> String {
        match &self.run {
            Some(run) => format!("there is no run {}{}", run.display(), self.hidden()),
            None => {
                let reports = self.reports.display();
                match self.hidden() {
                    "" => format!("there is no unfinished run on this machine, nor under {reports}"),
                    hidden => format!("there is no unfinished run under {reports}{hidden}"),
                }
            }
        }
    }

    /// What to add if an administrator may have runs which this process cannot see.
    fn hidden(&self) -> &'static str {
        match native::may_list_states(self.root.folder()) {
            Some(false) if cfg!(windows) => "; you may not see the runs of an administrator: ask in an elevated prompt",
            Some(false) => "; you may not see the runs of an administrator: ask with sudo",
            Some(true) | None => "",
        }
    }
}

/// Every unfinished run that this process can see: those under `reports`, the machine's own, and last the one that owns the
/// machine, wherever it keeps its state.
///
/// # Errors
/// When a folder that may hold some cannot be read.
pub(super) fn all_unfinished(root: &Root, reports: &Path) -> io::Result<Vec<PathBuf>> {
    let mut runs = unfinished(reports)?;
    runs.extend(match unfinished(&native::state_folder(root.folder())) {
        // That there may be some is said where none is found.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Vec::new(),
        found => found?,
    });
    // A run that could not remove its autostart entry is over but for that. It is the last one to be meant without a name.
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

/// Where a run stands.
pub(super) fn state(folder: &Path) -> Option<State> {
    let folder = RunFolder::open(folder).ok()?;
    Some(Checkpoint::open(folder.checkpoint()).ok()?.state().clone())
}

/// What a run reported. A report which cannot be read is no pass.
pub(super) fn reported_outcome(state: &State) -> Outcome {
    let report = fs_err::read(state.created.reports.join("report.json")).unwrap_or_default();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap_or_default();
    report["outcome"].as_str().and_then(|outcome| outcome.parse().ok()).unwrap_or(Outcome::Error)
}

/// Whether `folder` holds the state of a run.
pub(super) fn is_run(folder: &Path) -> bool {
    // A file that cannot be looked at is one: somebody should look at the run.
    let there = |file: &PathBuf| !matches!(file.symlink_metadata(), Err(error) if is_nothing(&error));
    ["checkpoint.jsonl", "beginning.jsonl"].map(|file| folder.join(file)).iter().any(there)
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether there is a run in `folder` which is not over; one that cannot be read may have something to put back.
pub(super) fn is_unfinished(folder: &Path) -> bool {
    is_run(folder) && state(folder).is_none_or(|state| state.phase != Phase::Done)
}

/// The newest run under `folder` which is not over, as far as they can be read.
pub(super) fn newest_unfinished(folder: &Path) -> Option<PathBuf> {
    unfinished(folder).unwrap_or_default().pop()
}

/// The runs under `folder` which are not over, the newest last.
///
/// # Errors
/// When the folder is there and cannot be read.
pub(super) fn unfinished(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs_err::read_dir(folder) {
        Err(error) if is_nothing(&error) => return Ok(Vec::new()),
        entries => entries?,
    };
    let runs = entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    let runs = runs.into_iter();
    let unfinished = runs.filter(|run| is_run(run)).filter_map(|run| {
        let state = state(&run);
        // One which cannot be read is shown too, so that somebody looks at it.
        let over = state.as_ref().is_some_and(|state| state.phase == Phase::Done);
        (!over).then(|| (state.map(|state| state.created.at), run))
    });
    let mut unfinished: Vec<_> = unfinished.collect();
    unfinished.sort();
    Ok(unfinished.into_iter().map(|(_, run)| run).collect())
}
