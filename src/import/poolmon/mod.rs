//! PoolMon's text: screens, redirected or pasted, with changes in parentheses; and snapshot files without changes.
//!
//! Every header begins a table, and `Memory:` ends one. A screen shows only the rows that fit on it, so a tag missing
//! in one is absent and not zero; a snapshot has all tags. The first row decides between the two, and a row of the
//! other kind is an error, because two logs in one file are two series.

use std::io::Read;
use std::time::Duration;

use self::other_line::{OtherLine, TableScope};
use self::row::{Form, PoolMonRow, RowLayout};
use super::data::looks_like_row;
use super::lines::{End, LogLine, LogLines};
use super::passed::shown;
use super::tables::{ImportedTables, RowIdentity};
use super::{ImportError, LogProblem};
use crate::pool::{Counters, Key, Pool, Usage};

mod header;
pub(super) mod number;
mod other_line;
pub(super) mod row;
mod slab;

pub(super) use other_line::is_header;

const SCREENS: &str = "PoolMon's screens";
/// The interval between live screens; PoolMon has no other.
const LIVE: Duration = Duration::from_secs(5);

const TOTAL: &[u8] = b" TOTAL ";

/// Whether a line is a row of a table of PoolMon.
pub(super) fn is_row(line: &[u8]) -> bool {
    row::read(line, RowLayout::default()).is_some_and(|row| row.is_ok())
}

/// The problem of a line that looks like a row; `None` for a valid row, and for a line that does not look like one.
pub(super) fn row_mistake(line: &[u8]) -> Option<String> {
    row::read(line, RowLayout::default())?.err()
}

/// Reads all tables of a text.
pub(super) fn read(lines: &mut LogLines<impl Read>, tables: &mut ImportedTables) -> Result<(), ImportError> {
    let layout = RowLayout { unicode: lines.are_unicode(), ..RowLayout::default() };
    let mut screens = Screens { layout, ..Screens::default() };
    while let Some(line) = lines.next()? {
        screens.line(line, tables)?;
    }
    tables.end_file("table of PoolMon")
}

/// The state after the lines read so far.
#[derive(Default)]
struct Screens {
    /// The form of the rows, and the line of the first one.
    form: Option<(Form, u64)>,
    /// The scope of the next table, from `Memory:` and a title; and the scope of this one.
    title: Option<TableScope>,
    scope: Option<TableScope>,
    /// The scope of the first table that is not of a session, and the line in which it begins.
    whole: Option<(TableScope, u64)>,
    layout: RowLayout,
    /// Whether tables have headers.
    headed: bool,
}

impl Screens {
    fn line(&mut self, line: LogLine<'_>, tables: &mut ImportedTables) -> Result<(), ImportError> {
        match row::read(line.bytes, self.layout) {
            Some(Ok(_)) if line.end == End::File && self.layout.short => {
                tables.pass(line.number, || "is cut off, perhaps inside its last number".to_owned());
                Ok(())
            }
            Some(Ok(row)) if line.end != End::TooLong => self.row(row, line, tables),
            // The total that PoolMon's `/e` adds below the rows.
            Some(_) | None if line.bytes.starts_with(TOTAL) => {
                let row = [b" TOTL ", &line.bytes[TOTAL.len()..]].concat();
                if let Some(Ok(PoolMonRow { pool, usage, .. })) = row::read(&row, self.layout) {
                    tables.total(pool, usage.bytes);
                }
                Ok(())
            }
            Some(read) => {
                let key = row::tag_and_pool(line.bytes, self.layout).map(|(tag, pool)| self.identity(tag, pool).key());
                tables.unread_row(line.number, key, || unread(line, read.err()));
                Ok(())
            }
            None => match slab::read(line.bytes, self.layout) {
                Some(Ok((key, form, usage))) if line.end != End::TooLong => self.slab(key, form, usage, line, tables),
                Some(read) => {
                    tables.unread(line.number, || unread(line, read.err()));
                    Ok(())
                }
                None => self.other_line(line, tables),
            },
        }
    }

    /// Handles a row of a Linux pool.
    fn slab(
        &mut self,
        key: Key,
        form: Form,
        usage: Usage,
        line: LogLine<'_>,
        tables: &mut ImportedTables,
    ) -> Result<(), ImportError> {
        self.form(form, line, tables)?;
        if !tables.is_open() {
            self.begin(line.number, tables)?;
        }
        tables.add_key(line.number, key, usage);
        Ok(())
    }

    /// Checks that all rows have one form.
    fn form(&mut self, form: Form, line: LogLine<'_>, tables: &mut ImportedTables) -> Result<(), ImportError> {
        match self.form {
            None => {
                self.form = Some((form, line.number));
                match form {
                    Form::Live => tables.set_source(SCREENS, Some(LIVE), true),
                    // Rows without a header were copied from a table.
                    Form::Snapshot => tables.set_source("PoolMon's snapshots", None, !self.headed),
                }
            }
            Some((known, first)) if known != form => return Err(tables.wrong(line.number, mixed(form, first))),
            Some(_) => {}
        }
        Ok(())
    }

