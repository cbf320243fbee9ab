//! The pool lines of WinDbg's `!vm` (Microsoft Learn, "!vm"): `NonPagedPool Usage: 268 ( 1072 Kb)`.
//!
//! Since Windows 8, memory that cannot be executed has a line of its own, `NonPagedPoolNx Usage`; both lines are the
//! nonpaged pool. Sizes are taken from the figures in Kb, because page sizes differ.

use std::io::Read;

use super::super::format::is_of_debugger;
use super::super::lines::LogLines;
use super::super::passed::shown;
use super::super::tables::ImportedTables;
use super::super::{ImportError, LogProblem, when};
use super::Pools;
use crate::pool::Pool;

/// Whether a line of `!vm` gives the use of a pool.
pub(in crate::import) fn begins(text: &[u8]) -> bool {
    usage(&String::from_utf8_lossy(&text[..text.len().min(200)])).is_some_and(|usage| usage.is_ok())
}

/// Parses the part of a pool and its bytes.
fn usage(text: &str) -> Option<Result<(&'static str, u64), String>> {
    let text = text.trim();
    let (name, figures) = text.split_once(':')?;
    let part = ["NonPagedPool Usage", "NonPagedPoolNx Usage", "PagedPool Usage"]
        .into_iter()
        .find(|part| *part == name.trim())?;
    let kib = figures.split_once('(').map(|(_, kib)| kib.trim().trim_end_matches(')').trim());
    let kib = kib.and_then(|kib| kib.strip_suffix("Kb").or_else(|| kib.strip_suffix("KB")));
    let bytes = kib.and_then(|kib| kib.trim().parse::<u64>().ok()).and_then(|kib| kib.checked_mul(1024));
    let bytes = bytes.filter(|bytes| i64::try_from(*bytes).is_ok());
    Some(bytes.map(|bytes| (part, bytes)).ok_or_else(|| format!("has no size in Kb: `{}`", shown(text.as_bytes()))))
}

/// Reads a whole log of the debugger.
pub(in crate::import) fn read(lines: &mut LogLines<impl Read>, tables: &mut ImportedTables) -> Result<(), ImportError> {
    let mut pools = Pools::default();
    let mut seen: Vec<(&'static str, u64)> = Vec::new();
    while let Some(line) = lines.next()? {
        let text = String::from_utf8_lossy(line.bytes).into_owned();
        if let Some(at) = when::debug_session(line.bytes).or_else(|| when::line(line.bytes)) {
            close(&mut seen, &mut pools, tables)?;
            tables.stamp(at);
            continue;
        }
        if is_of_debugger(line.bytes) {
            let what = "is from WinDbg's !poolused, but this log is from !vm";
            return Err(tables.wrong(line.number, LogProblem::new(what, "put each into its own file")));
        }
        match usage(&text) {
            None => {}
            Some(Err(why)) => tables.unread(line.number, || why),
            Some(Ok((part, bytes))) => {
                if seen.iter().any(|(before, _)| *before == part) {
                    close(&mut seen, &mut pools, tables)?;
                }
                if seen.is_empty() {
                    tables.set_source("WinDbg's !vm", None, false);
                    tables.begin(line.number)?;
                }
                seen.push((part, bytes));
            }
        }
    }
    close(&mut seen, &mut pools, tables)?;
    tables.end_file("pool line of !vm")
}

/// Ends the output of one `!vm`.
fn close(
    seen: &mut Vec<(&'static str, u64)>,
    pools: &mut Pools,
    tables: &mut ImportedTables,
) -> Result<(), ImportError> {
    for pool in [Pool::Paged, Pool::Nonpaged] {
        let of = |part: &str| if part.starts_with("Non") { Pool::Nonpaged } else { Pool::Paged };
        let parts: Vec<u64> = seen.iter().filter(|(part, _)| of(part) == pool).map(|(_, bytes)| *bytes).collect();
        if !parts.is_empty() {
            pools.add(pool, parts.into_iter().fold(0, u64::saturating_add), tables);
        }
    }
    seen.clear();
    tables.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_pool_usage_are_read() {
        for (text, expected) in [
            ("NonPagedPool Usage:           268 (       1072 Kb)", Some(Ok(("NonPagedPool Usage", 1072 * 1024)))),
            ("    PagedPool Usage:      2592   (   10368 Kb)", Some(Ok(("PagedPool Usage", 10_368 * 1024)))),
            ("PagedPool Maximum:     4294967296 (17179869184 Kb)", None),
            ("PagedPool 0 Usage:    1337   (    5348 Kb)", None),
            ("Special Pool: 0 (0 Kb)", None),
        ] {
            assert_eq!(usage(text), expected, "{text}");
        }
        assert!(usage("NonPagedPool Usage: 268").is_some_and(|usage| usage.is_err()));
    }
}
