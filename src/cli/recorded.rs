//! What was recorded: a recording, a run's folder, or a log of somebody else's sampler, as named on a command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::run::kept;
use super::trouble;
use crate::import::{self, ImportError, Imported};
use crate::record::{Event, Mark, Recording, Stage};
use crate::report::{Driver, Suspected};
use crate::scenario::Shown;

/// A recording, and what lies beside it.
pub(super) struct Recorded {
    pub(super) path: PathBuf,
    pub(super) recording: Recording,
    /// What was passed over in a log, which has been told, and what else a reader should know.
    pub(super) notes: Vec<String>,
    tables: Option<u64>,
}

impl Recorded {
    /// Opens what `named` means; the tables of a log are `every` so far apart, where it does not say.
    pub(super) fn open(named: &Path, every: Option<Duration>) -> Result<Recorded, ImportError> {
        let path = if named.is_dir() { named.join("recording.pgr") } else { named.to_owned() };
        let imported = import::read(&path, every)?;
        Ok(Recorded::of(path, imported))
    }

    /// Opens files which are one log.
    pub(super) fn open_series(files: &[PathBuf], every: Option<Duration>) -> Result<Recorded, ImportError> {
        let imported = import::read_series(files, every)?;
        Ok(Recorded::of(PathBuf::from(&imported.recording.header().run), imported))
    }

    fn of(path: PathBuf, Imported { recording, notes, tables }: Imported) -> Recorded {
        Recorded { path, recording, notes, tables }
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
        (self.is_of_its_folder() && beside.exists()).then_some(beside)
    }

    /// The driver which was measured, where the run kept it.
    pub(super) fn driver(&self) -> Option<Driver> {
        kept(&self.path.with_file_name("driver.json"))
    }

    /// Whose the tags are which broke a threshold, where the run looked it up.
    pub(super) fn suspects(&self) -> Vec<Suspected> {
        let of_it = self.is_of_its_folder().then(|| kept(&self.path.with_file_name("suspects.json")));
        of_it.flatten().unwrap_or_default()
    }

    /// Whether what lies beside it is of the same run: a log which lies in some folder is not the run which that may be of.
    fn is_of_its_folder(&self) -> bool {
        self.path.file_name().is_some_and(|name| name == "recording.pgr")
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
                Event::Mark { mark: Mark::SecondLook(_) | Mark::Block { .. } | Mark::Gap { .. }, .. }
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
