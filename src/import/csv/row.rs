//! One row, parsed strictly. Nothing is guessed; an empty field is unknown, never zero.

use std::collections::HashMap;
use std::time::Duration;

use csv::ByteRecord;

use super::LogProblem;
use super::columns::CsvColumns;
use crate::pool::{Counters, Key, Pool, RowId, Snapshot, Tag, Usage};
use crate::record::Stage;

/// One row; its tag is still text.
pub(super) struct CsvRow<'a> {
    pub(super) at: Duration,
    pub(super) iterations: Option<u64>,
    pub(super) usage: Usage,
    pub(super) stage: Stage,
    pub(super) settled: bool,
    /// The number of rows of its sample that could not be read.
    pub(super) unread: u64,
    /// Whether its sample has only some of the tags.
    pub(super) partial: bool,
    tag: &'a [u8],
    pool: &'a [u8],
    counted: CsvCounters,
}

/// The counts in a row: `allocs` and `frees`, only `allocs`, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum CsvCounters {
    Both,
    InUse,
    Neither,
}

impl<'a> CsvRow<'a> {
    pub(super) fn read(columns: &CsvColumns, record: &'a ByteRecord) -> Result<CsvRow<'a>, LogProblem> {
        let [at, iterations, tag, pool, allocs, frees, bytes, stage, settled, unread, partial] = columns.fields(record);
        let (allocs, frees) = (number("allocs", allocs)?, number("frees", frees)?);
        let counted = match (allocs, frees) {
            (Some(_), Some(_)) => CsvCounters::Both,
            (Some(_), None) => CsvCounters::InUse,
            (None, None) => CsvCounters::Neither,
            (None, Some(_)) => {
                return Err(LogProblem::new(
                    "has frees without allocs",
                    "write both, or write the objects in use as allocs",
                ));
            }
        };
        let bytes = number("bytes", bytes)?
            .ok_or_else(|| LogProblem::new("bytes is empty", "leave out the whole row of a tag that was not seen"))?;
        if i64::try_from(bytes).is_err() {
            return Err(LogProblem::new(
                format!("{bytes} bytes are more than any machine has"),
                "write a smaller number",
            ));
        }
        Ok(CsvRow {
            at: seconds(at)?,
            iterations: number("iteration", iterations)?,
            usage: Usage { allocs: allocs.unwrap_or(0), frees: frees.unwrap_or(0), bytes },
            stage: one_of("stage", stage, &STAGES)?.unwrap_or(Stage::Workload),
            settled: one_of("settled", settled, &YES_NO)?.unwrap_or(true),
            unread: number("unread", unread)?.unwrap_or(0),
            partial: one_of("partial", partial, &YES_NO)?.unwrap_or(false),
            tag,
            pool,
            counted,
        })
    }
}

const YES_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];

const STAGES: [(&str, Stage); 5] = [
    ("lead_in", Stage::LeadIn),
    ("workload", Stage::Workload),
    ("cool_down", Stage::CoolDown),
    ("second_look", Stage::SecondLook),
    ("teardown", Stage::Teardown),
];

/// The keys of a log by their text, so each tag is parsed only once.
#[derive(Default)]
pub(super) struct Keys {
    known: HashMap<Vec<u8>, (RowId, CsvCounters)>,
    text: Vec<u8>,
}

impl Keys {
    /// Returns the row of `snapshot` that belongs to `row`.
    pub(super) fn row(&mut self, row: &CsvRow<'_>, snapshot: &mut Snapshot) -> Result<RowId, LogProblem> {
        self.text.clear();
        self.text.extend_from_slice(row.tag);
        // A separator: UTF-8 never contains this byte.
        self.text.push(0xff);
        self.text.extend_from_slice(row.pool);
        let (id, counted) = match self.known.get(&self.text) {
            Some(known) => *known,
            None => {
                let id = snapshot.row(key(row)?);
                self.known.insert(self.text.clone(), (id, row.counted));
                (id, row.counted)
            }
        };
        if counted != row.counted {
            let what = format!("`{}` has {} here, but {} before", show(row.tag), row.counted.word(), counted.word());
            return Err(LogProblem::new(what, "write the same columns in every row of a tag"));
        }
        Ok(id)
    }
}

impl CsvCounters {
    fn word(self) -> &'static str {
        match self {
            CsvCounters::Both => "allocs and frees",
            CsvCounters::InUse => "allocs only",
            CsvCounters::Neither => "neither allocs nor frees",
        }
    }
}

