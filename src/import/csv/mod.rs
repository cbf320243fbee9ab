//! CSV logs: the rows of one time form one sample (docs/csv.md).
//!
//! Rows are in order of time, so only one sample is in memory. A row that contradicts an earlier one is refused with
//! both line numbers: a second row of a tag, a clock or a count that goes back, or rows of one sample that disagree.

use std::io::Read;

use csv::{ByteRecord, ErrorKind, ReaderBuilder};

use self::columns::CsvColumns;
use self::log::CsvLog;
use self::row::{CsvRow, Keys};
use super::ImportError;
use super::bounded::{self, Bounded};
use super::error::LogProblem;
use crate::record::{Header, RecordError, Recorder};

mod columns;
mod log;
mod row;

/// Reads a log into the recorder that `create` returns. Returns whether any sample is incomplete.
pub(super) fn read(
    input: impl Read,
    name: &str,
    create: impl FnOnce(&Header) -> Result<Recorder, RecordError>,
) -> Result<bool, ImportError> {
    let (input, progress) = Bounded::new(input);
    let mut rows = ReaderBuilder::new().buffer_capacity(1 << 16).from_reader(input);
    let header = rows.byte_headers().map_err(|error| refused(name, 1, &error))?;
    let columns = CsvColumns::from_header(header).map_err(|LogProblem { what, help }| ImportError::Beginning {
        name: name.to_owned(),
        what,
        help,
    })?;

    let mut keys = Keys::default();
    let mut log: Option<CsvLog> = None;
    let mut create = Some(create);
    let mut record = ByteRecord::new();
    loop {
        let next_line = rows.position().line();
        if !rows.read_byte_record(&mut record).map_err(|error| refused(name, next_line, &error))? {
            break;
        }
        progress.row();
        let line = record.position().map_or(next_line, csv::Position::line);
        let at_line = |LogProblem { what, help }| ImportError::Row { name: name.to_owned(), line, what, help };
        let row = CsvRow::read(&columns, &record).map_err(at_line)?;
        if let Some(create) = create.take() {
            log = Some(CsvLog::begin(create, name, row.at)?);
        }
        // `log` exists from the first row on.
        if let Some(log) = &mut log {
            log.add(&row, line, &mut keys)?.map_err(at_line)?;
        }
    }
    match log {
        Some(log) => log.end(),
        None => Err(ImportError::Beginning {
            name: name.to_owned(),
            what: "has a header but no rows".to_owned(),
            help: "give the log of a whole run".to_owned(),
        }),
    }
}

/// Describes an error of the CSV reader, with its line.
fn refused(name: &str, line: u64, error: &csv::Error) -> ImportError {
    let (line, LogProblem { what, help }) = match error.kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => (
            pos.as_ref().map_or(line, csv::Position::line),
            LogProblem::new(
                format!("has {len} fields, but the header has {expected_len}"),
                "write every field, even an empty one, and use a decimal point, not a comma",
            ),
        ),
        _ => (line, bounded::refused(error)),
    };
    ImportError::Row { name: name.to_owned(), line, what, help }
}
