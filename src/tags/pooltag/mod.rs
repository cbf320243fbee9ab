//! `pooltag.txt`, Microsoft's list of tags in Debugging Tools for Windows and the WDK.
//!
//! A row is `<tag> - <binary> - <description>`. Some rows have no binary, some tags have several rows, and a row may
//! have a pattern in place of a tag: `Afd?`, `CM*` (Microsoft Learn, "PoolMon Display", "!pool"). The real file has
//! some rows of other forms. These are counted, and the first few are kept for a warning. poolgate may not distribute
//! the file.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use crate::utf16;

/// The rows of the list.
#[derive(Debug, Default)]
pub struct PoolTags {
    rows: Vec<PoolTagRow>,
    exact: HashMap<[u8; 4], Vec<usize>>,
    patterns: Vec<usize>,
    /// Rows that could not be parsed.
    pub malformed: Malformed,
}

/// A row: a tag or a pattern of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolTagRow {
    /// The tag or pattern, as written in the file.
    pub tag: String,
    /// The driver or a part of the kernel: `afd.sys`, `nt!mm`. `None` if the row has only a description.
    pub binary: Option<String>,
    /// The purpose of the memory.
    pub description: String,
    /// All text after the tag, as written in the file. PoolMon shows this text.
    pub text: String,
}

/// Rows that could not be parsed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The number of such rows.
    pub count: usize,
    /// The first few such rows: line number and text.
    pub first: Vec<(usize, String)>,
}

/// The number of malformed rows kept.
const SHOWN: usize = 5;
const MOST_SHOWN: usize = 60;
/// The largest file that is read, in bytes. The real file has half a megabyte.
const MOST_BYTES: u64 = 64 << 20;

impl PoolTags {
    /// Reads a file.
    ///
    /// # Errors
    /// If it cannot be read, or is far too large to be such a list.
    pub fn open(path: &Path) -> io::Result<PoolTags> {
        Ok(PoolTags::read(&contents(path)?))
    }

    /// Parses the contents of such a file.
    pub fn read(bytes: &[u8]) -> PoolTags {
        let mut tags = PoolTags::default();
        for (number, line) in lines(bytes).enumerate() {
            if is_comment(&line) {
                continue;
            }
            match PoolTagRow::read(&line) {
                Some(row) => tags.add(row),
                None => tags.malformed.add(number + 1, &line),
            }
        }
        tags
    }

    fn add(&mut self, row: PoolTagRow) {
        let at = self.rows.len();
        match padded(row.tag.as_bytes()).filter(|_| !row.has_wildcards()) {
            Some(tag) => self.exact.entry(tag).or_default().push(at),
            None => self.patterns.push(at),
        }
        self.rows.push(row);
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the rows for a tag of four bytes: all rows of the tag itself; else the rows of the matching pattern with
    /// the fewest `?`; else of the one with the longest prefix before a `*`.
    pub fn rows(&self, tag: [u8; 4]) -> Vec<&PoolTagRow> {
        if let Some(rows) = self.exact.get(&tag) {
            return rows.iter().map(|at| &self.rows[*at]).collect();
        }
        let matching = self.patterns.iter().map(|at| &self.rows[*at]).filter(|row| row.matches(tag));
        let matching: Vec<&PoolTagRow> = matching.collect();
        let best = matching.iter().map(|row| row.vagueness()).min();
        matching.into_iter().filter(|row| Some(row.vagueness()) == best).collect()
    }
}

impl Malformed {
    pub(super) fn add(&mut self, number: usize, line: &str) {
        self.count += 1;
        if self.first.len() < SHOWN {
            let text = line.trim().chars().filter(|c| !c.is_control()).take(MOST_SHOWN).collect();
            self.first.push((number, text));
        }
    }
}

impl PoolTagRow {
    fn read(line: &str) -> Option<PoolTagRow> {
        let (tag, text) = divide(line)?;
        let tag = tag.trim_start_matches([' ', '\t']);
        // Trailing spaces of a tag are padding. Longer texts are no tags.
        let tag = tag.trim_end();
        let is_tag = (1..=4).contains(&tag.len()) && tag.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let text = clean(text);
        if !is_tag || text.is_empty() {
            return None;
        }
        let (binary, description) = match divide(&text) {
            Some((binary, description)) => (binary.trim(), description.trim()),
            None if is_binary(&text) => (text.as_str(), ""),
            None => close_dash(&text).unwrap_or(("", text.as_str())),
        };
        Some(PoolTagRow {
            tag: tag.to_owned(),
            // Microsoft writes `<unknown>`.
            binary: Some(binary.to_owned()).filter(|binary| !binary.is_empty() && !binary.starts_with('<')),
            description: description.to_owned(),
            text,
        })
    }

