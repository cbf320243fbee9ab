//! `poolgate judge` computes verdicts on recordings and logs offline.

use std::path::{Path, PathBuf};

use crate::cli::args::criteria::{Criteria, CriteriaArgs};
use crate::cli::args::files::Files;
use crate::cli::args::recorded_file::RecordedFile;
use crate::cli::args::tag_lists::TagLists;
use crate::cli::output::errors;
use crate::cli::output::reports::print_reports;
use crate::exit::Exit;
use crate::failure;
use crate::import::ImportError;
use crate::report::{self, Report};

/// Judges recordings and logs.
#[derive(Debug, clap::Args)]
#[command(after_help = FORMATS)]
pub(super) struct JudgeCommand {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    given: CriteriaArgs,
    #[command(flatten)]
    owners: TagLists,
    /// Print a JSON report for each log or run instead of a table
    #[arg(long)]
    json: bool,
    /// Show all rows of long lists
    #[arg(long, conflicts_with = "json")]
    all: bool,
    /// Also write JUnit XML, with one suite for each log or run
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

const FORMATS: &str = "\
poolgate recognises a log by its content. It reads these formats (docs/logs.md describes each):

- PoolMon: screens (`poolmon /b >> FILE`), snapshots (`poolmon -n FILE`), WinDbg's !poolused, poolmon-powershell's CSV
- Linux: copies of these files and outputs: /proc/slabinfo, slabtop -o, vmstat -m, /proc/meminfo, /proc/allocinfo, \
/proc/spl/kmem/slab. Put the output of `date` between the tables
- Totals of Windows' pools: performance counters as CSV (typeperf, relog), PowerShell's tables of them, WinDbg's !vm
- Driver Verifier: WinDbg's !verifier 3, `verifier /query`
- poolgate's own CSV (docs/csv.md)

Lines that cannot be read are counted, and the report shows the count.

The report names the source of the times: time stamps between the tables (`echo %date% %time%`, Get-Date, `date`, in \
many languages), file names, file dates, or --every. Live screens without time stamps are taken to be 5 s apart. A log \
without any of these has no rates. poolgate refuses a log if the sources of its times contradict each other (exit code \
2).

A log without the CSV column `stage` has no stages: max_growth compares the first table with the last, and max_bytes \
applies to the last. Without thresholds, the report begins with the tags that grew most. The exit code is that of the \
worst verdict.";

impl JudgeCommand {
    pub(super) fn run(self) -> Exit {
        let Some(criteria) = self.given.read() else { return Exit::Usage };
        let opened = self.files.open();
        let misused = opened
            .iter()
            .filter_map(|(_, opened)| opened.as_ref().err())
            .any(|error| RecordedFile::exit(error) == Exit::Usage);
        let unreadable: Vec<bool> = opened.iter().map(|(_, opened)| opened.is_err()).collect();
        let judged = opened.into_iter().map(|(file, opened)| self.report(&criteria, &file, opened));
        let Some(mut reports) = judged.collect::<Option<Vec<_>>>() else {
            return Exit::Usage;
        };
        if !self.owners.suspect(&mut reports) {
            return Exit::Usage;
        }
        let json = self.json.then(|| reports.iter().map(report::json).collect::<String>());
        let exit = print_reports(&reports, &unreadable, json.as_deref(), self.junit.as_deref(), self.all);
        if misused { Exit::Usage } else { exit }
    }

    /// Returns the report on one log, or `None` if its scenario has mistakes.
    fn report(&self, criteria: &Criteria, file: &Path, opened: Result<RecordedFile, ImportError>) -> Option<Report> {
        match opened {
            Ok(recorded) => {
                // The table shows the import's notes to the user. With --json they go to stderr too.
                let recorded = if self.json { recorded.tell() } else { recorded };
                Some(criteria.report(&criteria.scenario_of(&recorded)?, &recorded))
            }
            Err(error) => {
                errors::tell(&error, failure::help(&error));
                Some(criteria.unreadable(file, &error))
            }
        }
    }
}
