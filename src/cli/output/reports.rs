//! Prints reports that were made offline: a table or JSON, optional JUnit XML, and the exit code.

use std::path::Path;

use crate::cli::output::errors;
use crate::cli::output::stdout::{print_data, styled};
use crate::cli::output::terminal;
use crate::cli::output::verbosity::is_verbose;
use crate::exit::Exit;
use crate::report::{self, Outcome, Report, RowLimit};

/// Prints `json` if given, or else a table for each report except those with a failure that was `reported` before. Writes
/// JUnit XML with a suite for each report. The exit code is that of the worst outcome.
pub(in crate::cli) fn print_reports(
    reports: &[Report],
    reported: &[bool],
    json: Option<&str>,
    junit: Option<&Path>,
    all: bool,
) -> Exit {
    let rows = if all { RowLimit::All } else { RowLimit::First("shown with --all") };
    match json {
        Some(json) => print_data(json.as_bytes()),
        None => {
            let shown = reports.iter().zip(reported).filter(|(_, reported)| !**reported);
            shown.for_each(|(report, _)| styled(&report::table(report, terminal::width(), rows, is_verbose())));
        }
    }
    if let Some(path) = junit
        && let Err(error) = report::replace(path, &report::junit_of(reports))
    {
        errors::tell(error, Some("give --junit a file in an existing folder"));
        return Exit::Failed;
    }
    reports.iter().map(Report::outcome).max().unwrap_or(Outcome::Error).into()
}
