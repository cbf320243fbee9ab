//! `pooltag.txt`, Microsoft's list of tags, which comes with Debugging Tools for Windows and the WDK.
//!
//! A row is `<tag> - <binary> - <description>`; some have no binary, some tags have several rows, and a pattern may stand
//! for a tag: `Afd?`, `CM*` (Microsoft Learn, "PoolMon Display", "!pool"). The real file has rows which are none of this:
//! they are counted and the first few kept, so that whoever wrote one can be told. The file is never ours to ship.

use std::collections::HashMap;
use std::io;
use std::path::Path;

/// The list.
#[derive(Debug, Default)]
pub struct PoolTags {
    rows: Vec<Row>,
    exact: HashMap<[u8; 4], Vec<usize>>,
    patterns: Vec<usize>,
    /// What could not be read.
    pub malformed: Malformed,
}

/// What the list says of one tag, or of all that a pattern means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The tag, or the pattern, as it is written.
    pub tag: String,
    /// The driver, or a part of the kernel: `afd.sys`, `nt!mm`. `None` where the row has only a description.
    pub binary: Option<String>,
    /// What is allocated under it.
    pub description: String,
    /// Everything behind the tag, as it is written: what PoolMon shows.
    pub text: String,
}

/// Rows which are no rows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// How many.
    pub count: usize,
    /// The first few: number of the line, and what it says.
    pub first: Vec<(usize, String)>,
}

/// Malformed rows which are kept.
const SHOWN: usize = 5;
const MOST_SHOWN: usize = 60;
/// The real file has half a megabyte.
const MOST_BYTES: u64 = 64 << 20;

impl PoolTags {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is far too large to be such a list.
    pub fn open(path: &Path) -> io::Result<PoolTags> {
        Ok(PoolTags::read(&contents(path)?))
    }

    /// Reads the bytes of such a file.
    pub fn read(bytes: &[u8]) -> PoolTags {
        let mut tags = PoolTags::default();
        for (number, line) in lines(bytes).enumerate() {
            if is_comment(&line) {
                continue;
            }
            match Row::read(&line) {
                Some(row) => tags.add(row),
                None => tags.malformed.add(number + 1, &line),
            }
        }
        tags
    }

    fn add(&mut self, row: Row) {
        let at = self.rows.len();
        match padded(row.tag.as_bytes()).filter(|_| !row.has_wildcards()) {
            Some(tag) => self.exact.entry(tag).or_default().push(at),
            None => self.patterns.push(at),
        }
        self.rows.push(row);
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What is said of a tag, given as its four bytes: all rows of the tag itself, else of the pattern which means it with
    /// the fewest `?`, else with the longest beginning before a `*`.
    pub fn of(&self, tag: [u8; 4]) -> Vec<&Row> {
        if let Some(rows) = self.exact.get(&tag) {
            return rows.iter().map(|at| &self.rows[*at]).collect();
        }
        let matching = self.patterns.iter().map(|at| &self.rows[*at]).filter(|row| row.matches(tag));
        let matching: Vec<&Row> = matching.collect();
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

impl Row {
    fn read(line: &str) -> Option<Row> {
        let (tag, text) = divide(line)?;
        let tag = tag.trim_start_matches([' ', '\t']);
        // A tag's own spaces at its end are padding; what is longer than four characters is no tag.
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
        Some(Row {
            tag: tag.to_owned(),
            // Microsoft writes `<unknown>`.
            binary: Some(binary.to_owned()).filter(|binary| !binary.is_empty() && !binary.starts_with('<')),
            description: description.to_owned(),
            text,
        })
    }

    /// Whether it means several tags.
    pub fn has_wildcards(&self) -> bool {
        self.tag.contains(['?', '*'])
    }

    fn matches(&self, tag: [u8; 4]) -> bool {
        let pattern = self.tag.as_bytes();
        let Some(star) = pattern.iter().position(|byte| *byte == b'*') else {
            return padded(pattern).is_some_and(|pattern| fits(&pattern, &tag));
        };
        // Nothing in the real file stands behind a `*`.
        star + 1 == pattern.len() && fits(&pattern[..star], &tag[..star])
    }

    /// How little it says of the tag: patterns with `*` last, then those with more places left open.
    fn vagueness(&self) -> (bool, usize) {
        let star = self.tag.contains('*');
        let open = self.tag.bytes().filter(|byte| *byte == b'?').count();
        (star, open + if star { 5 - self.tag.len() } else { 0 })
    }
}

fn fits(pattern: &[u8], tag: &[u8]) -> bool {
    pattern.iter().zip(tag).all(|(pattern, byte)| pattern == byte || *pattern == b'?')
}

/// The bytes of a file which may be a list.
pub(super) fn contents(path: &Path) -> io::Result<Vec<u8>> {
    let file = fs_err::metadata(path)?;
    if !file.is_file() || file.len() > MOST_BYTES {
        let why = format!("{} is not a list of tags: it is not a file, or it is larger than 64 MiB", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    fs_err::read(path)
}

/// A tag as the kernel has it: four bytes, the last of them spaces.
pub(super) fn padded(tag: &[u8]) -> Option<[u8; 4]> {
    let mut padded = [b' '; 4];
    padded.get_mut(..tag.len())?.copy_from_slice(tag);
    Some(padded)
}

/// A line in two at its first dash between spaces.
pub(super) fn divide(line: &str) -> Option<(&str, &str)> {
    let bytes = line.as_bytes();
    let space = |at: usize| bytes.get(at).is_none_or(u8::is_ascii_whitespace);
    let at = (1..bytes.len()).find(|&at| bytes[at] == b'-' && space(at - 1) && space(at + 1))?;
    Some((&line[..at], &line[at + 1..]))
}

/// Lines in whatever encoding an editor left them: UTF-16 with its mark, else UTF-8; what is neither is shown as it can be.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => {
            let units = rest.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned(),
    };
    text.lines().map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// Whether a line says nothing: empty, `// …`, or `rem …` as in a batch file. A tag may be called `rem` too.
pub(super) fn is_comment(line: &str) -> bool {
    let line = line.trim();
    let rem = line.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("rem"));
    let behind = line.get(3..).unwrap_or_default();
    let is_row = behind.trim_start().starts_with("- ");
    line.is_empty() || line.starts_with("//") || (rem && !is_row && behind.trim_start().len() < behind.len().max(1))
}

/// A binary and its description where no space stands behind the dash: `nt!cm        -internal registry memory`.
fn close_dash(text: &str) -> Option<(&str, &str)> {
    let (binary, rest) = text.split_once(char::is_whitespace)?;
    let description = rest.trim_start().strip_prefix('-')?;
    (is_binary(binary) || binary.starts_with('<')).then(|| (binary, description.trim()))
}

fn is_binary(text: &str) -> bool {
    !text.contains(' ') && text.contains(['.', '!'])
}

/// What is going to be shown on terminals.
fn clean(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
