//! Imports logs of other samplers: every input becomes a recording before it is judged.
//!
//! The content determines the format, never the file name. A recording is opened directly. A log (gzipped or not, in
//! 8-bit text or UTF-16) is read line by line into a new recording, so memory holds the recording and never the text.
//!
//! In a format that defines every row (docs/csv.md), an invalid row is an error with its line. Logs made for people
//! (docs/poolmon-logs.md) have other lines too; those are counted and reported.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::MultiGzDecoder;

use crate::record::{Header, Input, Recorder, Recording};

mod bounded;
mod csv;
mod data;
mod error;
mod format;
mod lines;
mod linux;
mod named;
mod pages;
mod partial;
mod passed;
mod paste;
mod poolmon;
mod poolused;
mod powershell;
mod retimed;
mod series;
mod tables;
mod totals;
mod unknown;
mod verifier;
mod when;

pub use error::ImportError;
pub use verifier::SOURCE as DRIVER_VERIFIER;

use error::LogProblem;
use format::LogFormat;
use lines::{LogLines, Narrow};
use tables::{ImportedTables, Times};
use when::Stamp;

/// The result of an import.
#[derive(Debug)]
pub struct Imported {
    /// The recording.
    pub recording: Recording,
    /// Notes for the user about skipped lines and other limits.
    pub notes: Vec<String>,
    /// The number of tables, if the file is a log of tables. A file with one table may belong to a series.
    pub tables: Option<u64>,
}

/// Opens a recording, or reads a log as one, without its notes; see [`read`].
///
/// # Errors
/// [`ImportError`], with the line of an invalid row.
pub fn open(path: &Path) -> Result<Recording, ImportError> {
    Ok(read(path, None)?.recording)
}

/// Opens a recording, or reads a log as one. `every` is the interval between its tables, for a log without times.
///
/// # Errors
/// [`ImportError`], with the line of an invalid row.
pub fn read(path: &Path, every: Option<Duration>) -> Result<Imported, ImportError> {
    let name = path.display().to_string();
    let (beginning, input) = open_file(path, &name)?;
    if Recording::begins(&beginning) {
        return Ok(Imported { recording: Recording::open(path)?, notes: Vec::new(), tables: None });
    }
    let folder = tempfile::tempdir()?;
    let to = folder.path().join("imported.pgr");
    let written = write_known(beginning, input, &name, every, &to)?;
    written.open(&to)
}

/// Reads several logs as one, in order of time. Each has one or more tables of a series.
///
/// # Errors
/// [`ImportError`], also if a file is not a log of tables.
pub fn read_series(files: &[PathBuf], every: Option<Duration>) -> Result<Imported, ImportError> {
    let folder = tempfile::tempdir()?;
    let to = folder.path().join("imported.pgr");
    let mut tables = ImportedTables::new(to.clone(), &series::name(files), every);
    let texts = files.iter().enumerate().map(|(at, file)| first_stamp(file, &folder.path().join(format!("{at}.pgr"))));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    for (path, stamp) in series::ordered(files, &texts, every)? {
        let name = path.display().to_string();
        let (beginning, input) = open_file(&path, &name)?;
        tables.begin_file(&name, stamp);
        let CleanedLog { beginning, input, filtered } = CleanedLog::new(beginning, input);
        tables.filtered(filtered);
        let format = if Recording::begins(&beginning) { None } else { Some(format_of(&beginning, &name)?) };
        match format {
            None | Some(LogFormat::Csv) => {
                let what = "is the log of a whole run, not one table of many".to_owned();
                return Err(ImportError::Beginning {
                    name,
                    what,
                    help: "judge each file by itself with --each".to_owned(),
                });
            }
            Some(format) => read_tables(format, &beginning, input, &mut tables)?,
        }
    }
    Written::from_summary(tables.finish()?).open(&to)
}

/// Returns the time stamp of the first table in a file. Errors in the file are reported when it is read in full.
fn first_stamp(path: &Path, scratch: &Path) -> Result<Option<Stamp>, ImportError> {
    let name = path.display().to_string();
    let (beginning, _) = open_file(path, &name)?;
    let CleanedLog { beginning, .. } = CleanedLog::new(beginning, std::io::empty());
    let Ok(format) = format::detect(&beginning) else { return Ok(None) };
    let mut tables = ImportedTables::new(scratch.to_owned(), &name, None);
    tables.begin_file(&name, None);
    // The beginning may cut off its last line and its last table, so errors are ignored here.
    let _ = read_tables(format, &beginning, &beginning[..], &mut tables);
    Ok(tables.first_stamp())
}

/// Reads a log from any source into the new recording `to`. Memory use does not grow with the log.
///
/// # Errors
/// [`ImportError`]; `name` identifies the log in its text.
pub fn write(input: impl Read, name: &str, every: Option<Duration>, to: &Path) -> Result<Written, ImportError> {
    let (beginning, input) = peek(input)?;
    write_known(beginning, input, name, every, to)
}

/// The result of writing a log into a recording.
#[derive(Debug)]
pub struct Written {
    /// The number of tables, if it is a log of tables.
    pub tables: Option<u64>,
    /// Notes for the user about skipped lines and other limits.
    pub notes: Vec<String>,
    partial: bool,
    times: Times,
}

impl Written {
    fn from_summary(summary: tables::LogSummary) -> Written {
        Written { tables: Some(summary.tables), notes: summary.notes, partial: summary.partial, times: summary.times }
    }

