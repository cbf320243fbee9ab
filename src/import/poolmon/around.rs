//! The lines around PoolMon's rows: the memory of the whole machine, a title, the table's header.

use super::super::paste;
use super::super::when::{self, Stamp};

/// A line that is not a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// `Memory:` and `Commit:`, at the top of a screen.
    Memory,
    /// A title with the scope of the table.
    Title(Scope),
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
pub(super) enum Scope {
    System,
    /// The sum over all sessions.
    AllSessions,
    Session(u32),
}

/// Parses a line around rows; `None` if PoolMon does not write such a line.
pub(super) fn read(line: &[u8]) -> Option<Around> {
    let line = line.trim_ascii();
    match line {
        b"" => return Some(Around::Blank),
        // The prompts of `echo. | time` and `echo. | date` after the time.
        [b'E', b'n', ..] if line.starts_with(b"Enter the new ") => return Some(Around::Blank),
        [b'M', b'e', ..] if line.starts_with(b"Memory:") => return Some(Around::Memory),
        [b'C', b'o', ..] if line.starts_with(b"Commit:") => return Some(Around::Memory),
        [b'-', ..] if line.len() > 3 && line.iter().all(|byte| *byte == b'-') => return Some(Around::Rule),
        [b'T', b'a', b'g', ..] => {
            let drivers = line.ends_with(b"Mapped_Driver");
            return is_header(line).then(|| Around::Header { drivers, short: line.ends_with(b"Bytes") });
        }
        _ => {}
    }
    if let Some(whose) = line.strip_suffix(b"pool information") {
        return scope(whose).map(Around::Title);
    }
    if paste::is_fence(line) {
        return Some(Around::Fence);
    }
    when::line(line).map(Around::Time)
}

/// Whether a line is the header of a table. It is recognised by its words, because long numbers shift columns.
pub(in crate::import) fn is_header(line: &[u8]) -> bool {
    let has = |word: &[u8]| line.windows(word.len()).any(|part| part == word);
    line.trim_ascii().starts_with(b"Tag") && has(b"Type") && has(b"Allocs") && has(b"Frees")
}

fn scope(whose: &[u8]) -> Option<Scope> {
    match whose.trim_ascii() {
        b"System" => Some(Scope::System),
        b"All sessions" => Some(Scope::AllSessions),
        whose => {
            let number = whose.strip_prefix(b"Session ")?;
            Some(Scope::Session(str::from_utf8(number).ok()?.trim().parse().ok()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_around_a_table_are_known_by_their_words() {
        for (line, expected) in [
            (" Memory:33473120K Avail:20055132K  PageFlts:     5   InRam Krnl:10444K P:1843072K", Some(Around::Memory)),
            ("Commit: 193632K Limit:1279764K Peak: 987356K            Pool N:14332K P:18644K", Some(Around::Memory)),
            (" System pool information", Some(Around::Title(Scope::System))),
            ("All sessions pool information", Some(Around::Title(Scope::AllSessions))),
            (" Session 12 pool information ", Some(Around::Title(Scope::Session(12)))),
            (" Session x pool information ", None),
            (
                " Tag  Type     Allocs            Frees            Diff",
                Some(Around::Header { drivers: false, short: false }),
            ),
            (
                "Tag Type Allocs Frees Diff Bytes Per Alloc Mapped_Driver",
                Some(Around::Header { drivers: true, short: false }),
            ),
            ("Tag Type Allocs Frees Diff Bytes", Some(Around::Header { drivers: false, short: true })),
            ("```text", Some(Around::Fence)),
            ("Tag  ..Allocs", None),
            ("-----------", Some(Around::Rule)),
            ("--", None),
            ("   ", Some(Around::Blank)),
            ("Enter the new time: ", Some(Around::Blank)),
            ("poolmon /s0 /g", None),
        ] {
            assert_eq!(read(line.as_bytes()), expected, "{line}");
        }
    }
}
