//! CSV of poolmon-powershell, also of PoolmonViz: one row for each tag with both pools, and the time in each row.
//!
//! Rows of one time are one table. The user of that program chose the columns; columns without counts are ignored.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::bounded::{self, Bounded};
use super::passed::shown;
use super::poolmon::number::{Fields, SignedNumber};
use super::poolmon::row;
use super::tables::{ImportedTables, RowIdentity};
use super::when::Stamp;
use super::{ImportError, pages, when};
use crate::pool::{Counters, Pool, Usage};

/// The columns of one pool, after the pool's name.
const FIGURES: [&str; 4] = ["Allocs", "Frees", "Diff", "UsedBytes"];
const SOURCE: &str = "poolmon-powershell's CSV";

/// Whether a line is the header of such a file.
pub(super) fn is_header(line: &[u8]) -> bool {
    PowerShellColumns::from_names(names(line).iter().map(String::as_str)).is_some()
}

/// Whether a line is the type line that `Export-Csv` writes before the header by default.
pub(super) fn is_type(line: &[u8]) -> bool {
    line.starts_with(b"#TYPE ")
}

/// Whether a line is the header of PoolMonX's CSV: the columns of its window.
pub(super) fn is_of_poolmonx(line: &[u8]) -> bool {
    let names = names(line);
    let paged =
        |name: &String| name.starts_with("Paged ") || name.starts_with("Non Paged ") || name.starts_with("NPaged ");
    names.first().is_some_and(|first| first == "Tag") && names.iter().any(paged)
}

fn names(line: &[u8]) -> Vec<String> {
    let line = String::from_utf8_lossy(&line[..line.len().min(1024)]);
    line.split(',').map(|name| name.trim().trim_matches('"').to_owned()).collect()
}

/// The position of each column.
#[derive(Debug, Clone, Copy)]
struct PowerShellColumns {
    time: Option<usize>,
    tag: usize,
    pools: [[Option<usize>; FIGURES.len()]; 2],
}

const POOLS: [(&str, Pool); 2] = [("Paged", Pool::Paged), ("NonPaged", Pool::Nonpaged)];

impl PowerShellColumns {
    /// Returns `None` if there is no tag, or no pool with bytes.
    fn from_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Option<PowerShellColumns> {
        let place = |wanted: &str| names.clone().position(|name| name == wanted);
        let pools = POOLS.map(|(pool, _)| FIGURES.map(|figure| place(&format!("{pool}{figure}"))));
        let counted = pools.iter().any(|[.., bytes]| bytes.is_some());
        // UTC has no daylight-saving changes.
        let time = place("DateTimeUTC").or_else(|| place("DateTime"));
        Some(PowerShellColumns { time, tag: place("Tag")?, pools }).filter(|_| counted)
    }
}

/// Reads all tables of a file. If it is known to be `unicode`, each byte of a tag is a character.
pub(super) fn read(input: impl Read, unicode: bool, tables: &mut ImportedTables) -> Result<(), ImportError> {
    let (input, progress) = Bounded::new(input);
    let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
    let mut record = ByteRecord::new();
    let mut header: Option<(ByteRecord, PowerShellColumns)> = None;
    let mut last: Option<Stamp> = None;
    loop {
        let next_line = rows.position().line();
        match rows.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => progress.row(),
            Err(error) => return Err(tables.wrong(next_line, bounded::refused(&error))),
        }
        let line = record.position().map_or(next_line, csv::Position::line);
        let Some((names, columns)) = &header else {
            // The lines before the header are a type or a time.
            let columns = PowerShellColumns::from_names(
                record.iter().map(|name| str::from_utf8(name).unwrap_or_default().trim()),
            );
            header = columns.map(|columns| (record.clone(), columns));
            continue;
        };
        // Concatenated files have several headers.
        if record == *names {
            tables.end()?;
            continue;
        }
        if progress.is_cut() {
            tables.unread(line, || "is cut off".to_owned());
            continue;
        }
        if record.len() != names.len() {
            let (has, wants) = (record.len(), names.len());
            tables.unread(line, || format!("has {has} fields, but the header has {wants}"));
            continue;
        }
        let row = match PowerShellRow::read(columns, &record, unicode) {
            Ok(row) => row,
            Err(why) => {
                tables.unread(line, || why);
                continue;
            }
        };
        if !tables.is_open() || row.at != last {
            tables.set_source(SOURCE, None, false);
            row.at.into_iter().for_each(|at| tables.stamp(at));
            tables.begin(line)?;
            last = row.at;
        }
        let again = columns.time.map(|_| line);
        if !row.add(tables, again) {
            // Without times, a repeated tag begins the next table.
            tables.begin(line)?;
            row.add(tables, again);
        }
    }
    tables.end_file("table of poolmon-powershell")
}

struct PowerShellRow {
    at: Option<Stamp>,
    tag: [u8; 4],
    pools: [Option<(Counters, Usage)>; 2],
}