    fn row(&mut self, row: PoolMonRow, line: LogLine<'_>, tables: &mut ImportedTables) -> Result<(), ImportError> {
        self.form(row.form, line, tables)?;
        if !tables.is_open() {
            self.begin(line.number, tables)?;
        }
        let identity = self.identity(row.tag, row.pool);
        let mut added = tables.add(identity, row.usage);
        if !added && !self.headed {
            // Snapshots without headers: a repeated tag begins the next one.
            self.begin(line.number, tables)?;
            added = tables.add(identity, row.usage);
        }
        if !added {
            let place = tables.row(identity);
            tables.add_up(line.number, place, row.usage);
        }
        Ok(())
    }

    /// The identity of a row in this table.
    fn identity(&self, tag: [u8; 4], pool: Pool) -> RowIdentity {
        let session = match self.scope {
            Some(TableScope::Session(number)) => Some(number),
            Some(TableScope::System | TableScope::AllSessions) | None => None,
        };
        RowIdentity { tag, pool, session, counters: Counters::Wrapping32 }
    }

    fn begin(&mut self, line: u64, tables: &mut ImportedTables) -> Result<(), ImportError> {
        let scope = self.title.take().unwrap_or(TableScope::System);
        match (scope, self.whole) {
            (TableScope::Session(_), _) => {}
            (scope, None) => self.whole = Some((scope, line)),
            (scope, Some((before, first))) if scope != before => {
                let what = format!(
                    "starts a table of {}, but the table at line {first} is of {}",
                    scope_name(scope),
                    scope_name(before)
                );
                let help = "put each into its own file: the same tags stand for different memory there";
                return Err(tables.wrong(line, LogProblem::new(what, help)));
            }
            (_, Some(_)) => {}
        }
        self.scope = Some(scope);
        tables.begin(line)
    }

    fn other_line(&mut self, line: LogLine<'_>, tables: &mut ImportedTables) -> Result<(), ImportError> {
        match other_line::read(line.bytes) {
            Some(OtherLine::Blank) => {}
            Some(OtherLine::Memory) => {
                tables.end()?;
                header::figures(line.bytes).into_iter().for_each(|(figure, bytes)| tables.measured(figure, bytes));
            }
            Some(OtherLine::Title(scope)) => {
                tables.end()?;
                self.title = Some(scope);
                // Only live screens have titles, so a title decides the form even before the first row.
                if self.form.is_none() {
                    tables.set_source(SCREENS, Some(LIVE), true);
                }
            }
            Some(OtherLine::Time(at)) => {
                tables.end()?;
                tables.stamp(at);
            }
            Some(OtherLine::Fence) => tables.between(),
            Some(OtherLine::Header { drivers, short }) => {
                self.layout = RowLayout { ruled: false, drivers, short, ..self.layout };
                self.headed = true;
                self.begin(line.number, tables)?;
            }
            Some(OtherLine::Rule) => self.layout.ruled = true,
            None if super::format::is_of_debugger(line.bytes) => {
                let what = "is from WinDbg's !poolused, but this log is from PoolMon";
                return Err(tables.wrong(line.number, LogProblem::new(what, "put each into its own file")));
            }
            None if is_row_unread(line, tables.is_open()) => {
                tables.unread(line.number, || unread(line, None));
            }
            None => {
                tables.between();
                tables.pass(line.number, || unread(line, None));
            }
        }
        Ok(())
    }
}

/// Whether an unknown line looks like a row, or may be the beginning of one at the end of the file.
fn is_row_unread(line: LogLine<'_>, inside: bool) -> bool {
    let cut = line.end == End::File && inside && line.bytes.starts_with(b" ");
    cut || line.end == End::TooLong || looks_like_row(line.bytes, inside)
}

/// The reason why a line was not read.
fn unread(line: LogLine<'_>, wrong: Option<String>) -> String {
    match (line.end, wrong) {
        (End::TooLong, _) => "is longer than 64 KiB".to_owned(),
        (End::File, Some(wrong)) => format!("is cut off: it {wrong}"),
        (End::Newline, Some(wrong)) => wrong,
        (End::File | End::Newline, None) => format!("is not a row: `{}`", shown(line.bytes)),
    }
}

fn mixed(form: Form, first: u64) -> LogProblem {
    let what = match form {
        Form::Live => format!("has changes in parentheses, but line {first} has none"),
        Form::Snapshot => format!("has no changes in parentheses, but line {first} has some"),
    };
    LogProblem::new(what, "put live screens and snapshots into separate files")
}

fn scope_name(scope: TableScope) -> &'static str {
    match scope {
        TableScope::System => "the system",
        TableScope::AllSessions => "all sessions",
        TableScope::Session(_) => "one session",
    }
}
