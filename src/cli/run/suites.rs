//! The single JUnit file of `run --junit`, with a suite for each scenario in the order of the runs.
//!
//! It is assembled from the `junit.xml` of each run, and rewritten whenever a run begins or ends. So it reports "did
//! not finish" for a run until that is over, even if this process dies.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::begin::first_report;
use crate::cli::args::which_run::reported;
use crate::cli::output::errors;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{self, Outcome};
use crate::scenario::Loaded;

/// The suites of the runs of this command line.
pub(super) struct Suites {
    file: Option<PathBuf>,
    /// The reports folder of each run that has begun.
    folders: Vec<PathBuf>,
    /// The JUnit XML of scenarios that were not run.
    not_run: Vec<Vec<u8>>,
}

impl Suites {
    /// Returns the suites for `file`, beginning with those of runs that an earlier process began.
    pub(super) fn new(file: Option<PathBuf>, folders: Vec<PathBuf>) -> Suites {
        Suites { file, folders, not_run: Vec::new() }
    }

    /// Returns the reports folder of each run that has begun.
    #[cfg(unix)]
    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// Adds the reports folder of a run.
    pub(super) fn begun(&mut self, reports: &Path) {
        self.folders.push(reports.to_owned());
    }

    /// Adds a scenario that is not run at all.
    pub(super) fn not_run(&mut self, loaded: &Loaded, why: &str) {
        let report = first_report(String::new(), loaded, Timestamp::now(), Failure::new(why));
        self.not_run.push(report::junit(&report));
    }

    /// One line with the outcome of each scenario; `None` for a single one.
    pub(super) fn summary(&self) -> Option<String> {
        let all = self.folders.len() + self.not_run.len();
        let mut parts = Vec::new();
        let ended: Vec<_> = self.folders.iter().map(|folder| reported(folder)).collect();
        for wanted in [Outcome::Error, Outcome::Broken, Outcome::Unclear, Outcome::Held] {
            let names: Vec<&str> =
                ended.iter().filter(|(is, _)| *is == wanted).map(|(_, name)| name.as_str()).collect();
            if !names.is_empty() {
                let listed = if wanted == Outcome::Held { String::new() } else { format!(" ({})", names.join(", ")) };
                parts.push(format!("{} {wanted}{listed}", names.len()));
            }
        }
        if !self.not_run.is_empty() {
            parts.push(format!("{} not run", self.not_run.len()));
        }
        (all > 1).then(|| format!("{all} scenarios: {}", parts.join(", ")))
    }

    /// Writes the file in its current state.
    ///
    /// # Errors
    /// The exit code. The reason why the file cannot be written has been reported.
    pub(super) fn write(&self) -> Result<(), Exit> {
        let Some(file) = &self.file else { return Ok(()) };
        // A run that could not begin may have no file of its own; its error was reported.
        let runs = self.folders.iter().filter_map(|folder| fs_err::read(folder.join("junit.xml")).ok());
        let files: Vec<Vec<u8>> = runs.chain(self.not_run.iter().cloned()).collect();
        report::replace(file, &report::junit_together(&files)).map_err(|error| {
            let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::Usage } else { Exit::Failed };
            errors::tell(error, Some("give --junit a file in an existing, writable folder"));
            exit
        })
    }
}
