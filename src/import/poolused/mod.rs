//! WinDbg's `!poolused`: all of its tables in a log of the debugger.
//!
//! A row has both pools: for each, allocations in use and bytes, or with flag 1 allocations, frees, their difference
//! and bytes. A description of the tag follows, after a tab or, in 32-bit debuggers, without a separator. The last row
//! is the total; a table without it was interrupted, so it lacks tags. A table also lacks tags if its command names a
//! tag.
// long because all forms of one command are decided here.

use std::io::Read;

use self::columns::{Numbers, PoolUsedColumns, PoolUsedFigures};
use super::data::looks_like_row;
use super::lines::{End, LogLine, LogLines};
use super::passed::shown;
use super::poolmon::number::SignedNumber;
use super::poolmon::row;
use super::tables::{ImportedTables, RowIdentity};
use super::{ImportError, LogProblem, pages, paste, poolmon, when};
use crate::pool::{Counters, Pool, Usage};

mod columns;

/// Whether a line is the header of a table of `!poolused`.
pub(super) fn is_header(line: &[u8]) -> bool {
    PoolUsedColumns::from_header(line).is_some()
}

/// Reads all tables of a text.
pub(super) fn read(lines: &mut LogLines<impl Read>, tables: &mut ImportedTables) -> Result<(), ImportError> {
    let mut used = Used { columns: None, unicode: lines.are_unicode(), filtered: false, indent: 0 };
    while let Some(line) = lines.next()? {
        used.line(line, tables)?;
    }
    used.end(tables)?;
    tables.end_file("table of !poolused")
}

struct Used {
    /// The columns of the table being read; `None` outside a table.
    columns: Option<PoolUsedColumns>,
    /// The text is UTF-8, so each byte of a tag is a character of a code page.
    unicode: bool,
    /// The next table has only the tag that the command names.
    filtered: bool,
    /// The number of blanks before every line of a table inside an indented text.
    indent: usize,
}

impl Used {
    fn line(&mut self, line: LogLine<'_>, tables: &mut ImportedTables) -> Result<(), ImportError> {
        let text = line.bytes.trim_ascii();
        if text.is_empty() || super::format::is_of_debugger(text) || text.starts_with(b"NonPaged ") {
            return Ok(());
        }
        if poolmon::is_header(text) {
            let what = "is from PoolMon, but this log is from WinDbg's !poolused";
            return Err(tables.wrong(line.number, LogProblem::new(what, "put each into its own file")));
        }
        if PoolUsedColumns::from_header(line.bytes).is_some() {
            self.indent = line.bytes.iter().take_while(|byte| **byte == b' ').count().saturating_sub(1);
        }
        let line = LogLine { bytes: self.unindented(line.bytes), ..line };
        if let Some(columns) = PoolUsedColumns::from_header(line.bytes) {
            self.end(tables)?;
            tables.set_source("WinDbg's !poolused", None, false);
            self.columns = Some(columns);
            tables.begin(line.number)?;
            if std::mem::take(&mut self.filtered) {
                tables.shows_a_part();
            }
            return Ok(());
        }
        if let Some(at) = when::debug_session(text).or_else(|| when::line(text)) {
            self.end(tables)?;
            tables.stamp(at);
            return Ok(());
        }
        self.filtered |= names_a_tag(text);
        match self.columns.as_ref().filter(|_| line.end != End::TooLong) {
            Some(columns) if text.starts_with(b"TOTAL ") => {
                if let Ok((Numbers { all, .. }, _)) = columns.numbers(text, b"TOTAL".len())
                    && let Ok(pools) = pools(&all, columns.counted)
                {
                    POOLS.into_iter().zip(pools).for_each(|(pool, usage)| tables.total(pool, usage.bytes));
                }
                self.columns = None;
                tables.end()
            }
            Some(columns) => {
                match read_row(line, self.unicode, columns) {
                    Ok(row) => add(&row, columns, line.number, tables),
                    Err(why) if line.end == End::File || looks_like_row(text, true) => {
                        tables.unread(line.number, || why)
                    }
                    Err(why) => tables.pass(line.number, || why),
                }
                Ok(())
            }
            None if paste::is_fence(text) => Ok(()),
            None if line.end == End::TooLong || looks_like_row(text, false) => {
                tables.unread(line.number, || format!("belongs to no table: `{}`", shown(text)));
                Ok(())
            }
            None => {
                tables.pass(line.number, || format!("belongs to no table: `{}`", shown(text)));
                Ok(())
            }
        }
    }

