//! The lines around PoolMon's rows: the memory of the whole machine, a title, the table's header.

use super::super::paste;
use super::super::when::{self, Stamp};

/// A line that is not a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherLine {
    /// `Memory:` and `Commit:`, at the top of a screen.
    Memory,
    /// A title with the scope of the table.
    Title(TableScope),
    /// The table's header. `drivers`: it has a column of drivers' names. `short`: it has no column `Per Alloc`.
    Header {
        drivers: bool,
        short: bool,
    },
    /// A mark around a quotation, as in Markdown.
    Fence,
    /// A rule under the header.
    Rule,
    /// The time of the next table, or a part of it.
    Time(Stamp),
    Blank,
}

/// The memory that a table covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableScope {
    System,
    /// The sum over all sessions.
    AllSessions,
    Session(u32),
}

/// Parses a line around rows; `None` if PoolMon does not write such a line.
pub(super) fn read(line: &[u8]) -> Option<OtherLine> {
    let line = line.trim_ascii();
    match line {
        b"" => return Some(OtherLine::Blank),
        // The prompts of `echo. | time` and `echo. | date` after the time.
        [b'E', b'n', ..] if line.starts_with(b"Enter the new ") => return Some(OtherLine::Blank),
        [b'M', b'e', ..] if line.starts_with(b"Memory:") => return Some(OtherLine::Memory),
        [b'C', b'o', ..] if line.starts_with(b"Commit:") => return Some(OtherLine::Memory),
        [b'-', ..] if line.len() > 3 && line.iter().all(|byte| *byte == b'-') => return Some(OtherLine::Rule),
        [b'T', b'a', b'g', ..] => {
            let drivers = line.ends_with(b"Mapped_Driver");
            return is_header(line).then(|| OtherLine::Header { drivers, short: line.ends_with(b"Bytes") });
        }
        _ => {}
    }
    if let Some(title) = line.strip_suffix(b"pool information") {
        return scope(title).map(OtherLine::Title);
    }
    if paste::is_fence(line) {
        return Some(OtherLine::Fence);
    }
    when::line(line).map(OtherLine::Time)
}

/// Whether a line is the header of a table. It is recognised by its words, because long numbers shift columns.
pub(in crate::import) fn is_header(line: &[u8]) -> bool {
    let has = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
    line.trim_ascii().starts_with(b"Tag") && has(b"Type") && has(b"Allocs") && has(b"Frees")
}

fn scope(title: &[u8]) -> Option<TableScope> {
    match title.trim_ascii() {
        b"System" => Some(TableScope::System),
        b"All sessions" => Some(TableScope::AllSessions),
        title => {
            let number = title.strip_prefix(b"Session ")?;
            Some(TableScope::Session(str::from_utf8(number).ok()?.trim().parse().ok()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_around_a_table_are_known_by_their_words() {
        for (line, expected) in [
            (
                " Memory:33473120K Avail:20055132K  PageFlts:     5   InRam Krnl:10444K P:1843072K",
                Some(OtherLine::Memory),
            ),
            ("Commit: 193632K Limit:1279764K Peak: 987356K            Pool N:14332K P:18644K", Some(OtherLine::Memory)),
            (" System pool information", Some(OtherLine::Title(TableScope::System))),
            ("All sessions pool information", Some(OtherLine::Title(TableScope::AllSessions))),
            (" Session 12 pool information ", Some(OtherLine::Title(TableScope::Session(12)))),
            (" Session x pool information ", None),
            (
                " Tag  Type     Allocs            Frees            Diff",
                Some(OtherLine::Header { drivers: false, short: false }),
            ),
            (
                "Tag Type Allocs Frees Diff Bytes Per Alloc Mapped_Driver",
                Some(OtherLine::Header { drivers: true, short: false }),
            ),
            ("Tag Type Allocs Frees Diff Bytes", Some(OtherLine::Header { drivers: false, short: true })),
            ("```text", Some(OtherLine::Fence)),
            ("Tag  ..Allocs", None),
            ("-----------", Some(OtherLine::Rule)),
            ("--", None),
            ("   ", Some(OtherLine::Blank)),
            ("Enter the new time: ", Some(OtherLine::Blank)),
            ("poolmon /s0 /g", None),
        ] {
            assert_eq!(read(line.as_bytes()), expected, "{line}");
        }
    }
}
