//! `poolgate export` writes recordings in formats that other programs read.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};

use crate::cli::args::criteria::Criteria;
use crate::cli::args::files::Files;
use crate::cli::args::recorded_file::RecordedFile;
use crate::cli::output::errors;
use crate::cli::output::stdout::{NOT_ALL, ended, tell};
use crate::counted::counted;
use crate::exit::Exit;
use crate::failure;
use crate::pool::TagPattern;
use crate::record::{Unwritten, write_csv};
use crate::report::{LeftOut, Report, write_series};

/// Writes recordings in other formats.
#[derive(Debug, clap::Args)]
#[command(after_help = FORMS, group = clap::ArgGroup::new("form").required(true))]
pub(super) struct ExportCommand {
    #[command(flatten)]
    files: Files,
    /// Write one recording or log, with one row for each sample and tag
    #[arg(long, group = "form")]
    csv: bool,
    /// With --csv, also write the columns `stage` and `settled` and everything after the first look, so that the file
    /// is judged like the recording, except for second looks and kernel messages
    #[arg(long, conflicts_with = "series")]
    stages: bool,
    /// Write many runs, one row for each run and tag, with the tag's rate. Other programs can find the run in which the
    /// rate changed
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

impl ExportCommand {
    pub(super) fn run(self) -> Exit {
        let opened = self.files.open();
        if self.csv && opened.len() > 1 {
            errors::tell("--csv accepts only one recording", Some("run one export for each recording"));
            return Exit::Usage;
        }
        let failed = opened.iter().filter_map(|(_, opened)| opened.as_ref().err()).map(RecordedFile::exit);
        let failed = failed.max_by_key(|exit| matches!(exit, Exit::Failed));
        let opened = opened.into_iter().map(|(_, opened)| {
            opened.map(RecordedFile::tell).map_err(|error| errors::tell(&error, failure::help(&error))).ok()
        });
        let belongs = |recorded: &RecordedFile| {
            let refused = Criteria::own().refused(recorded).filter(|_| self.series);
            refused.map(|failure| errors::tell(failure.message, failure.help)).is_none()
        };
        let timed = |recorded: &RecordedFile| {
            let known = recorded.recording.header().times_are_known() || !self.csv;
            if !known {
                let what = format!("{}: some of its tables have no time", recorded.path.display());
                errors::tell(what, Some("give the time between them, as in `--every 30m`"));
            }
            known
        };
        let opened = opened.map(|recorded| recorded.filter(belongs).filter(timed));
        let opened: Vec<Option<RecordedFile>> = opened.collect();
        let all = opened.iter().all(Option::is_some);
        let opened: Vec<RecordedFile> = opened.into_iter().flatten().collect();
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

/// Judges each run by its own scenario. Reports the mistakes of a scenario before it returns `None`.
fn reports(runs: &[RecordedFile]) -> Option<Vec<Report>> {
    let criteria = Criteria::own();
    runs.iter().map(|recorded| Some(criteria.report(&criteria.scenario_of(recorded)?, recorded))).collect()
}

/// Lists the parts of a recording that are not in the file. `stages` is the option --stages.
fn tell_unwritten(unwritten: Unwritten, stages: bool) {
    let Unwritten { gaps, missed, damaged, looks, teardown, kernel, unfinished, changed } = unwritten;
    note(
        gaps,
        "sample could not be read during the recording; the file does not mark the gap",
        "samples could not be read during the recording; the file does not mark the gaps",
    );
    note(
        missed,
        "tick of the sampling clock has no sample; the file does not mark it",
        "ticks of the sampling clock have no sample; the file does not mark them",
    );
    note(
        damaged,
        "place in the recording is damaged; its content is missing",
        "places in the recording are damaged; their content is missing",
    );
    if stages {
        note(
            looks,
            "second look: the file has only its samples; a leak cannot be confirmed without its plan",
            "second looks: the file has only their samples; a leak cannot be confirmed without their plan",
        );
    } else {
        note(
            looks,
            "second look left out, because without stages all samples count as workload; --stages includes it",
            "second looks left out, because without stages all samples count as workload; --stages includes them",
        );
    }
    note(
        teardown,
        "sample left out, because it was taken after teardown; --stages includes it",
        "samples left out, because they were taken after teardown; --stages includes them",
    );
    note(
        kernel,
        "kernel message left out; the file does not show leaks that it reports after teardown",
        "kernel messages left out; the file does not show leaks that they report after teardown",
    );
    if changed {
        tell!("note: the recording was changed after it was closed; the file does not mark this");
    }
    if unfinished {
        tell!("note: the recording has no end: the run was interrupted or is still in progress");
    }
}

/// Lists the runs and tags without rows in a series.
fn tell_left_out(left_out: LeftOut) {
    note(
        left_out.runs as u64,
        "run has no row, because it did not finish or measured nothing",
        "runs have no rows, because they did not finish or measured nothing",
    );
    note(
        left_out.tags as u64,
        "row is left out, because the tag's rate is unknown",
        "rows are left out, because the tag's rate is unknown",
    );
}

/// Reports a number of things, in the words for one or for `several`.
fn note(count: u64, one: &str, several: &str) {
    if count > 0 {
        tell!("note: {}", counted(count, one, several));
    }
}