    /// Returns whether the row is for several tags.
    pub fn has_wildcards(&self) -> bool {
        self.tag.contains(['?', '*'])
    }

    fn matches(&self, tag: [u8; 4]) -> bool {
        let pattern = self.tag.as_bytes();
        let Some(star) = pattern.iter().position(|byte| *byte == b'*') else {
            return padded(pattern).is_some_and(|pattern| fits(&pattern, &tag));
        };
        // In the real file `*` is always the last character.
        star + 1 == pattern.len() && fits(&pattern[..star], &tag[..star])
    }

    /// Returns the sort key of a pattern, the most specific first: patterns with `*` last, then by the number of open
    /// places.
    fn vagueness(&self) -> (bool, usize) {
        let star = self.tag.contains('*');
        let open = self.tag.bytes().filter(|byte| *byte == b'?').count();
        (star, open + if star { 5 - self.tag.len() } else { 0 })
    }
}

fn fits(pattern: &[u8], tag: &[u8]) -> bool {
    pattern.iter().zip(tag).all(|(pattern, byte)| pattern == byte || *pattern == b'?')
}

/// Reads a file that may be a list.
pub(super) fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs_err::metadata(path)?;
    if !file.is_file() || file.len() > MOST_BYTES {
        let why = format!("{} is not a list of tags: it is not a file, or it is larger than 64 MiB", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    fs_err::read(path)
}

/// Returns a tag as the kernel stores it: four bytes, padded with spaces.
pub(super) fn padded(tag: &[u8]) -> Option<[u8; 4]> {
    let mut padded = [b' '; 4];
    padded.get_mut(..tag.len())?.copy_from_slice(tag);
    Some(padded)
}

/// Splits a line at its first dash between spaces.
pub(super) fn divide(line: &str) -> Option<(&str, &str)> {
    let bytes = line.as_bytes();
    let space = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
    let at = (1..bytes.len()).find(|&at| bytes[at] == b'-' && space(at - 1) && space(at + 1))?;
    Some((&line[..at], &line[at + 1..]))
}

/// Returns the lines of a file: UTF-16 if it starts with a byte order mark, else UTF-8. Invalid characters are
/// replaced.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16::lossy(rest),
        _ => String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned(),
    };
    text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// Returns whether a line is empty or a comment: `// …`, or `rem …` as in a batch file. A tag may also be called `rem`.
pub(super) fn is_comment(line: &str) -> bool {
    let line = line.trim();
    let rem = line.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("rem"));
    let behind = line.get(3..).unwrap_or_default();
    let is_row = behind.trim_start().starts_with("- ");
    line.is_empty() || line.starts_with("//") || (rem && !is_row && behind.trim_start().len() < behind.len().max(1))
}

/// Splits a row with no space after the dash: `nt!cm        -internal registry memory`.
fn close_dash(text: &str) -> Option<(&str, &str)> {
    let (binary, rest) = text.split_once(char::is_whitespace)?;
    let description = rest.trim_start().strip_prefix('-')?;
    (is_binary(binary) || binary.starts_with('<')).then(|| (binary, description.trim()))
}

fn is_binary(text: &str) -> bool {
    !text.contains(' ') && text.contains(['.', '!'])
}

/// Removes control characters, because terminals will show the text.
fn clean(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
