//! WinDbg's `!poolused`, as often as it stands in a log of the debugger.
//!
//! A row has both pools: of each the allocations in use and bytes, or with flag 1 allocations, frees, their difference and
//! bytes. What the tag is stands behind it, with a tab before it, or, from debuggers of 32 bits, without anything. A last
//! row is the total; a table without it was interrupted, and has not all tags.

use std::io::Read;

use super::data::looks_like_row;
use super::lines::{End, Line, Lines};
use super::passed::shown;
use super::poolmon::number::Fields;
use super::poolmon::{is_header, row};
use super::tables::{About, Tables};
use super::{ImportError, Wrong, pages, when};
use crate::pool::{Counters, Pool, Usage};

/// Reads all tables of a text.
pub(super) fn read(lines: &mut Lines<impl Read>, tables: &mut Tables) -> Result<(), ImportError> {
    let mut used = Used { columns: None, unicode: lines.are_unicode() };
    while let Some(line) = lines.next()? {
        used.line(line, tables)?;
    }
    used.end(tables)?;
    tables.end_file("table of !poolused")
}

struct Used {
    /// Inside a table, under its header.
    columns: Option<Columns>,
    /// The text is UTF-8: a byte of a tag is a character of a code page there.
    unicode: bool,
}

/// What a row has of each pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Columns {
    InUse,
    All,
}

impl Used {
    fn line(&mut self, line: Line<'_>, tables: &mut Tables) -> Result<(), ImportError> {
        let text = line.bytes.trim_ascii();
        if text.is_empty() || super::kind::is_of_debugger(text) || text.starts_with(b"NonPaged ") {
            return Ok(());
        }
        if is_header(text) {
            let what = "is PoolMon's, in a log of WinDbg's !poolused";
            return Err(tables.wrong(line.number, Wrong::new(what, "give each a file of its own")));
        }
        if let Some(columns) = header(text) {
            self.end(tables)?;
            tables.of("WinDbg's !poolused", None, false);
            self.columns = Some(columns);
            return tables.begin(line.number);
        }
        if let Some(at) = when::debug_session(text).or_else(|| when::line(text)) {
            self.end(tables)?;
            tables.stamp(at);
            return Ok(());
        }
        match self.columns.filter(|_| line.end != End::TooLong) {
            Some(_) if text.starts_with(b"TOTAL ") => {
                self.columns = None;
                tables.end()
            }
            Some(columns) => {
                if let Err(why) = read_row(line, self.unicode, columns).and_then(|row| add(row, columns, tables)) {
                    if line.end == End::File || looks_like_row(text, true) {
                        tables.unread(line.number, || why);
                    } else {
                        tables.pass(line.number, || why);
                    }
                }
                Ok(())
            }
            None if line.end == End::TooLong || looks_like_row(text, false) => {
                tables.unread(line.number, || format!("is of no table: `{}`", shown(text)));
                Ok(())
            }
            None => {
                tables.pass(line.number, || format!("is of no table: `{}`", shown(text)));
                Ok(())
            }
        }
    }

    /// A table ends, and where it has no total it was interrupted.
    fn end(&mut self, tables: &mut Tables) -> Result<(), ImportError> {
        if self.columns.take().is_some() {
            tables.shows_a_part();
        }
        tables.end()
    }
}

/// The columns which a header names: `Tag Allocs Used Allocs Used`, or with frees.
fn header(text: &[u8]) -> Option<Columns> {
    let mut words = text.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    if words.next() != Some(b"Tag") {
        return None;
    }
    match words.collect::<Vec<_>>().as_slice() {
        [b"Allocs", b"Used", b"Allocs", b"Used"] => Some(Columns::InUse),
        [b"Allocs", b"Frees", b"Diff", b"Used", b"Allocs", b"Frees", b"Diff", b"Used"] => Some(Columns::All),
        // A later header differs in a unit: `Frees Diff` twice tells it all the same.
        words => (words.iter().filter(|word| **word == b"Diff").count() == 2).then_some(Columns::All),
    }
}

/// A tag with what is counted in the nonpaged and in the paged pool.
struct Row {
    tag: [u8; 4],
    pools: [Usage; 2],
}

fn read_row(line: Line<'_>, unicode: bool, columns: Columns) -> Result<Row, String> {
    let narrow = || {
        let bytes = narrow(line.bytes)
            .ok_or_else(|| format!("has a tag which is no four characters: `{}`", shown(line.bytes)))?;
        read_bytes(Line { bytes: &bytes, ..line }, columns)
    };
    match line.bytes.is_ascii() {
        true => read_bytes(line, columns),
        false if unicode => narrow(),
        false => read_bytes(line, columns).or_else(|why| narrow().map_err(|_| why)),
    }
}