fn key(row: &CsvRow<'_>) -> Result<Key, LogProblem> {
    let text = str::from_utf8(row.tag).map_err(|_| not_utf8("tag", row.tag))?;
    let tag: Tag = text.parse().map_err(|error| {
        LogProblem::new(format!("`{}` is not a tag: {error}", show(row.tag)), "write unprintable bytes as \\xNN")
    })?;
    let (pool, session, reclaimable) = pool(row.pool)?;
    if tag.pool_tag_bytes().is_none() && pool.has_pool_tags() {
        let what = format!("`{text}` is longer than the four bytes of a pool tag");
        return Err(LogProblem::new(what, "write pool Slab for a slab cache"));
    }
    let counters = match row.counted {
        CsvCounters::InUse => Counters::InUse,
        CsvCounters::Neither => Counters::BytesOnly,
        // Windows' counters may have 32 bits and wrap. Reading 64-bit counters as 32-bit ones gives the same
        // differences.
        CsvCounters::Both if pool.has_pool_tags() || pool == Pool::Unknown => Counters::Wrapping32,
        CsvCounters::Both => Counters::Full64,
    };
    Ok(Key { session, reclaimable, ..Key::new(tag, pool, counters) })
}

/// Parses a pool: `Nonp`, `Paged session 1`, `Slab reclaimable`.
fn pool(field: &[u8]) -> Result<(Pool, Option<u32>, bool), LogProblem> {
    let wrong = || {
        let what = format!("`{}` is not a pool", show(field));
        LogProblem::new(
            what,
            "write Paged, Nonp or Slab, or leave it empty if it is not known (docs/csv.md lists the others)",
        )
    };
    let text = str::from_utf8(field).map_err(|_| not_utf8("pool", field))?;
    let mut words = text.split_ascii_whitespace().peekable();
    let pool = match words.next().map(str::to_ascii_lowercase).as_deref() {
        None => return Ok((Pool::Unknown, None, false)),
        Some("paged") => Pool::Paged,
        Some("nonp" | "nonpaged") => Pool::Nonpaged,
        Some("slab") => Pool::Slab,
        Some("slabs") => Pool::Slabs,
        Some("callsite") => Pool::Callsite,
        Some("kernel") => Pool::Kernel,
        Some(_) => return Err(wrong()),
    };
    let session = match words.next_if_eq(&"session") {
        Some(_) => Some(words.next().and_then(|number| number.parse().ok()).ok_or_else(wrong)?),
        None => None,
    };
    let reclaimable = words.next_if_eq(&"reclaimable").is_some();
    if words.next().is_some() { Err(wrong()) } else { Ok((pool, session, reclaimable)) }
}

/// Parses seconds from any epoch, rounded to microseconds.
fn seconds(field: &[u8]) -> Result<Duration, LogProblem> {
    // About the year 9900: later than any log, and within the range of a clock that counts microseconds.
    const LATEST: f64 = 2.5e11;
    let text = str::from_utf8(field).map_err(|_| not_utf8("t_seconds", field))?.trim();
    let seconds: Option<f64> = text.parse().ok().filter(|seconds| (0.0..LATEST).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        let what = format!("`{}` in t_seconds is not a time in seconds", show(field));
        LogProblem::new(what, "write seconds since the log began, or since 1970, with a decimal point: `12.5`")
    })?;
    Ok(Duration::from_micros((seconds * 1e6).round() as u64))
}

/// Parses a whole number; `None` if the field is empty.
fn number(column: &str, field: &[u8]) -> Result<Option<u64>, LogProblem> {
    let text = str::from_utf8(field).map_err(|_| not_utf8(column, field))?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // `parse` would accept a sign.
    let digits = Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).map(Some).ok_or_else(|| {
        let what = format!("`{}` in {column} is not a whole number", show(field));
        LogProblem::new(what, "write digits only, or leave it empty if it is not known")
    })
}

fn one_of<T: Copy>(column: &str, field: &[u8], words: &[(&str, T)]) -> Result<Option<T>, LogProblem> {
    let text = field.trim_ascii();
    if text.is_empty() {
        return Ok(None);
    }
    let found = words.iter().find(|(word, _)| word.as_bytes() == text);
    found.map(|(_, value)| Some(*value)).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        LogProblem::new(format!("`{}` in {column} has no meaning", show(field)), format!("write {}", known.join(", ")))
    })
}

fn not_utf8(column: &str, field: &[u8]) -> LogProblem {
    LogProblem::new(
        format!("`{}` in {column} is not UTF-8", show(field)),
        "write the bytes of a tag that are not ASCII as \\xNN",
    )
}

/// Formats a field for a message.
fn show(field: &[u8]) -> String {
    let text = String::from_utf8_lossy(field);
    let mut shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}