    fn unindented<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        match line.split_at_checked(self.indent) {
            Some((blank, rest)) if blank.iter().all(|byte| *byte == b' ') => rest,
            _ => line,
        }
    }

    /// Ends a table. A table without a total was interrupted.
    fn end(&mut self, tables: &mut ImportedTables) -> Result<(), ImportError> {
        if self.columns.take().is_some() {
            tables.shows_a_part();
        }
        tables.end()
    }
}

/// Whether a line is a command for the table of one tag, or of a pattern: `!poolused 2 Irp`.
fn names_a_tag(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let flags = |word: &[u8]| word.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'x') && word.len() < 4;
    words.any(|word| word == b"!poolused") && words.any(|word| !flags(word))
}

const POOLS: [Pool; 2] = [Pool::Nonpaged, Pool::Paged];

/// A tag with its figures in the nonpaged and in the paged pool.
struct PoolUsedRow {
    tag: [u8; 4],
    pools: [Usage; 2],
    /// Whether a number is longer than its column.
    long: bool,
}

fn read_row(line: LogLine<'_>, unicode: bool, columns: &PoolUsedColumns) -> Result<PoolUsedRow, String> {
    let narrow = || {
        let bytes = narrow(line.bytes)
            .ok_or_else(|| format!("has a tag that is not four characters long: `{}`", shown(line.bytes)))?;
        read_bytes(LogLine { bytes: &bytes, ..line }, columns)
    };
    match line.bytes.is_ascii() {
        true => read_bytes(line, columns),
        false if unicode => narrow(),
        false => read_bytes(line, columns).or_else(|why| narrow().map_err(|_| why)),
    }
}

/// Replaces the characters of a line's tag by their bytes.
fn narrow(line: &[u8]) -> Option<Vec<u8>> {
    // The text after the tag may be cut inside a character.
    let text = line.utf8_chunks().next()?.valid();
    let end = text.char_indices().nth(6).map_or(text.len(), |(at, _)| at);
    Some([&pages::bytes(&line[..end], pages::OEM)?, &line[end..]].concat())
}

fn read_bytes(line: LogLine<'_>, columns: &PoolUsedColumns) -> Result<PoolUsedRow, String> {
    let written = as_written(line.bytes).and_then(|(tag, from)| read_numbers(line, tag, from, columns));
    if !columns.collapsed {
        return written;
    }
    // Without columns, a tag has lost its trailing spaces.
    match (written, shortened(line.bytes).and_then(|(tag, from)| read_numbers(line, tag, from, columns))) {
        (Ok(written), Ok(shortened)) if written.tag != shortened.tag => {
            let [tag, other] = [&written.tag, &shortened.tag].map(|tag| shown(tag));
            Err(format!("may belong to the tag `{tag}` or `{other}`"))
        }
        (written, Err(_)) => written,
        (_, shortened) => shortened,
    }
}

/// A tag of four characters after at most one space, and the offset of its end.
fn as_written(line: &[u8]) -> Result<([u8; 4], usize), String> {
    let from = usize::from(line.first() == Some(&b' '));
    let tag = line.get(from..).and_then(|rest| rest.first_chunk::<4>().copied());
    let behind = line.get(from + 4).is_some_and(|byte| *byte == b' ');
    tag.filter(|_| behind).map(|tag| (tag, from + 4)).ok_or_else(|| format!("is not a row: `{}`", shown(line)))
}

/// A tag of up to four characters without a space, and the offset of its end.
fn shortened(line: &[u8]) -> Result<([u8; 4], usize), String> {
    let from = line.len() - line.trim_ascii_start().len();
    let word = line[from..].split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let mut tag = [b' '; 4];
    let place = tag.get_mut(..word.len()).filter(|_| !word.is_empty());
    place.ok_or_else(|| format!("is not a row: `{}`", shown(line)))?.copy_from_slice(word);
    Ok((tag, from + word.len()))
}

/// Parses the row of a tag that ends at `from`.
fn read_numbers(
    line: LogLine<'_>,
    tag: [u8; 4],
    from: usize,
    columns: &PoolUsedColumns,
) -> Result<PoolUsedRow, String> {
    let (Numbers { all, long }, end) = columns.numbers(line.bytes, from)?;
    // A description normally follows. Without it, a number that was cut off looks like a smaller number.
    if line.end == End::File && end == line.bytes.len() {
        return Err("is cut off, perhaps inside its last number".to_owned());
    }
    Ok(PoolUsedRow { tag, pools: pools(&all, columns.counted)?, long })
}