/// A line whose tag is of characters, with their bytes in place of it.
fn narrow(line: &[u8]) -> Option<Vec<u8>> {
    // Some text may follow which is cut inside a character.
    let text = line.utf8_chunks().next()?.valid();
    let end = text.char_indices().nth(6).map_or(text.len(), |(at, _)| at);
    Some([&pages::bytes(&line[..end], pages::OEM)?, &line[end..]].concat())
}

fn read_bytes(line: Line<'_>, columns: Columns) -> Result<Row, String> {
    let from = usize::from(line.bytes.first() == Some(&b' '));
    let tag = line.bytes.get(from..).and_then(|rest| rest.first_chunk::<4>().copied());
    let behind = line.bytes.get(from + 4).is_some_and(|byte| *byte == b' ');
    let (Some(tag), true) = (tag, behind) else {
        return Err(format!("is no row: `{}`", shown(line.bytes)));
    };
    let mut fields = Fields(&line.bytes[from + 4..]);
    let mut pools = [Usage::default(); 2];
    for pool in &mut pools {
        *pool = match columns {
            Columns::InUse => {
                let objects = whole(&mut fields)?;
                Usage { allocs: objects, frees: 0, bytes: whole(&mut fields)? }
            }
            Columns::All => {
                let mut next = || row::required(&mut fields);
                row::checked(next()?, next()?, next()?, next()?)?
            }
        };
    }
    // What follows is what the tag is; nothing tells a number which was cut from a smaller one.
    if line.end == End::File && fields.0.is_empty() {
        return Err("is cut off, perhaps inside its last number".to_owned());
    }
    Ok(Row { tag, pools })
}

/// A number which is not below zero, as many bytes as a machine may have. Text that follows may begin with a digit: it does
/// where the number would begin with a zero.
fn whole(fields: &mut Fields<'_>) -> Result<u64, String> {
    let text = fields.0.trim_ascii_start();
    if let [b'0', rest @ ..] = text {
        fields.0 = rest;
        return Ok(0);
    }
    row::bytes_in_use(row::required(fields)?)
}

fn add(Row { tag, pools }: Row, columns: Columns, tables: &mut Tables) -> Result<(), String> {
    let counters = match columns {
        Columns::InUse => Counters::InUse,
        Columns::All => Counters::Wrapping32,
    };
    for (pool, usage) in [Pool::Nonpaged, Pool::Paged].into_iter().zip(pools) {
        if !tables.add_used(About { tag, pool, session: None, counters }, usage) {
            return Err(format!("has the tag `{}` a second time in one table", shown(&tag)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str, columns: Columns) -> Result<([u8; 4], [u64; 6]), String> {
        let row = read_row(Line { bytes: text.as_bytes(), raw: b"", number: 1, end: End::Newline }, false, columns)?;
        let [a, b] = row.pools;
        Ok((row.tag, [a.allocs, a.frees, a.bytes, b.allocs, b.frees, b.bytes]))
    }

    #[test]
    fn a_row_is_read_whatever_follows_it() {
        for text in [
            " 1394         1      520         0        0\tUNKNOWN pooltag '1394', please update pooltag.txt",
            " 1394         1      520         0        0UNKNOWN pooltag '1394', please update pooltag.txt",
            " 1394         1      520         0        01394 bus , Binary: 1394bus.sys",
            "1394 1 520 0 0",
        ] {
            assert_eq!(row(text, Columns::InUse), Ok((*b"1394", [1, 0, 520, 0, 0, 0])), "{text}");
        }
        let all = " Io  \t".replace('\t', "  10  4  6  600  3  4294967290  9  288\tgeneral IO allocations");
        assert_eq!(row(&all, Columns::All), Ok((*b"Io  ", [10, 4, 600, 3, 4_294_967_290, 288])));
        assert!(row(" Io    10  4  7  600  3  3  0  0", Columns::All).is_err_and(|why| why.contains("add up")));
        assert!(row(" Io    10  4", Columns::InUse).is_err_and(|why| why.contains("ends before")));
        assert!(row("nothing of it", Columns::InUse).is_err());
    }

    #[test]
    fn a_header_says_what_is_counted() {
        assert_eq!(header(b"Tag    Allocs     Used    Allocs     Used"), Some(Columns::InUse));
        let all = b"Tag    Allocs    Frees     Diff     Used   Allocs    Frees     Diff     Used";
        assert_eq!(header(all), Some(Columns::All));
        assert_eq!(header(b"Tag  Type Allocs"), None);
    }
}