    /// Opens the written recording.
    fn open(self, to: &Path) -> Result<Imported, ImportError> {
        let Written { tables, mut notes, partial, times: Times { sources, started, corrected } } = self;
        let mut recording = Recording::open(to)?;
        if !sources.is_empty() {
            let started = started.unwrap_or(recording.header().started);
            let header = Header { times: sources, started, ..recording.header().clone() };
            recording = recording.with_header(header);
        }
        if let Some((from, times)) = corrected {
            let timed_path = to.with_extension("timed");
            retimed::write(&recording, &timed_path, from, &times)?;
            recording = Recording::open(&timed_path)?;
        }
        if partial {
            let whole_path = to.with_extension("whole");
            notes.extend(partial::write(&recording, &whole_path)?);
            recording = Recording::open(&whole_path)?;
        }
        Ok(Imported { recording, notes, tables })
    }
}

fn write_known(
    beginning: Vec<u8>,
    input: impl Read,
    name: &str,
    every: Option<Duration>,
    to: &Path,
) -> Result<Written, ImportError> {
    let CleanedLog { beginning, input, filtered } = CleanedLog::new(beginning, input);
    let format = format_of(&beginning, name)?;
    if format == LogFormat::Csv {
        let partial = csv::read(text(&beginning, input), name, |header| Recorder::create(to, header))?;
        return Ok(Written { tables: None, notes: Vec::new(), partial, times: Times::default() });
    }
    let mut tables = ImportedTables::new(to.to_owned(), name, every);
    tables.begin_file(name, None);
    tables.filtered(filtered);
    read_tables(format, &beginning, input, &mut tables)?;
    Ok(Written::from_summary(tables.finish()?))
}

fn format_of(beginning: &[u8], name: &str) -> Result<LogFormat, ImportError> {
    let wrong = |LogProblem { what, help }| ImportError::Beginning { name: name.to_owned(), what, help };
    format::detect(beginning).map_err(wrong)
}

fn read_tables(
    format: LogFormat,
    beginning: &[u8],
    input: impl Read,
    tables: &mut ImportedTables,
) -> Result<(), ImportError> {
    match format {
        LogFormat::PowerShell => powershell::read(text(beginning, input), lines::is_unicode(beginning), tables),
        LogFormat::PoolMon => poolmon::read(&mut LogLines::new(input, beginning), tables),
        LogFormat::PoolUsed => poolused::read(&mut LogLines::new(input, beginning), tables),
        LogFormat::Linux => linux::read(&mut LogLines::new(input, beginning), tables),
        LogFormat::Counters => totals::counters::read(&mut LogLines::new(input, beginning), tables),
        LogFormat::Shell => totals::shell::read(&mut LogLines::new(input, beginning), beginning, tables),
        LogFormat::Vm => totals::vm::read(&mut LogLines::new(input, beginning), tables),
        LogFormat::Verifier => verifier::read(&mut LogLines::new(input, beginning), tables),
        LogFormat::Named => named::read(&mut LogLines::new(input, beginning), tables),
        // CSV logs are read earlier, by their own function.
        LogFormat::Csv => Ok(()),
    }
}

/// Returns the input as 8-bit text.
fn text<'a>(beginning: &[u8], input: impl Read + 'a) -> Box<dyn Read + 'a> {
    match lines::wide(beginning) {
        None => Box::new(input),
        Some(_) => Box::new(Narrow::new(LogLines::new(input, beginning))),
    }
}

/// Opens a file and unpacks it if it is packed. Returns its beginning and a reader of the whole content.
fn open_file(path: &Path, name: &str) -> Result<(Vec<u8>, Box<dyn Read>), ImportError> {
    let (beginning, input) = peek(Input::open(path)?)?;
    if !beginning.starts_with(&[0x1f, 0x8b]) {
        return Ok((beginning, Box::new(input)));
    }
    let (beginning, input) = peek(MultiGzDecoder::new(input)).map_err(|error| broken_gzip(name, &error))?;
    Ok((beginning, Box::new(input)))
}

/// A log with the traces of pasting removed.
struct CleanedLog<'a> {
    beginning: Vec<u8>,
    input: Box<dyn Read + 'a>,
    /// Whether the log holds only the lines that a search found.
    filtered: bool,
}

impl<'a> CleanedLog<'a> {
    fn new(beginning: Vec<u8>, input: impl Read + 'a) -> CleanedLog<'a> {
        match paste::undone(&beginning, input) {
            Ok((beginning, input)) => {
                let filtered = input.is_filtered();
                CleanedLog { beginning, input: Box::new(input), filtered }
            }
            Err(input) => CleanedLog { beginning, input: Box::new(input), filtered: false },
        }
    }
}

/// Returns the first bytes, and a reader of the whole input.
fn peek<R: Read>(mut input: R) -> std::io::Result<(Vec<u8>, impl Read)> {
    let mut beginning = Vec::new();
    input.by_ref().take(format::BEGINNING as u64).read_to_end(&mut beginning)?;
    Ok((beginning.clone(), Cursor::new(beginning).chain(input)))
}

fn broken_gzip(name: &str, error: &std::io::Error) -> ImportError {
    let what = format!("begins like gzip, but cannot be unpacked ({error})");
    ImportError::Beginning { name: name.to_owned(), what, help: "compress it again, or give the log itself".to_owned() }
}