/// Converts a row's numbers to the usage of each pool.
fn pools(numbers: &[SignedNumber], counted: PoolUsedFigures) -> Result<[Usage; 2], String> {
    let mut pools = [Usage::default(); 2];
    for (pool, numbers) in pools.iter_mut().zip(numbers.chunks(numbers.len() / 2)) {
        *pool = match (counted, numbers) {
            (PoolUsedFigures::InUse, [objects, bytes]) => {
                let allocs = row::bytes_in_use(*objects)?;
                Usage { allocs, frees: 0, bytes: row::bytes_in_use(*bytes)? }
            }
            (PoolUsedFigures::All, [allocs, frees, diff, bytes]) => row::checked(*allocs, *frees, *diff, *bytes)?,
            _ => return Err("ends before its last number".to_owned()),
        };
    }
    Ok(pools)
}

fn add(row: &PoolUsedRow, columns: &PoolUsedColumns, line: u64, tables: &mut ImportedTables) {
    let counters = match columns.counted {
        PoolUsedFigures::InUse => Counters::InUse,
        PoolUsedFigures::All => Counters::Wrapping32,
    };
    if row.long {
        tables.doubt(line, || "has a number that is longer than its column".to_owned());
    }
    for (pool, usage) in POOLS.into_iter().zip(row.pools) {
        let identity = RowIdentity { tag: row.tag, pool, session: None, counters };
        if !tables.add_used(identity, usage) {
            let place = tables.row(identity);
            tables.add_up(line, place, usage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN_USE: &str = " Tag    Allocs     Used    Allocs     Used";
    const ALL: &str = " Tag    Allocs    Frees     Diff     Used   Allocs    Frees     Diff     Used";

    fn row(text: &str, header: &str) -> Result<([u8; 4], [u64; 6]), String> {
        let columns = PoolUsedColumns::from_header(header.as_bytes()).unwrap();
        let row = read_row(LogLine { bytes: text.as_bytes(), number: 1, end: End::Newline }, false, &columns)?;
        let [a, b] = row.pools;
        Ok((row.tag, [a.allocs, a.frees, a.bytes, b.allocs, b.frees, b.bytes]))
    }

    #[test]
    fn a_row_is_read_with_any_text_after_it() {
        for text in [
            " 1394         1      520         0        0\tUNKNOWN pooltag '1394', please update pooltag.txt",
            " 1394         1      520         0        0UNKNOWN pooltag '1394', please update pooltag.txt",
            " 1394         1      520         0        01394 bus , Binary: 1394bus.sys",
            "1394 1 520 0 0",
        ] {
            assert_eq!(row(text, IN_USE), Ok((*b"1394", [1, 0, 520, 0, 0, 0])), "{text}");
        }
        let all = " Io  \t".replace('\t', "  10  4  6  600  3  4294967290  9  288\tgeneral IO allocations");
        assert_eq!(row(&all, ALL), Ok((*b"Io  ", [10, 4, 600, 3, 4_294_967_290, 288])));
        assert!(row(" Io    10  4  7  600  3  3  0  0", ALL).is_err_and(|why| why.contains("add up")));
        assert!(row(" Io    10  4", IN_USE).is_err_and(|why| why.contains("ends before")));
        assert!(row("nothing of it", IN_USE).is_err());
    }

    #[test]
    fn a_tag_that_lost_its_spaces_is_found_by_the_numbers() {
        let header = "Tag Allocs Used Allocs Used";
        for (text, tag, figures) in [
            ("Irp 7741 5011040 0 0 Io, IRP packets", b"Irp ", [7741, 0, 5_011_040, 0, 0, 0]),
            ("Io 120 8000 3 144 general IO allocations", b"Io  ", [120, 0, 8000, 3, 0, 144]),
            ("Io 7 8000 3 144 general IO allocations", b"Io  ", [7, 0, 8000, 3, 0, 144]),
            ("A 1 2 3 4", b"A   ", [1, 0, 2, 3, 0, 4]),
            ("Thre 1725 4416000 0 0 Thread objects", b"Thre", [1725, 0, 4_416_000, 0, 0, 0]),
        ] {
            assert_eq!(row(text, header), Ok((*tag, figures)), "{text}");
        }
        assert_eq!(row("Io 7 8000 3 144 1394 bus", header), Err("may belong to the tag `Io 7` or `Io`".to_owned()));
        assert!(row("Toolong 1 2 3 4", header).is_err());
    }

    #[test]
    fn a_command_may_name_a_tag() {
        for (line, expected) in [
            ("0: kd> !poolused", false),
            ("0: kd> !poolused 2", false),
            ("kd> !poolused /t5 2", true),
            ("0: kd> !poolused 0x2 Irp", true),
            ("0: kd> !poolused 4 My*", true),
            ("0: kd> !vm 2 Irp", false),
        ] {
            assert_eq!(names_a_tag(line.as_bytes()), expected, "{line}");
        }
    }
}
