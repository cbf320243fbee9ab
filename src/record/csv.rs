//! Exports a recording as plain CSV, for spreadsheets, other programs and `poolgate judge`: docs/csv.md.
//!
//! There is one row for each sample and tag, in recorded order; an absent tag has no row. Stages and settled samples do
//! not fit in the seven columns. Two more columns hold them on request; without these columns, samples after the first
//! look are left out. [`Unwritten`] counts all data that has no column.

use std::borrow::Cow;
use std::io::Write;

use super::{Event, Incomplete, Mark, Recording, SampleInfo, Seal, Stage};
use crate::pool::{Counters, Key, Pool, Snapshot, Usage};

/// The columns of every log.
pub const COLUMNS: [&str; 7] = ["t_seconds", "iteration", "tag", "pool", "allocs", "frees", "bytes"];
/// The columns that allow a log to be judged like its recording, except for second looks and kernel messages.
pub const MORE_COLUMNS: [&str; 2] = ["stage", "settled"];
/// The columns for incomplete samples: the number of unreadable rows of the table, and whether the table shows only
/// some of the tags.
pub const TABLE_COLUMNS: [&str; 2] = ["unread", "partial"];

/// Data of a recording that its CSV file lacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unwritten {
    /// Samples that could not be read.
    pub gaps: u64,
    /// Ticks of the sampling clock that passed without a sample.
    pub missed: u64,
    /// Number of damaged places in the recording.
    pub damaged: u64,
    /// Second looks. Their plan is not written; without stages their samples are not either.
    pub looks: u64,
    /// Samples after teardown. Without stages they are not written.
    pub teardown: u64,
    /// Messages of the kernel. They can break an `after_teardown` threshold.
    pub kernel: u64,
    /// The recording has no end. The file does not show this.
    pub unfinished: bool,
    /// The recording was changed after it was closed. The file does not show this.
    pub changed: bool,
}

/// Writes `recording`, with [`MORE_COLUMNS`] if `stages`, and with [`TABLE_COLUMNS`] if one of its samples is
/// incomplete.
///
/// # Errors
/// If writing to `out` fails.
pub fn write_csv(recording: &Recording, out: impl Write, stages: bool) -> csv::Result<Unwritten> {
    let mut rows = csv::Writer::from_writer(out);
    let more: &[&str] = if stages { &MORE_COLUMNS } else { &[] };
    let tables: &[&str] = if has_incomplete(recording) { &TABLE_COLUMNS } else { &[] };
    rows.write_record(COLUMNS.iter().chain(more).chain(tables))?;
    let changed = *recording.sealed() == Seal::Broken;
    let mut unwritten = Unwritten { unfinished: true, changed, ..Unwritten::default() };
    let (mut stage, mut iterations, mut incomplete) = (None, None, Incomplete::default());
    let mut events = recording.events();
    while let Some(event) = events.next() {
        if let Event::Sample { info, .. } = &event {
            unwritten.missed += u64::from(info.missed);
        }
        match event {
            // Without stages, all rows count as workload. In a second look a leak would then seem to pause.
            Event::Sample { .. } if !stages && stage == Some(Stage::SecondLook) => {}
            Event::Sample { .. } if !stages && stage == Some(Stage::Teardown) => unwritten.teardown += 1,
            Event::Sample { info, snapshot } => {
                let stage = stages.then_some(stage);
                // A table without a readable row has no rows here; the next written sample includes its missing parts.
                if snapshot.present().next().is_none() && !incomplete.is_nothing() {
                    unwritten.gaps += 1;
                    continue;
                }
                let incomplete = std::mem::take(&mut incomplete);
                let incomplete = (!tables.is_empty()).then_some(&incomplete);
                CsvSample { info, iterations, stage, incomplete, snapshot }.write(&mut rows)?;
            }
            Event::Mark { mark: Mark::Stage(begun), .. } => stage = Some(begun),
            Event::Mark { mark: Mark::Iteration(complete), .. } => iterations = Some(complete),
            Event::Mark { mark: Mark::Gap { .. }, .. } => unwritten.gaps += 1,
            Event::Mark { mark: Mark::SecondLook(_), .. } => unwritten.looks += 1,
            Event::Mark { mark: Mark::Kernel(report), .. } => {
                unwritten.kernel += (report.lines.len() + report.kmemleak.len()) as u64;
            }
            Event::Mark { mark: Mark::Block { .. } | Mark::Survivors(_), .. } => {}
            Event::Mark { mark: Mark::Incomplete(table), .. } => incomplete.add(table),
            Event::Damaged { .. } => unwritten.damaged += 1,
            Event::End { .. } => unwritten.unfinished = false,
        }
    }
    rows.flush()?;
    Ok(unwritten)
}

