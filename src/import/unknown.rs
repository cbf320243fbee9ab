//! The error for a file that is not a log: its format if known, otherwise the most similar log and the difference.

use memchr::memmem;

use super::LogProblem;
use super::format::BEGINNING;
use super::lines::LogLines;
use super::passed::shown;
use super::poolmon::row_mistake;
use crate::record::COLUMNS;

/// The advice that lists all logs.
const READ: &str = "give a recording.pgr, the folder of a run, or a log: PoolMon's text, WinDbg's !poolused, poolmon-powershell's \
                    CSV, /proc/slabinfo, slabtop, vmstat -m, /proc/meminfo, /proc/allocinfo, performance counters as CSV, Driver Verifier's lists, or poolgate's own CSV; docs/logs.md \
                    shows each";

/// Files recognised by their first bytes, each with its format and advice on the file to give instead.
const MAGIC: [(&[u8], &str, &str); 13] = [
    (
        b"PK\x03\x04",
        "is a zip archive",
        "unpack it, or compress the log with gzip; save the sheet of a workbook as CSV",
    ),
    (b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", "unpack it, or compress the log with gzip"),
    (b"Rar!", "is a RAR archive", "unpack it, or compress the log with gzip"),
    (b"\xfd7zXZ\0", "is compressed with xz", "unpack it with xz -d, or compress the log with gzip"),
    (b"BZh", "is compressed with bzip2", "unpack it with bzip2 -d, or compress the log with gzip"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd", "unpack it with zstd -d, or compress the log with gzip"),
    (b"PAGEDU64", "is a crash dump", "open it in WinDbg, log `!poolused` with .logopen, and give that log"),
    (b"PAGEDUMP", "is a crash dump", "open it in WinDbg, log `!poolused` with .logopen, and give that log"),
    (
        b"MDMP",
        "is a dump of a process",
        "give a log of PoolMon, or of `!poolused` in a kernel dump: a dump of a process has no kernel pools",
    ),
    (b"\x89PNG", "is a picture", "paste the text of the screen, or log it with `poolmon /b >> poolmon.log`"),
    (b"\xff\xd8\xff", "is a picture", "paste the text of the screen, or log it with `poolmon /b >> poolmon.log`"),
    (b"%PDF", "is a PDF document", "give the table in it as text"),
    (b"\x7fELF", "is a program", READ),
];

/// The error for a file with this beginning that was not recognised.
pub(super) fn answer(beginning: &[u8]) -> LogProblem {
    if let Some(known) = magic(beginning) {
        return known;
    }
    let mut lines = LogLines::new(beginning, beginning);
    let (mut first, mut nearest): (Option<String>, Option<Near>) = (None, None);
    // Reading from memory does not fail.
    while let Ok(Some(line)) = lines.next() {
        let text = line.bytes.trim_ascii();
        if text.is_empty() {
            continue;
        }
        first.get_or_insert_with(|| shown(text));
        let near = near(line.bytes, text).map(|near| Near { line: line.number, text: shown(text), ..near });
        if near.as_ref().is_some_and(|near| nearest.as_ref().is_none_or(|best| near.score > best.score)) {
            nearest = near;
        }
    }
    let part = if beginning.len() == BEGINNING { " in its first 64 KiB" } else { "" };
    let Some(first) = first else { return LogProblem::new(format!("has only blank lines{part}"), READ) };
    if is_binary(beginning) {
        return LogProblem::new(
            "is a binary file, but not a recording of poolgate",
            format!("convert a performance log (.blg) with `relog FILE -f CSV -o FILE.csv`; otherwise {READ}"),
        );
    }
    let what = format!("is neither a recording nor a supported log: it begins with `{first}`");
    match nearest {
        None if part.is_empty() => LogProblem::new(what, READ),
        None => LogProblem::new(format!("{what}, and has no table{part}"), READ),
        Some(Near { format, line, text, why, .. }) => {
            LogProblem::new(format!("{what}; it is nearest to {format}, but line {line}, `{text}`, {why}"), READ)
        }
    }
}

/// Recognises a file by its first bytes.
pub(super) fn magic(beginning: &[u8]) -> Option<LogProblem> {
    let (_, what, help) = MAGIC.into_iter().find(|(magic, ..)| beginning.starts_with(magic))?;
    Some(LogProblem::new(what, help))
}

/// Whether the beginning has bytes that no text contains.
fn is_binary(beginning: &[u8]) -> bool {
    let odd = |byte: &&u8| matches!(byte, 1..=8 | 14..=26 | 28..=31);
    let zeros = memchr::memchr_iter(0, beginning).count();
    // UTF-16 has a zero in every other byte.
    zeros * 8 > beginning.len() * 5 || beginning.iter().filter(odd).count() * 20 > beginning.len()
}

/// A log format that a line nearly matches.
struct Near {
    format: &'static str,
    line: u64,
    text: String,
    why: String,
    /// The degree of similarity.
    score: u8,
}

fn near(line: &[u8], text: &[u8]) -> Option<Near> {
    let near =
        |score, format, why: &str| Some(Near { format, line: 0, text: String::new(), why: why.to_owned(), score });
    let has = |part: &[u8]| memmem::find(text, part).is_some();
    let words = || text.split(|byte| !byte.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let lacks = |wanted: &[&'static str]| {
        let lack = |name: &&'static str| !words().any(|word| word.eq_ignore_ascii_case(name.as_bytes()));
        wanted.iter().copied().filter(lack).collect::<Vec<&'static str>>()
    };
    const POOLMON: [&str; 4] = ["Tag", "Type", "Allocs", "Frees"];
    let lacking = lacks(&POOLMON);
    if lacking.len() <= 2 && !lacking.contains(&"Tag") {
        let why = match lacking.as_slice() {
            [] => "differs in order or form from its header `Tag Type Allocs Frees Diff Bytes Per Alloc`".to_owned(),
            lacking => format!("has no column `{}`", lacking.join("`, `")),
        };
        return near(9, "PoolMon's table", &why);
    }
    if has(b"slabdata") || has(b"active_objs") {
        return near(8, "/proc/slabinfo", "does not have a name and five numbers before ` : tunables`");
    }
    if has(b"OBJ/SLAB") {
        return near(8, "slabtop", "is not its header `OBJS ACTIVE USE OBJ SIZE SLABS OBJ/SLAB CACHE SIZE NAME`");
    }
    if text.starts_with(b"Slab:") || text.starts_with(b"SUnreclaim:") {
        return near(7, "/proc/meminfo", "has no number followed by `kB`");
    }
    if let Some(why) = row_mistake(line) {
        return near(6, "PoolMon's table", &why);
    }
    let lacking = lacks(&COLUMNS);
    if lacking.len() < COLUMNS.len() && text.contains(&b',') && lacking.contains(&COLUMNS[0]) && lacking.len() <= 5 {
        return near(5, "poolgate's CSV", &format!("has no column `{}`", COLUMNS[0]));
    }
    let typed = words().any(|word| matches!(word, b"Nonp" | b"Paged" | b"NonPaged" | b"Nonpaged"));
    if typed && words().any(|word| word.iter().all(u8::is_ascii_digit)) {
        return near(4, "PoolMon's table", "is not `Tag Type Allocs Frees Diff Bytes Per Alloc` with whole numbers");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> String {
        answer(text.as_bytes()).what
    }

    #[test]
    fn the_nearest_log_is_named_with_the_line_that_does_not_fit() {
        for (text, near) in [
            (
                "Some words\n Tag  Type  Bytes\n",
                "PoolMon's table, but line 2, `Tag  Type  Bytes`, has no column `Allocs`, `Frees`",
            ),
            (" Irp  Nonp  10  4\n", "PoolMon's table, but line 1, `Irp  Nonp  10  4`, ends before its last number"),
            (
                "the Paged pool has 500 MB\n",
                "PoolMon's table, but line 1, `the Paged pool has 500 MB`, is not `Tag Type",
            ),
            (
                "x\n: slabdata 1 1 0\n",
                "/proc/slabinfo, but line 2, `: slabdata 1 1 0`, does not have a name and five numbers",
            ),
            ("Slab: 5 pages\n", "/proc/meminfo, but line 1, `Slab: 5 pages`, has no number followed by `kB`"),
            ("time,tag,bytes\n1,x,5\n", "poolgate's CSV, but line 1, `time,tag,bytes`, has no column `t_seconds`"),
        ] {
            let what = what(text);
            assert!(what.contains(&format!("it is nearest to {near}")), "{text}: {what}");
        }
        assert!(what("nothing of this kind\n").ends_with("it begins with `nothing of this kind`"));
        assert!(what(&"words\n".repeat(BEGINNING)[..BEGINNING]).ends_with("has no table in its first 64 KiB"));
    }

    #[test]
    fn files_that_are_not_text_are_named_by_their_format() {
        for (bytes, expected) in [
            (&b"PAGEDU64\0\0"[..], "is a crash dump"),
            (b"\x89PNG\r\n", "is a picture"),
            (b"\x28\xb5\x2f\xfd", "is compressed with zstd"),
            (&[0; 500], "is a binary file, but not a recording of poolgate"),
            (b"\n \n", "has only blank lines"),
        ] {
            let LogProblem { what, help } = answer(bytes);
            assert_eq!((what.as_str(), help.is_empty()), (expected, false));
        }
    }
}
