//! `localtag.txt`, the list of the drivers on a machine by tag. PoolMon's `/c` makes it on 32-bit Windows only;
//! poolgate makes it everywhere.
//!
//! Microsoft documents how PoolMon shows it (`[el90xbc5]`: the driver without `.sys`; Microsoft Learn, "PoolMon
//! Examples"), but not its layout. poolgate writes it like pooltag.txt, `<tag> - <driver>`, one row per driver. When
//! reading, a row may have several drivers and no dash.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use super::pooltag::{self, Malformed, padded};
use super::scan::Scan;
use crate::pool::Tag;

/// The list: drivers without `.sys`, by tag.
#[derive(Debug, Default)]
pub struct LocalTags {
    drivers: BTreeMap<[u8; 4], BTreeSet<String>>,
    /// Rows that could not be parsed.
    pub malformed: Malformed,
}

impl LocalTags {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or is far too large to be such a list.
    pub fn open(path: &Path) -> io::Result<LocalTags> {
        Ok(LocalTags::read(&pooltag::contents(path)?))
    }

    /// Parses the contents of such a file.
    pub fn read(bytes: &[u8]) -> LocalTags {
        let mut tags = LocalTags::default();
        for (number, line) in pooltag::lines(bytes).enumerate().filter(|(_, line)| !pooltag::is_comment(line)) {
            match row(&line) {
                Some((tag, drivers)) => tags.drivers.entry(tag).or_default().extend(drivers),
                None => tags.malformed.add(number + 1, &line),
            }
        }
        tags
    }

    /// Makes the list from a scan for all tags.
    pub fn from_scan(scan: &Scan) -> LocalTags {
        let mut tags = LocalTags::default();
        for driver in &scan.drivers {
            for tag in driver.image.found.keys() {
                tags.drivers.entry(plain(*tag)).or_default().insert(stem(&driver.name).to_owned());
            }
        }
        tags
    }

    /// Returns the drivers that allocate under a tag.
    pub fn drivers(&self, tag: [u8; 4]) -> impl Iterator<Item = &str> {
        self.drivers.get(&tag).into_iter().flatten().map(String::as_str)
    }

    /// Returns the tags, in the order of their bytes.
    pub fn tags(&self) -> impl Iterator<Item = Tag> {
        self.drivers.keys().map(|tag| Tag::from_pool_tag(*tag))
    }

    /// Returns the number of tags.
    pub fn len(&self) -> usize {
        self.drivers.len()
    }

    /// Returns whether there are no tags.
    pub fn is_empty(&self) -> bool {
        self.drivers.is_empty()
    }

    /// Writes the list as a file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for (tag, drivers) in &self.drivers {
            for driver in drivers {
                out.write_all(tag)?;
                write!(out, " - {driver}\r\n")?;
            }
        }
        Ok(())
    }
}

fn row(line: &str) -> Option<([u8; 4], Vec<String>)> {
    // poolgate's own layout in columns. It must be tried first, because a tag may end like the start of the separator.
    let in_columns = line.get(4..7).filter(|mark| *mark == " - ").and_then(|_| Some((line.get(..4)?, line.get(7..)?)));
    let (tag, drivers) = match in_columns.or_else(|| pooltag::divide(line)) {
        Some((tag, drivers)) => (tag.get(..4).filter(|_| tag.len() <= 5).unwrap_or(tag), drivers),
        // The four characters of the tag may include spaces.
        None => (line.get(..4)?, line.get(4..)?),
    };
    let separated = drivers.split(|c: char| c.is_whitespace() || c == ',').filter(|name| !name.is_empty());
    let stems = separated.map(|name| stem(name.trim_matches(['[', ']'])));
    // The names `.sys` and `[]` become empty.
    let drivers: Vec<String> = stems.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let tag = padded(tag.trim_end().as_bytes())?;
    let is_tag = tag.iter().all(|byte| (b' '..=b'~').contains(byte)) && tag != *b"    ";
    // Terminals will show the names.
    let are_names = !drivers.is_empty() && !drivers.iter().any(|name| name.contains(char::is_control));
    (is_tag && are_names).then_some((tag, drivers))
}

/// Returns a driver's name without `.sys`, as PoolMon writes it.
pub(super) fn stem(name: &str) -> &str {
    let (stem, ending) = name.split_at_checked(name.len().saturating_sub(4)).unwrap_or((name, ""));
    if ending.eq_ignore_ascii_case(".sys") { stem } else { name }
}

/// Returns the tag without PROTECTED_POOL.
fn plain([a, b, c, d]: [u8; 4]) -> [u8; 4] {
    [a, b, c, d & 0x7f]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_likely_layout_is_read() {
        let list = LocalTags::read(
            b"1MEM - el90xbc5\r\n2MEM   el90xbc5.sys,other\nIo   - a\nDh 1 - b\nDh 1 c\n 1 - x\n\nbad\nBad1 - a\x1b[1m\n",
        );
        let drivers = |tag: &[u8; 4]| list.drivers(*tag).collect::<Vec<_>>().join(" ");
        assert_eq!(drivers(b"1MEM"), "el90xbc5");
        assert_eq!(drivers(b"2MEM"), "el90xbc5 other");
        assert_eq!(drivers(b"Io  "), "a");
        assert_eq!(drivers(b"Dh 1"), "b c");
        assert_eq!(drivers(b" 1  "), "x");
        assert_eq!((list.len(), list.malformed.count), (5, 2));
    }

    #[test]
    fn a_written_list_is_read_back() {
        let list = LocalTags::read(b"Io   - a\nDh 1 - b c\n 1   - x\nNone - .sys []\nIo -[ y.sys\n");
        let mut written = Vec::new();
        list.write(&mut written).unwrap();
        assert_eq!(String::from_utf8_lossy(&written), " 1   - x\r\nDh 1 - b\r\nDh 1 - c\r\nIo   - a\r\nIo - - y\r\n");
        assert_eq!(LocalTags::read(&written).drivers, list.drivers);
    }
}