fn has_incomplete(recording: &Recording) -> bool {
    let mut events = recording.events();
    while let Some(event) = events.next() {
        if let Event::Mark { mark: Mark::Incomplete(_), .. } = event {
            return true;
        }
    }
    false
}

/// Escapes text for a cell. A spreadsheet computes a cell that begins with `=`, `@`, `+` or `-` as a formula. That
/// character becomes `\xNN`, the escape that tags use anyway, so a tag is read back unchanged.
pub fn cell(text: &str) -> Cow<'_, str> {
    match text.as_bytes().first() {
        Some(first @ (b'=' | b'@' | b'+' | b'-' | b'\t' | b'\r')) => {
            Cow::Owned(format!("\\x{first:02x}{}", &text[1..]))
        }
        _ => Cow::Borrowed(text),
    }
}

/// One sample and the values that its rows share.
struct CsvSample<'a> {
    info: SampleInfo,
    iterations: Option<u64>,
    /// `None` if stages are not written.
    stage: Option<Option<Stage>>,
    /// `None` if all samples are complete.
    incomplete: Option<&'a Incomplete>,
    snapshot: &'a Snapshot,
}

impl CsvSample<'_> {
    fn write(&self, rows: &mut csv::Writer<impl Write>) -> csv::Result<()> {
        let at = format!("{}.{:06}", self.info.at.as_secs(), self.info.at.subsec_micros());
        let iterations = self.iterations.map_or(String::new(), |complete| complete.to_string());
        for (key, usage) in self.snapshot.present() {
            let (allocs, frees) = counts(key, usage);
            let pool = pool(key);
            let tag = cell(key.tag.as_str());
            for field in [&at, &iterations, tag.as_ref(), &pool, &allocs, &frees, &usage.bytes.to_string()] {
                rows.write_field(field)?;
            }
            if let Some(stage) = self.stage {
                rows.write_field(stage.map_or("", stage_word))?;
                rows.write_field(if self.info.settled { "yes" } else { "no" })?;
            }
            if let Some(Incomplete { unread, partial, .. }) = self.incomplete {
                rows.write_field(unread.to_string())?;
                rows.write_field(if *partial { "yes" } else { "no" })?;
            }
            rows.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }
}

/// Returns `allocs` and `frees`, empty if the kernel does not count them.
fn counts(key: &Key, usage: Usage) -> (String, String) {
    match key.counters {
        Counters::Wrapping32 | Counters::Full64 => (usage.allocs.to_string(), usage.frees.to_string()),
        Counters::InUse => (usage.allocs.to_string(), String::new()),
        Counters::BytesOnly => (String::new(), String::new()),
    }
}

/// Returns the pool's text, such as `Nonp`, `Paged session 1` or `Slab reclaimable`.
fn pool(key: &Key) -> String {
    let mut text = match key.pool {
        Pool::Paged => "Paged",
        Pool::Nonpaged => "Nonp",
        Pool::Slab => "Slab",
        Pool::Slabs => "Slabs",
        Pool::Callsite => "Callsite",
        Pool::Kernel => "Kernel",
        Pool::Unknown => "",
    }
    .to_owned();
    if let Some(session) = key.session {
        text.push_str(&format!(" session {session}"));
    }
    if key.reclaimable {
        text.push_str(" reclaimable");
    }
    text
}

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::LeadIn => "lead_in",
        Stage::Workload => "workload",
        Stage::CoolDown => "cool_down",
        Stage::SecondLook => "second_look",
        Stage::Teardown => "teardown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Tag;

    #[test]
    fn no_cell_is_a_formula_and_every_tag_is_read_back() {
        for (tag, written) in [
            ("=cmd|'/c calc'!A1", "\\x3dcmd|'/c calc'!A1"),
            ("@SUM", "\\x40SUM"),
            ("+1", "\\x2b1"),
            ("-dd-", "\\x2ddd-"),
            ("\\x09=1", "\\x09=1"),
            ("Leak", "Leak"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(cell(tag), written);
            if let Ok(tag) = tag.parse::<Tag>() {
                assert_eq!(cell(tag.as_str()).parse::<Tag>().unwrap(), tag);
            }
        }
    }
}
