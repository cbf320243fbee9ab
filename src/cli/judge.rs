//! `poolgate judge`: the verdicts on recordings and logs, computed offline.

use std::path::{Path, PathBuf};

use super::give::give;
use super::recorded::Recorded;
use super::terms::{Given, Terms};
use super::trouble;
use crate::exit::Exit;
use crate::report::{self, Report};

/// Judges recordings and logs.
#[derive(Debug, clap::Args)]
#[command(after_help = FORMATS)]
pub(super) struct Judge {
    /// Recordings, folders of runs, or logs as CSV (gzipped or not); any number of them
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    given: Given,
    /// Print a JSON report for each instead of a table
    #[arg(long)]
    json: bool,
    /// Write JUnit XML too, with one suite a file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

const FORMATS: &str = "\
A log as CSV has the columns t_seconds, iteration, tag, pool, allocs, frees and bytes, one row a sample and tag, in the
order of time; `poolgate export --csv` writes one (docs/csv.md). The exit code is that of the worst verdict.";

impl Judge {
    pub(super) fn run(self) -> Exit {
        let Some(terms) = self.given.read() else { return Exit::Usage };
        let Some(reports) = self.files.iter().map(|file| judged(&terms, file)).collect::<Option<Vec<_>>>() else {
            return Exit::Usage;
        };
        let json = self.json.then(|| reports.iter().map(report::json).collect::<String>());
        give(&reports, json.as_deref(), self.junit.as_deref())
    }
}

/// The report on one file; `None` when its scenario has mistakes.
fn judged(terms: &Terms, file: &Path) -> Option<Report> {
    match Recorded::open(file) {
        Ok(recorded) => Some(terms.report(&terms.scenario_of(&recorded)?, &recorded)),
        Err(error) => {
            trouble::tell(&error, error.help());
            Some(terms.unreadable(file, &error))
        }
    }
}
