//! The one JUnit file of `run --junit`: a suite for each scenario, in the order they were run in.
//!
//! It is put together from the `junit.xml` of each run, and written again whenever one of them begins or ends: so it says
//! "did not finish" of a run until that is over, whatever becomes of this process.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::begin::{failure, first_report};
use crate::cli::trouble;
use crate::exit::Exit;
use crate::report;
use crate::scenario::Loaded;

/// The suites of the runs of this command line.
pub(super) struct Suites {
    file: Option<PathBuf>,
    /// Where each run that was begun has its reports.
    folders: Vec<PathBuf>,
    /// JUnit XML of scenarios which were not run.
    not_run: Vec<Vec<u8>>,
}

impl Suites {
    /// Suites for `file`, after those of runs which an earlier process began.
    pub(super) fn new(file: Option<PathBuf>, folders: Vec<PathBuf>) -> Suites {
        Suites { file, folders, not_run: Vec::new() }
    }

    /// Where each run that was begun has its reports.
    #[cfg(unix)]
    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// A run has a folder for its reports.
    pub(super) fn begun(&mut self, reports: &Path) {
        self.folders.push(reports.to_owned());
    }

    /// A scenario is not run at all.
    pub(super) fn not_run(&mut self, loaded: &Loaded, why: &str) {
        let report = first_report(String::new(), loaded, Timestamp::now(), failure(&why, None));
        self.not_run.push(report::junit(&report));
    }

    /// Writes the file as things stand.
    ///
    /// # Errors
    /// What to exit with; why it cannot be written has been told.
    pub(super) fn write(&self) -> Result<(), Exit> {
        let Some(file) = &self.file else { return Ok(()) };
        // A run which could not begin may have no file of its own; its error was told.
        let runs = self.folders.iter().filter_map(|folder| fs_err::read(folder.join("junit.xml")).ok());
        let files: Vec<Vec<u8>> = runs.chain(self.not_run.iter().cloned()).collect();
        report::replace(file, &report::junit_together(&files)).map_err(|error| {
            let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::Usage } else { Exit::Failed };
            trouble::tell(error, Some("give --junit a file in a folder which exists and can be written"));
            exit
        })
    }
}
