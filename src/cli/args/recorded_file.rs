//! A recording, a run's folder, or a log of another program, as named on a command line.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cli::output::errors;
use crate::exit::Exit;
use crate::import::{self, ImportError, Imported};
use crate::record::{Digest, Event, Input, Mark, Recording, Stage};
use crate::report::{Driver, Suspected};
use crate::scenario::{self, RecordingProperties};

/// The limit on bytes read from a JSON file next to a recording.
const LARGEST_JSON: u64 = 64 << 20;

/// A recording with the files next to it.
pub(in crate::cli) struct RecordedFile {
    pub(in crate::cli) path: PathBuf,
    pub(in crate::cli) recording: Recording,
    /// Notes for the reader, including the parts of a log that were skipped.
    pub(in crate::cli) notes: Vec<String>,
    /// The reason why the files next to the recording belong to another run, if they do.
    pub(in crate::cli) misplaced: Option<String>,
    tables: Option<u64>,
}

/// The part of a report that names its run.
#[derive(Deserialize)]
struct OfRun {
    run: String,
}

impl RecordedFile {
    /// Opens the file or folder `named`. `every` is the time between the tables of a log that does not give it.
    pub(in crate::cli) fn open(named: &Path, every: Option<Duration>) -> Result<RecordedFile, ImportError> {
        let path = if named.is_dir() { named.join("recording.pgr") } else { named.to_owned() };
        if named.is_dir() && matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            let what = format!("{} is a folder without a recording.pgr", named.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, what).into());
        }
        let imported = import::read(&path, every)?;
        Ok(RecordedFile::of(path, imported))
    }

    /// Returns the exit code for a file that cannot be opened.
    pub(in crate::cli) fn exit(error: &ImportError) -> Exit {
        let contradicts = matches!(error, ImportError::Times { .. });
        if error.is_missing() || contradicts { Exit::Usage } else { Exit::Failed }
    }

    /// Opens files as one log.
    pub(in crate::cli) fn open_series(files: &[PathBuf], every: Option<Duration>) -> Result<RecordedFile, ImportError> {
        let imported = import::read_series(files, every)?;
        Ok(RecordedFile::of(PathBuf::from(&imported.recording.header().run), imported))
    }

    fn of(path: PathBuf, Imported { recording, notes, tables }: Imported) -> RecordedFile {
        let misplaced = misplaced(&path, &recording);
        RecordedFile { path, recording, notes, misplaced, tables }
    }

    pub(in crate::cli) fn tell(self) -> RecordedFile {
        self.notes.iter().for_each(errors::warn);
        self
    }

    /// Returns whether the log is a single table, which may be part of a series.
    pub(in crate::cli) fn is_one_table(&self) -> bool {
        self.tables == Some(1)
    }

    /// Returns the scenario of the run, if it is next to the recording.
    pub(in crate::cli) fn scenario(&self) -> Option<PathBuf> {
        let beside = self.path.with_file_name("scenario.yaml");
        (is_of_its_folder(&self.path) && beside.is_file()).then_some(beside)
    }

    /// Returns the driver that was measured, if the run kept it.
    pub(in crate::cli) fn driver(&self) -> Option<Driver> {
        self.kept("driver.json")
    }

    /// Returns the owners of tags that broke a threshold, if the run found them.
    pub(in crate::cli) fn suspects(&self) -> Vec<Suspected> {
        self.kept("suspects.json").unwrap_or_default()
    }

    /// Returns the contents of a file that the run kept.
    fn kept<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let of_it = is_of_its_folder(&self.path) && self.misplaced.is_none();
        of_it.then(|| read_json(&self.path.with_file_name(name))).flatten()
    }

    /// Returns the properties of the recording that show how it was made.
    pub(in crate::cli) fn shown(&self) -> RecordingProperties {
        let mut shown = RecordingProperties { iterations: false, settled: false };
        let mut stage = None;
        let mut events = self.recording.events();
        while let Some(event) = events.next() {
            match event {
                Event::Sample { info, .. } => shown.settled |= info.settled && stage == Some(Stage::Workload),
                Event::Mark { mark: Mark::Stage(begun), .. } => stage = Some(begun),
                Event::Mark { mark: Mark::Iteration(complete), .. } => shown.iterations |= complete > 0,
                Event::Mark {
                    mark:
                        Mark::SecondLook(_)
                        | Mark::Block { .. }
                        | Mark::Gap { .. }
                        | Mark::Incomplete(_)
                        | Mark::Survivors(_)
                        | Mark::Kernel(_),
                    ..
                }
                | Event::Damaged { .. }
                | Event::End { .. } => {}
            }
        }
        shown
    }

    /// Returns the length of the recording.
    pub(in crate::cli) fn length(&self) -> Duration {
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

/// Returns whether the files next to the recording may be of the same run. A log may lie in the folder of an unrelated
/// run.
fn is_of_its_folder(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "recording.pgr")
}

/// Returns the reason why a recording is not of the same run as the report and scenario next to it. The name of the
/// folder does not count, because users copy and rename folders.
fn misplaced(path: &Path, recording: &Recording) -> Option<String> {
    if !is_of_its_folder(path) {
        return None;
    }
    let header = recording.header();
    let run = read_json(&path.with_file_name("report.json")).map_or(header.run.clone(), |OfRun { run }| run);
    let beside = path.with_file_name("scenario.yaml");
    // Mistakes in the scenario are reported when it is used for judging.
    let loaded =
        (header.scenario_sha256.is_known() && beside.is_file()).then(|| scenario::load(&beside).ok()).flatten();
    let scenario = loaded.map_or(Digest::default(), |loaded| Digest::hash(loaded.text.as_bytes()));
    recording.belongs_to(&run, &scenario, None).err().map(|error| error.to_string())
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let mut bytes = Vec::new();
    Input::open(path).ok()?.take(LARGEST_JSON).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
