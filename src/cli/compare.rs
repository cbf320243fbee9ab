//! `poolgate compare` gates a candidate build by comparing it with a base build.

use std::path::PathBuf;

use crate::cli::args::criteria::{Criteria, CriteriaArgs};
use crate::cli::args::files::TableInterval;
use crate::cli::args::recorded_file::RecordedFile;
use crate::cli::args::tag_lists::TagLists;
use crate::cli::output::errors;
use crate::cli::output::reports::print_reports;
use crate::exit::Exit;
use crate::failure::{self, Failure};
use crate::judge::{CompareError, Comparison, compare};
use crate::report::{self, Report};

/// Compares a candidate with a base.
#[derive(Debug, clap::Args)]
#[command(after_help = RULE)]
pub(super) struct CompareCommand {
    /// The base: a recording, the folder of a run, or a log
    #[arg(value_name = "BASE")]
    base: PathBuf,
    /// The candidate, in one of the same forms
    #[arg(value_name = "CANDIDATE")]
    candidate: PathBuf,
    #[command(flatten)]
    given: CriteriaArgs,
    #[command(flatten)]
    interval: TableInterval,
    #[command(flatten)]
    owners: TagLists,
    /// Print JSON instead of a table, with both rates for every tag
    #[arg(long)]
    json: bool,
    /// Show all rows of long lists
    #[arg(long, conflicts_with = "json")]
    all: bool,
    /// Also write JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

const RULE: &str = "\
The thresholds are those of the candidate. A broken threshold counts only if the candidate is worse than the base: a \
leak must be faster by more than chance allows, and an amount larger by more than the threshold. An old leak is listed, \
but does not fail the comparison. Two snapshots form one log of two tables, and poolgate judges its growth. The exit \
codes are those of `judge`.";

impl CompareCommand {
    pub(super) fn run(self) -> Exit {
        let Some(criteria) = self.given.read() else { return Exit::Usage };
        let open = |file: &PathBuf| {
            let opened = RecordedFile::open(file, self.interval.every).map(RecordedFile::tell);
            opened.inspect_err(|error| errors::tell(error, failure::help(error)))
        };
        let (base, candidate) = match (open(&self.base), open(&self.candidate)) {
            (Ok(base), Ok(candidate)) => (base, candidate),
            (Err(error), _) | (_, Err(error)) => {
                let [base, candidate] = [&self.base, &self.candidate].map(|file| criteria.unreadable(file, &error));
                let json = report::comparison_json(&candidate, &base, None);
                let exit = self.print(candidate, true, &json);
                return if RecordedFile::exit(&error) == Exit::Usage { Exit::Usage } else { exit };
            }
        };
        let Some(scenario) = criteria.scenario_of(&candidate) else { return Exit::Usage };
        let of = |recorded: &RecordedFile| Criteria::facts(&scenario, recorded);
        let failure = |error: CompareError| Failure::from_error(&error);
        let asked = criteria.has_thresholds_for(&candidate);
        let compared = || {
            let compared = compare(&scenario, &base.recording, &candidate.recording).map_err(failure)?;
            Ok(Comparison { ranking: compared.ranking.filter(|_| !asked), ..compared })
        };
        let refused = criteria.refused(&base).or_else(|| criteria.refused(&candidate));
        let notes = base.misplaced.iter().chain(&candidate.misplaced).filter(|_| refused.is_none()).cloned();
        let of_candidate = Report { notes: notes.collect(), ..of(&candidate) };
        let compared = refused.map_or_else(compared, Err);
        let base = of(&base);
        let mut report = report::compared(of_candidate, &base.run, compared.as_ref().map_err(Failure::clone));
        if !self.owners.suspect(std::slice::from_mut(&mut report)) {
            return Exit::Usage;
        }
        let json = report::comparison_json(&report, &base, compared.as_ref().ok());
        self.print(report, false, &json)
    }

    fn print(&self, report: Report, reported: bool, json: &str) -> Exit {
        print_reports(&[report], &[reported], self.json.then_some(json), self.junit.as_deref(), self.all)
    }
}
