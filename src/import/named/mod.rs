//! Tables of pool tags with a header that names the columns: Markdown, CSV from a spreadsheet, PowerShell's
//! `Format-Table`, PoolMonX, and text copied from System Informer.
//!
//! Columns are identified by name; unknown ones are left out. A person copied such a table, so it may have only some of
//! the tags.

use std::io::Read;

use self::header::{FigureColumns, NamedHeader};
use super::lines::{End, LogLine, LogLines};
use super::passed::shown;
use super::tables::{ImportedTables, RowIdentity};
use super::when::{self, Stamp};
use super::{ImportError, pages, paste, powershell};
use crate::pool::{Counters, Pool, Usage};

mod cells;
mod header;

/// Whether a line is the header of such a table, or a row that needs no header.
pub(super) fn is_header(line: &[u8]) -> bool {
    NamedHeader::from_line(line).is_some() || NamedHeader::from_copied_row(line).is_some()
}

/// Reads all tables of a text.
pub(super) fn read(lines: &mut LogLines<impl Read>, tables: &mut ImportedTables) -> Result<(), ImportError> {
    let mut named = NamedTables { header: None, unicode: lines.are_unicode(), last: None };
    while let Some(line) = lines.next()? {
        named.line(line, tables)?;
    }
    tables.end_file("table of pool tags")
}

struct NamedTables {
    header: Option<NamedHeader>,
    unicode: bool,
    /// The time in the last row.
    last: Option<Stamp>,
}

impl NamedTables {
    fn line(&mut self, line: LogLine<'_>, tables: &mut ImportedTables) -> Result<(), ImportError> {
        let text = line.bytes.trim_ascii();
        if text.is_empty() || text.iter().all(|byte| b"|-:+ \t=;,".contains(byte)) {
            return Ok(());
        }
        if let Some(header) = NamedHeader::from_line(line.bytes) {
            tables.end()?;
            tables.set_source(header.source(), None, header.is_partial());
            self.header = Some(header);
            return Ok(());
        }
        if self.header.is_none()
            && let Some(header) = NamedHeader::from_copied_row(line.bytes)
        {
            tables.set_source(header.source(), None, header.is_partial());
            self.header = Some(header);
        }
        if let Some(stamp) = when::line(text.trim_ascii_end()).or_else(|| when::line(alone(text))) {
            tables.end()?;
            tables.stamp(stamp);
            return Ok(());
        }
        let read = match &self.header {
            Some(header) if line.end != End::TooLong => header.cells(line.bytes),
            Some(_) | None => None,
        };
        let (Some(header), Some(cells)) = (&self.header, read) else {
            tables.between();
            if !paste::is_fence(text) {
                tables.pass(line.number, || format!("belongs to no table: `{}`", shown(text)));
            }
            return Ok(());
        };
        match row(header, &cells, self.unicode) {
            Ok(_) if line.end == End::File && header.may_be_cut(&cells) => {
                tables.pass(line.number, || "is cut off, perhaps inside its last number".to_owned());
                Ok(())
            }
            Ok(row) => self.add(row, line.number, tables),
            Err(why) => {
                tables.pass(line.number, || why);
                Ok(())
            }
        }
    }

    fn add(&mut self, row: NamedRow, line: u64, tables: &mut ImportedTables) -> Result<(), ImportError> {
        if !tables.is_open() || row.at != self.last {
            row.at.into_iter().for_each(|at| tables.stamp(at));
            tables.begin(line)?;
            self.last = row.at;
        }
        for (identity, usage) in row.rows {
            let both = row.both;
            let add = |tables: &mut ImportedTables| match both {
                true => tables.add_used(identity, usage),
                false => tables.add(identity, usage),
            };
            // A row that the table already has begins the next table.
            if !add(tables) {
                tables.begin(line)?;
                add(tables);
            }
        }
        Ok(())
    }
}

/// Removes separators from both ends of a line: a spreadsheet pads a line with a single cell.
fn alone(text: &[u8]) -> &[u8] {
    let is_separator = |byte: &u8| matches!(byte, b',' | b';' | b'|' | b'\t' | b'"' | b' ');
    let from = text.iter().position(|byte| !is_separator(byte)).unwrap_or(0);
    let to = text.iter().rposition(|byte| !is_separator(byte)).map_or(0, |at| at + 1);
    text.get(from..to).unwrap_or_default()
}

struct NamedRow {
    at: Option<Stamp>,
    rows: Vec<(RowIdentity, Usage)>,
    /// Whether it has both pools, even for a tag that uses only one.
    both: bool,
}

fn row(header: &NamedHeader, cells: &[Vec<u8>], unicode: bool) -> Result<NamedRow, String> {
    let cell = |at: usize| cells.get(at).map(Vec::as_slice).unwrap_or_default();
    let text = cell(header.tag);
    let tag = pages::tag(text, pages::OEM, unicode).filter(|_| !text.is_empty());
    let tag = tag.ok_or_else(|| format!("has a tag that is not four characters long: `{}`", shown(text)))?;
    let at = match header.time.map(cell) {
        Some(text) => {
            let stamp = when::line(text).filter(Stamp::has_date);
            Some(stamp.ok_or_else(|| format!("has `{}` instead of a time", shown(text)))?)
        }
        None => None,
    };
    let mut rows = Vec::new();
    for (pool, figures) in header.pools(cell)? {
        let (counters, usage) = counted(figures, header.both(), &cell)?;
        rows.push((RowIdentity { tag, pool, session: None, counters }, usage));
    }
    Ok(NamedRow { at, rows, both: header.both() })
}

fn counted<'a>(
    FigureColumns { allocs, frees, diff, bytes }: FigureColumns,
    both: bool,
    cell: &impl Fn(usize) -> &'a [u8],
) -> Result<(Counters, Usage), String> {
    let number = |at: Option<usize>| at.map(|at| cells::number(cell(at), both)).transpose();
    let (allocs, frees, diff) = (number(allocs)?, number(frees)?, number(diff)?);
    let bytes = cells::number(bytes.map(cell).unwrap_or_default(), both)?;
    powershell::figures([allocs.as_deref(), frees.as_deref(), diff.as_deref()], &bytes)
}

/// Parses the name of a pool.
fn pool(text: &[u8]) -> Result<Pool, String> {
    let name: String = String::from_utf8_lossy(text).to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    match name.as_str() {
        "nonp" | "nonpaged" | "npaged" | "np" | "nonpagedpool" => Ok(Pool::Nonpaged),
        "paged" | "page" | "pagedpool" => Ok(Pool::Paged),
        "" => Ok(Pool::Unknown),
        _ => Err(format!("has `{}` instead of a pool", shown(text))),
    }
}
