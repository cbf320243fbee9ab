//! `poolgate export` writes recordings in formats that other programs read.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};

use super::recorded::Recorded;
use crate::cli::args::criteria::Terms;
use crate::cli::args::files::Files;
use crate::cli::output::errors;
use crate::cli::output::stdout::{NOT_ALL, ended, tell};
use crate::exit::Exit;
use crate::failure;
use crate::pool::TagPattern;
use crate::record::{Unwritten, write_csv};
use crate::report::{LeftOut, Report, write_series};

/// Writes recordings in other formats.
#[derive(Debug, clap::Args)]
#[command(after_help = FORMS, group = clap::ArgGroup::new("form").required(true))]
pub(super) struct Export {
    #[command(flatten)]
    files: Files,
    /// Write one recording or log, with one row for each sample and tag
    #[arg(long, group = "form")]
    csv: bool,
    /// With --csv, also write the columns `stage` and `settled` and everything after the first look, so that the file
    /// is judged exactly like the recording
    #[arg(long, conflicts_with = "series")]
    stages: bool,
    /// Write many runs, with one row for each run and tag that gives its rate, for tools that find the night of a
    /// change
    #[arg(long, group = "form")]
    series: bool,
    /// With --series, write only these tags; `*` and `?` work as in thresholds; may be repeated
    #[arg(long = "tag", value_name = "TAG", conflicts_with = "csv")]
    tags: Vec<TagPattern>,
    /// Write to this file instead of stdout; compressed with gzip if its name ends in .gz
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const FORMS: &str = "\
docs/csv.md describes the columns of both forms, and how Apache Otava reads a series. docs/logs.md lists the logs of \
other programs that poolgate reads.";

impl Export {
    pub(super) fn run(self) -> Exit {
        let opened = self.files.open();
        if self.csv && opened.len() > 1 {
            errors::tell("--csv writes one recording", Some("give one, or write them one by one"));
            return Exit::Usage;
        }
        let failed = opened.iter().filter_map(|(_, opened)| opened.as_ref().err()).map(Recorded::exit);
        let failed = failed.max_by_key(|exit| matches!(exit, Exit::Failed));
        let opened = opened.into_iter().map(|(_, opened)| {
            opened.map(Recorded::tell).map_err(|error| errors::tell(&error, failure::help(&error))).ok()
        });
        let belongs = |recorded: &Recorded| {
            let refused = Terms::own().refused(recorded).filter(|_| self.series);
            refused.map(|failure| errors::tell(failure.message, failure.help)).is_none()
        };
        let timed = |recorded: &Recorded| {
            let known = recorded.recording.header().times_are_known() || !self.csv;
            if !known {
                let what = format!("{}: some of its tables have no time", recorded.path.display());
                errors::tell(what, Some("give the time between them, as in `--every 30m`"));
            }
            known
        };
        let opened = opened.map(|recorded| recorded.filter(belongs).filter(timed));
        let opened: Vec<Option<Recorded>> = opened.collect();
        let all = opened.iter().all(Option::is_some);
        let opened: Vec<Recorded> = opened.into_iter().flatten().collect();
        let written = match opened.as_slice() {
            [] => return failed.unwrap_or(Exit::Failed),
            [recorded] if self.csv => self
                .write_with(|out| write_csv(&recorded.recording, out, self.stages))
                .map(|unwritten| tell_unwritten(unwritten, self.stages)),
            runs => {
                let Some(reports) = reports(runs) else { return Exit::Usage };
                self.write_with(|out| write_series(&reports, &self.tags, out)).map(tell_left_out)
            }
        };
        match ended(written, NOT_ALL) {
            Exit::Held if !all => failed.unwrap_or(Exit::Failed),
            ended => ended,
        }
    }

    /// Calls `write` with the chosen output.
    fn write_with<T>(&self, write: impl FnOnce(&mut dyn Write) -> csv::Result<T>) -> io::Result<T> {
        let Some(path) = &self.output else { return write(&mut io::stdout().lock()).map_err(io_error) };
        let mut file = BufWriter::new(fs_err::File::create(path)?);
        let written = if path.extension().is_some_and(|extension| extension == "gz") {
            let mut gzip = GzEncoder::new(&mut file, Compression::default());
            let written = write(&mut gzip).map_err(io_error)?;
            gzip.finish()?;
            written
        } else {
            write(&mut file).map_err(io_error)?
        };
        file.flush()?;
        Ok(written)
    }
}

/// Returns the system's own error if there is one, so that a closed pipe can be recognised.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Judges each run by its own scenario. Returns `None` if a scenario has mistakes; they have been reported.
fn reports(runs: &[Recorded]) -> Option<Vec<Report>> {
    let terms = Terms::own();
    runs.iter().map(|recorded| Some(terms.report(&terms.scenario_of(recorded)?, recorded))).collect()
}

/// Lists the parts of a recording that the file does not contain, with or without stages.
fn tell_unwritten(unwritten: Unwritten, stages: bool) {
    let Unwritten { gaps, missed, damaged, looks, teardown, kernel, unfinished, changed } = unwritten;
    note(gaps, "samples could not be read during the recording; the file does not mark the gaps");
    note(missed, "ticks of the sampling clock have no sample; the file does not mark them");
    note(damaged, "places in the recording are damaged; their content is missing");
    let look = match stages {
        true => "second looks: the file has their samples but not their plan, so it confirms no leak",
        false => "second looks left out, because the file holds only the workload; --stages includes them",
    };
    note(looks, look);
    note(teardown, "samples left out, because they were taken after teardown; --stages includes them");
    note(kernel, "kernel messages left out; the file does not show leaks that they report after teardown");
    note(u64::from(changed), "recording was changed after it was closed; the file does not mark this");
    note(u64::from(unfinished), "recording has no end: the run was interrupted or is still in progress");
}

/// Lists the runs and tags without rows in a series.
fn tell_left_out(left_out: LeftOut) {
    note(left_out.runs as u64, "runs have no rows, because they did not finish or measured nothing");
    note(left_out.tags as u64, "rows are left out, because the tag's rate is unknown");
}

fn note(count: u64, what: &str) {
    if count > 0 {
        tell!("note: {count} {what}");
    }
}
