//! The header: finds the position of each column.

use csv::ByteRecord;

use super::LogProblem;
use crate::record::{COLUMNS, MORE_COLUMNS, TABLE_COLUMNS};

const T_SECONDS: usize = 0;
const TAG: usize = 2;
const BYTES: usize = 6;
const KNOWN: usize = COLUMNS.len() + MORE_COLUMNS.len() + TABLE_COLUMNS.len();

/// The position of each known column, in the order of [`COLUMNS`], [`MORE_COLUMNS`] and [`TABLE_COLUMNS`].
#[derive(Debug)]
pub(super) struct CsvColumns([Option<usize>; KNOWN]);

impl CsvColumns {
    /// Finds the columns of `header`. Their order is free; a missing optional column reads as an empty one.
    pub(super) fn from_header(header: &ByteRecord) -> Result<CsvColumns, LogProblem> {
        let expected = || format!("begin the file with the line `{}`", COLUMNS.join(","));
        let known: Vec<&str> = COLUMNS.into_iter().chain(MORE_COLUMNS).chain(TABLE_COLUMNS).collect();
        let mut places = [None; KNOWN];
        for (place, name) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(name);
            let Some(column) = known.iter().position(|known| *known == name.trim()) else {
                return Err(unknown(header.len(), &name, expected()));
            };
            if places[column].replace(place).is_some() {
                return Err(LogProblem::new(format!("has the column `{}` twice", name.trim()), "keep one of them"));
            }
        }
        match [T_SECONDS, TAG, BYTES].into_iter().find(|column| places[*column].is_none()) {
            Some(missing) => Err(LogProblem::new(format!("has no column `{}`", known[missing]), expected())),
            None => Ok(CsvColumns(places)),
        }
    }

    /// A row's fields in the order of [`COLUMNS`], [`MORE_COLUMNS`] and [`TABLE_COLUMNS`].
    pub(super) fn fields<'a>(&self, row: &'a ByteRecord) -> [&'a [u8]; KNOWN] {
        self.0.map(|place| place.and_then(|place| row.get(place)).unwrap_or_default())
    }
}

fn unknown(columns: usize, name: &str, expected: String) -> LogProblem {
    let first: String = name.trim().chars().take(40).flat_map(char::escape_debug).collect();
    if columns == 1 && name.contains(';') {
        return LogProblem::new(
            "has its columns separated by semicolons",
            "separate them by commas, and use decimal points",
        );
    }
    if columns == 1 && name.contains('\t') {
        return LogProblem::new("has its columns separated by tabs", "separate them by commas");
    }
    LogProblem::new(format!("has the unknown column `{first}`"), expected)
}
