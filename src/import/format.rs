//! Detects the format of a log by its beginning: never by its file name, and never by column positions, because long
//! numbers shift columns.

use super::LogProblem;
use super::lines::LogLines;
use super::linux;
use super::poolmon::{is_header, is_row};
use super::{named, poolused, powershell, totals, unknown, verifier};
use crate::record::COLUMNS;

/// The number of bytes in a beginning. If the file has a table, one is within them.
pub(super) const BEGINNING: usize = 1 << 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogFormat {
    /// poolgate's own CSV, or another log in that format.
    Csv,
    /// From poolmon-powershell.
    PowerShell,
    PoolMon,
    PoolUsed,
    /// The Linux kernel's tables.
    Linux,
    /// Performance counters as CSV.
    Counters,
    /// Performance counters as PowerShell prints them.
    Shell,
    /// WinDbg's `!vm`.
    Vm,
    /// Driver Verifier's lists.
    Verifier,
    /// A table with a header that names its columns.
    Named,
}

/// Returns the format of a log with this beginning; an error if the log cannot be read.
pub(super) fn detect(beginning: &[u8]) -> Result<LogFormat, LogProblem> {
    if beginning.is_empty() {
        return Err(LogProblem::new("is empty", super::error::WHAT_TO_GIVE));
    }
    if let Some(known) = unknown::magic(beginning) {
        return Err(known);
    }
    let mut lines = LogLines::new(beginning, beginning);
    let mut first = true;
    let (mut poolmon, mut vm) = (false, false);
    // Reading from memory does not fail.
    while let Ok(Some(line)) = lines.next() {
        let text = line.bytes.trim_ascii();
        if text.is_empty() || powershell::is_type(text) {
            continue;
        }
        // If only the first column is missing, the CSV reader gives the best error message.
        if std::mem::take(&mut first)
            && (has_column(text, COLUMNS[0]) || COLUMNS.iter().filter(|name| has_column(text, name)).count() > 2)
        {
            return Ok(LogFormat::Csv);
        }
        if is_of_debugger(text) || poolused::is_header(text) {
            return Ok(LogFormat::PoolUsed);
        }
        if powershell::is_of_poolmonx(text) {
            return Err(LogProblem::new(
                "is a CSV file of PoolMonX: it has commas within numbers and texts, but no quotation marks, so its columns are \
                 ambiguous",
                "log with `poolgate mon --log FILE`, or with PoolMon's own `poolmon -n FILE`",
            ));
        }
        if powershell::is_header(text) {
            return Ok(LogFormat::PowerShell);
        }
        if named::is_header(line.bytes) {
            return Ok(LogFormat::Named);
        }
        if is_header(text) || is_row(line.bytes) {
            return Ok(LogFormat::PoolMon);
        }
        if linux::begins(text) {
            return Ok(LogFormat::Linux);
        }
        if totals::counters::begins(text) {
            return Ok(LogFormat::Counters);
        }
        if totals::shell::begins(text) {
            return Ok(LogFormat::Shell);
        }
        if verifier::begins(text) {
            return Ok(LogFormat::Verifier);
        }
        // A log of `!poolused` may begin with `!vm`, so the search goes on.
        vm |= totals::vm::begins(text);
        poolmon |= text.starts_with(b"Memory:");
    }
    match (poolmon, vm) {
        (true, _) => Ok(LogFormat::PoolMon),
        (false, true) => Ok(LogFormat::Vm),
        (false, false) => Err(unknown::answer(beginning)),
    }
}

/// Whether a line contains the name of a column as a separate word.
fn has_column(line: &[u8], name: &str) -> bool {
    let name = name.as_bytes();
    line.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').any(|word| word == name)
}

/// Whether a line comes from WinDbg's `!poolused` and from nothing else.
pub(super) fn is_of_debugger(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"Pool Used:") || line.starts_with(b"Sorting by")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_detected_by_content() {
        for (text, expected) in [
            ("t_seconds,tag,bytes\n", LogFormat::Csv),
            ("bytes,tag,t_seconds\n", LogFormat::Csv),
            (
                "#TYPE System.Management\n\"DateTime\",\"DateTimeUTC\",\"Tag\",\"PagedAllocs\",\"PagedUsedBytes\"\n",
                LogFormat::PowerShell,
            ),
            ("0: kd> !poolused\n   Sorting by  Tag\n\n  Pool Used:\n", LogFormat::PoolUsed),
            ("2026-11-23 10:00:00\n Memory: 1K\n Tag  Type     Allocs      Frees   Diff\n", LogFormat::PoolMon),
            ("\n\n EtwB Nonp 6 4 2 16 8\n", LogFormat::PoolMon),
            (" Memory:16468560K Avail:12072536K\n", LogFormat::PoolMon),
        ] {
            assert_eq!(detect(text.as_bytes()), Ok(expected), "{text}");
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(detect(&wide), Ok(expected), "{text}");
        }
    }

    #[test]
    fn unreadable_files_are_named_by_their_format() {
        let what = |text: &[u8]| detect(text).map_err(|wrong| wrong.what);
        assert_eq!(what(b""), Err("is empty".to_owned()));
        assert_eq!(what(b"PK\x03\x04"), Err("is a zip archive".to_owned()));
        let poolmonx = "Tag,Paged Allocs,Paged Frees,Paged Diff,Paged Usage,Non Paged Allocs,\nIrp,1,234,5,\n";
        assert!(what(poolmonx.as_bytes()).is_err_and(|what| what.contains("PoolMonX")));
    }
}
