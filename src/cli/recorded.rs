//! What was recorded: a recording, a run's folder, or a log of somebody else's sampler, as named on a command line.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::trouble;
use crate::exit::Exit;
use crate::import::{self, ImportError, Imported};
use crate::record::{Digest, Event, Input, Mark, Recording, Stage};
use crate::report::{Driver, Suspected};
use crate::scenario::{self, Shown};

/// The most that is read of a JSON file beside a recording.
const LARGEST_JSON: u64 = 64 << 20;

/// A recording, and what lies beside it.
pub(super) struct Recorded {
    pub(super) path: PathBuf,
    pub(super) recording: Recording,
    /// What was passed over in a log, which has been told, and what else a reader should know.
    pub(super) notes: Vec<String>,
    /// Why it is not of the run whose files lie beside it, if it is not.
    pub(super) misplaced: Option<String>,
    tables: Option<u64>,
}

/// What a report says of whose it is.
#[derive(Deserialize)]
struct OfRun {
    run: String,
}

impl Recorded {
    /// Opens what `named` means; the tables of a log are `every` so far apart, where it does not say.
    pub(super) fn open(named: &Path, every: Option<Duration>) -> Result<Recorded, ImportError> {
        let path = if named.is_dir() { named.join("recording.pgr") } else { named.to_owned() };
        if named.is_dir() && matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            let what = format!("{} is a folder without a recording.pgr", named.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, what).into());
        }
        let imported = import::read(&path, every)?;
        Ok(Recorded::of(path, imported))
    }

    /// What to exit with where one cannot be opened.
    pub(super) fn exit(error: &ImportError) -> Exit {
        let contradicts = matches!(error, ImportError::Times { .. });
        if error.is_missing() || contradicts { Exit::Usage } else { Exit::Failed }
    }

    /// Opens files which are one log.
    pub(super) fn open_series(files: &[PathBuf], every: Option<Duration>) -> Result<Recorded, ImportError> {
        let imported = import::read_series(files, every)?;
        Ok(Recorded::of(PathBuf::from(&imported.recording.header().run), imported))
    }

    fn of(path: PathBuf, Imported { recording, notes, tables }: Imported) -> Recorded {
        let misplaced = misplaced(&path, &recording);
        Recorded { path, recording, notes, misplaced, tables }
    }

    /// Tells what was passed over.
    pub(super) fn tell(self) -> Recorded {
        self.notes.iter().for_each(trouble::warn);
        self
    }

    /// Whether it is one table, which may be one of a series.
    pub(super) fn is_one_table(&self) -> bool {
        self.tables == Some(1)
    }

    /// The scenario it was run with, where that is known.
    pub(super) fn scenario(&self) -> Option<PathBuf> {
        let beside = self.path.with_file_name("scenario.yaml");
        (is_of_its_folder(&self.path) && beside.is_file()).then_some(beside)
    }

    /// The driver which was measured, where the run kept it.
    pub(super) fn driver(&self) -> Option<Driver> {
        self.kept("driver.json")
    }

    /// Whose the tags are which broke a threshold, where the run looked it up.
    pub(super) fn suspects(&self) -> Vec<Suspected> {
        self.kept("suspects.json").unwrap_or_default()
    }

    /// What its run kept in this file.
    fn kept<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let of_it = is_of_its_folder(&self.path) && self.misplaced.is_none();
        of_it.then(|| read_json(&self.path.with_file_name(name))).flatten()
    }

    /// How it was made, as far as it shows.
    pub(super) fn shown(&self) -> Shown {
        let mut shown = Shown { iterations: false, settled: false };
        let mut stage = None;
        let mut events = self.recording.events();
        while let Some(event) = events.next() {
            match event {
                Event::Sample { info, .. } => shown.settled |= info.settled && stage == Some(Stage::Workload),
                Event::Mark { mark: Mark::Stage(begun), .. } => stage = Some(begun),
                Event::Mark { mark: Mark::Iteration(complete), .. } => shown.iterations |= complete > 0,
                Event::Mark {
                    mark:
                        Mark::SecondLook(_) | Mark::Block { .. } | Mark::Gap { .. } | Mark::Incomplete(_) | Mark::Kernel(_),
                    ..
                }
                | Event::Damaged { .. }
                | Event::End { .. } => {}
            }
        }
        shown
    }

    /// How long it is.
    pub(super) fn length(&self) -> Duration {
        let mut length = Duration::ZERO;
        let mut events = self.recording.events();
        while let Some(event) = events.next() {
            match event {
                Event::Sample { info, .. } => length = info.at,
                Event::Mark { at, .. } | Event::End { at } => length = at,
                Event::Damaged { .. } => {}
            }
        }
        length
    }
}

/// Whether what lies beside it may be of the same run: a log which lies in some folder is not the run which that may be of.
fn is_of_its_folder(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "recording.pgr")
}

/// Why a recording is not of the run whose report and scenario lie beside it. The name of the folder says nothing, since
/// people copy and rename folders.
fn misplaced(path: &Path, recording: &Recording) -> Option<String> {
    if !is_of_its_folder(path) {
        return None;
    }
    let header = recording.header();
    let run = read_json(&path.with_file_name("report.json")).map_or(header.run.clone(), |OfRun { run }| run);
    let beside = path.with_file_name("scenario.yaml");
    // One with mistakes is told of where it is read to judge by.
    let loaded =
        (header.scenario_sha256.is_known() && beside.is_file()).then(|| scenario::load(&beside).ok()).flatten();
    let scenario = loaded.map_or(Digest::default(), |loaded| Digest::of(loaded.text.as_bytes()));
    recording.belongs_to(&run, &scenario, None).err().map(|error| error.to_string())
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let mut bytes = Vec::new();
    Input::open(path).ok()?.take(LARGEST_JSON).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