impl PowerShellRow {
    fn read(columns: &PowerShellColumns, record: &ByteRecord, unicode: bool) -> Result<PowerShellRow, String> {
        let field = |place: usize| record.get(place).unwrap_or_default();
        let text = field(columns.tag);
        let tag = pages::tag(text, pages::WINDOWS, unicode).filter(|_| !text.is_empty());
        let tag = tag.ok_or_else(|| format!("has a tag that is not four characters long: `{}`", shown(text)))?;
        let at = columns.time.map(|place| time(field(place))).transpose()?;
        let mut pools = [None; 2];
        for (pool, places) in pools.iter_mut().zip(columns.pools) {
            let [allocs, frees, diff, bytes] = places.map(|place| place.map(field));
            let Some(bytes) = bytes else { continue };
            *pool = Some(figures([allocs, frees, diff], bytes)?);
        }
        Ok(PowerShellRow { at, tag, pools })
    }

    /// Adds the row. If the table already has the tag: sums both rows if `again` is the row's line, otherwise returns
    /// `false`.
    fn add(&self, tables: &mut ImportedTables, again: Option<u64>) -> bool {
        let mut new = true;
        for (counted, (_, pool)) in self.pools.iter().zip(POOLS) {
            if let Some((counters, usage)) = *counted {
                let identity = RowIdentity { tag: self.tag, pool, session: None, counters };
                match (tables.add_used(identity, usage), again) {
                    (true, _) => {}
                    (false, None) => new = false,
                    (false, Some(line)) => {
                        let row = tables.row(identity);
                        tables.add_up(line, row, usage);
                    }
                }
            }
        }
        new
    }
}

/// Converts a pool's figures; allocations, frees and their difference may be missing.
pub(super) fn figures([allocs, frees, diff]: [Option<&[u8]>; 3], bytes: &[u8]) -> Result<(Counters, Usage), String> {
    let bytes = number(bytes)?;
    Ok(match (allocs, frees, diff) {
        (Some(allocs), Some(frees), diff) => {
            let (allocs, frees) = (number(allocs)?, number(frees)?);
            // Without the difference, there is nothing to check.
            let counted = allocs.wrapping().wrapping_sub(frees.wrapping());
            let diff = diff.map_or(Ok(SignedNumber { magnitude: counted, negative: false }), number)?;
            (Counters::Wrapping32, row::checked(allocs, frees, diff, bytes)?)
        }
        (_, _, Some(diff)) => {
            let objects = row::bytes_in_use(number(diff)?)?;
            (Counters::InUse, Usage { allocs: objects, frees: 0, bytes: row::bytes_in_use(bytes)? })
        }
        (_, _, None) => (Counters::BytesOnly, Usage { bytes: row::bytes_in_use(bytes)?, ..Usage::default() }),
    })
}

fn number(field: &[u8]) -> Result<SignedNumber, String> {
    let mut fields = Fields(field);
    let number = fields.number()?.filter(|_| fields.0.trim_ascii().is_empty());
    number.ok_or_else(|| format!("has `{}` instead of a number", shown(field)))
}

/// Parses `2019-07-24T12:21:57`, as `Get-Date -Format s` writes it, or a spreadsheet's version of it.
fn time(field: &[u8]) -> Result<Stamp, String> {
    let read = when::line(field).filter(|stamp| stamp.has_date());
    read.ok_or_else(|| format!("has `{}` instead of a time", shown(field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_known_by_its_columns() {
        assert!(is_header(
            br#""DateTime","DateTimeUTC","Tag","PagedAllocs","PagedFrees","PagedDiff","PagedUsedBytes""#
        ));
        assert!(is_header(b"Tag,NonPagedUsedBytes"));
        assert!(!is_header(br#""DateTime","Tag","TotalUsedBytes""#), "which pool it is cannot be told");
        assert!(!is_header(b"t_seconds,iteration,tag,pool,allocs,frees,bytes"));
        assert!(is_of_poolmonx(b"Tag,Paged Allocs,Paged Frees,Paged Diff,Paged Usage,Non Paged Allocs,"));
        assert!(!is_of_poolmonx(b"Tag,PagedAllocs"));
    }

    #[test]
    fn missing_counts_are_unknown() {
        let read = |allocs, frees, diff| figures([allocs, frees, diff], b"640").unwrap();
        let counters = |allocs, frees, diff| read(allocs, frees, diff).0;
        assert_eq!(counters(Some(&b"9"[..]), Some(b"4"), Some(b"5")), Counters::Wrapping32);
        assert_eq!(counters(Some(b"9"), Some(b"4"), None), Counters::Wrapping32);
        assert_eq!(counters(None, None, Some(b"5")), Counters::InUse);
        assert_eq!(counters(Some(b"9"), None, None), Counters::BytesOnly);
        assert!(figures([Some(b"9"), Some(b"4"), Some(b"4")], b"640").is_err());
        // PowerShell subtracts the kernel's 32-bit counters in 64 bits.
        let wrapped = figures([Some(b"3"), Some(b"4294967290"), Some(b"-4294967287")], b"640").unwrap();
        assert_eq!(wrapped.1, Usage { allocs: 3, frees: 4_294_967_290, bytes: 640 });
    }
}
