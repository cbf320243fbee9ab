//! Logs of the Linux kernel's tables, as a shell loop collects them: `date; cat /proc/slabinfo`.
//!
//! A log may hold several of the tables (slabinfo, slabtop, `vmstat -m`, meminfo, allocinfo, SPL's slab). All tables
//! between two time stamps form one sample. Without stamps, a repeated table begins the next sample. A table that shows
//! only some of its rows (`grep`, `head`) makes the log partial.

use std::collections::HashMap;
use std::io::Read;

use self::row::LinuxRow;
use self::section::{Section, bit, header, source};
use self::uptime::Uptimes;
use super::data::{chooses_lines, marks_omitted_rows};
use super::lines::{End, LogLine, LogLines};
use super::passed::shown;
use super::tables::ImportedTables;
use super::when::Stamp;
use super::{ImportError, when};
use crate::pool::{Counters, Key, Pool, RowId, Tag};

mod allocinfo;
mod meminfo;
mod row;
mod section;
mod slabinfo;
mod slabtop;
mod spl;
mod uptime;
mod vmstat;

pub(super) use section::begins;

/// Reads all tables of a text.
pub(super) fn read(lines: &mut LogLines<impl Read>, tables: &mut ImportedTables) -> Result<(), ImportError> {
    let mut log = LinuxLog::default();
    while let Some(line) = lines.next()? {
        log.line(line, tables)?;
    }
    log.end(tables)?;
    if log.rounded {
        tables.note(slabtop::ROUNDED);
    }
    tables.end_file("table of Linux")
}

/// The state after the lines read so far.
#[derive(Default)]
struct LinuxLog {
    section: Option<Section>,
    /// The table of the last header, until one of its rows follows.
    fresh: Option<Section>,
    /// Whether a header was read after the last time stamp.
    headed: bool,
    /// The tables of this sample as bits, and those of the first sample.
    seen: u8,
    first_seen: Option<u8>,
    /// `vmstat -m` repeats its header on every page; a new table begins when the first cache is repeated.
    first_cache: Option<RowId>,
    /// slabtop: the number of caches, and the number shown.
    caches: Option<(u64, u64)>,
    rounded: bool,
    /// Whether there is a date between the tables; lines of `uptime` are then ignored.
    dated: bool,
    uptimes: Uptimes,
    places: HashMap<Box<[u8]>, RowId>,
    /// Scratch space for the name being looked up.
    name: Vec<u8>,
}

impl LinuxLog {
    fn line(&mut self, line: LogLine<'_>, tables: &mut ImportedTables) -> Result<(), ImportError> {
        let text = line.bytes.trim_ascii();
        if text.is_empty() {
            return Ok(());
        }
        // A row of slabinfo is recognised without a header, so the output of `grep` can be read. Most lines are such
        // rows.
        if !slabinfo::is_marked(text) {
            if let Some(section) = header(text) {
                self.header(section, tables)?;
            } else if let Some(at) = when::line(text) {
                self.dated = true;
                return self.stamp(at, tables);
            }
        }
        match self.row(line, text) {
            Some(Ok(None)) => Ok(()),
            Some(Ok(Some((section, row)))) => self.add(section, &row, line, tables),
            Some(Err(why)) => {
                tables.unread(line.number, || why);
                Ok(())
            }
            None if header(text).is_some() => Ok(()),
            None => self.other_line(line, text, tables),
        }
    }

    /// Parses a row; `Ok(None)` for a line that belongs to a table but counts nothing that is judged.
    fn row<'a>(
        &mut self,
        line: LogLine<'_>,
        text: &'a [u8],
    ) -> Option<Result<Option<(Section, LinuxRow<'a>)>, String>> {
        if line.end == End::TooLong {
            return Some(Err("is longer than 64 KiB".to_owned()));
        }
        let of = |section: Section, row: Option<Result<LinuxRow<'a>, String>>| {
            row.map(|row| row.map(|row| Some((section, row))))
        };
        if slabinfo::is_marked(text) {
            return of(Section::Slabinfo, slabinfo::row(text));
        }
        if let Some(row) = meminfo::row(text) {
            return Some(row.map(|row| row.map(|row| (Section::Meminfo, row))));
        }
        let section = self.section?;
        match section {
            Section::Slabinfo => of(section, slabinfo::row(text)),
            Section::OldSlabinfo => of(section, slabinfo::old_row(text)),
            Section::Slabtop => match slabtop::summary(text) {
                Some(slabtop::Summary::Caches(caches)) => {
                    self.caches = Some((caches, 0));
                    Some(Ok(None))
                }
                Some(slabtop::Summary::Size(bytes)) => Some(Ok(Some((section, LinuxRow::whole(b"Slab", bytes))))),
                Some(slabtop::Summary::Other) => Some(Ok(None)),
                None => of(section, slabtop::row(text)),
            },
            Section::Vmstat => of(section, vmstat::row(text)),
            Section::Meminfo => None,
            Section::Allocinfo => match allocinfo::row(text) {
                Some(Ok(_)) if line.end == End::File => {
                    Some(Err("is cut off, perhaps inside the function's name".to_owned()))
                }
                row => of(section, row),
            },
            Section::Spl => match spl::row(text) {
                // A cache of the Linux slab allocator, already counted from slabinfo.
                Some(Ok((true, _))) if self.seen & bit(Section::Slabinfo) != 0 => Some(Ok(None)),
                row => of(section, row.map(|row| row.map(|(_, row)| row))),
            },
        }
    }

    /// Handles a header. It ends the sample if the sample already has this table. The next sample begins with a row: a
    /// header without rows is a failed reading, not an empty table.
    fn header(&mut self, section: Section, tables: &mut ImportedTables) -> Result<(), ImportError> {
        let another_page = section == Section::Vmstat && self.section == Some(section) && tables.is_open();
        if self.fresh == Some(section) || another_page {
            return Ok(());
        }
        if self.seen & bit(section) != 0 {
            self.end(tables)?;
        }
        (self.section, self.fresh, self.headed, self.first_cache) = (Some(section), Some(section), true, None);
        Ok(())
    }

    fn add(
        &mut self,
        section: Section,
        row: &LinuxRow<'_>,
        line: LogLine<'_>,
        tables: &mut ImportedTables,
    ) -> Result<(), ImportError> {
        let Some(place) = self.place(row, tables) else {
            tables.unread(line.number, || "has no name".to_owned());
            return Ok(());
        };
        let searched = section == Section::Slabinfo && !(self.headed && self.section == Some(section));
        // Two caches may have the same name. In a format that rules this out, a repeated row begins the next sample.
        let again = match section {
            Section::Meminfo => tables.has(place),
            Section::Slabinfo => searched && tables.has(place),
            Section::Slabtop => row.pool == Pool::Kernel && tables.has(place),
            Section::Vmstat => self.first_cache == Some(place),
            Section::OldSlabinfo | Section::Allocinfo | Section::Spl => false,
        };
        if !tables.is_open() || again {
            self.end(tables)?;
            tables.begin(line.number)?;
        }
        tables.set_source(source(section), None, searched);
        self.seen |= bit(section);
        if section == Section::Vmstat {
            self.first_cache.get_or_insert(place);
        }
        if section == Section::Slabtop && row.pool == Pool::Slab {
            self.rounded = true;
            if let Some((_, shown)) = &mut self.caches {
                *shown += 1;
            }
        }
        // slabtop prints its summary before its header.
        if self.fresh == Some(section) && !(section == Section::Slabtop && row.pool == Pool::Kernel) {
            self.fresh = None;
        }
        tables.plus(place, row.usage);
        if let Some(bytes) = row.held {
            let slabs =
                LinuxRow { pool: Pool::Slabs, counters: Counters::BytesOnly, ..LinuxRow::cache(&row.name, 0, bytes) };
            self.place(&slabs, tables).into_iter().for_each(|place| tables.plus(place, slabs.usage));
        }
        Ok(())
    }

    /// Returns the place of a row; `None` if the row has no name.
    fn place(&mut self, row: &LinuxRow<'_>, tables: &mut ImportedTables) -> Option<RowId> {
        self.name.clear();
        self.name.push(row.pool as u8);
        self.name.extend_from_slice(&row.name);
        if let Some(place) = self.places.get(self.name.as_slice()) {
            return Some(*place);
        }
        let tag = Tag::from_cache_name(&row.name).ok()?;
        let place = tables.place(Key { reclaimable: row.reclaimable, ..Key::new(tag, row.pool, row.counters) });
        self.places.insert(self.name.as_slice().into(), place);
        Some(place)
    }

    fn other_line(&mut self, line: LogLine<'_>, text: &[u8], tables: &mut ImportedTables) -> Result<(), ImportError> {
        match self.uptimes.read(text) {
            Some(at) if !self.dated => self.stamp(at.into(), tables),
            Some(_) => Ok(()),
            None => {
                if marks_omitted_rows(text) {
                    tables.shows_a_part();
                }
                tables.filtered(chooses_lines(text));
                tables.pass(line.number, || format!("belongs to no table: `{}`", shown(text)));
                Ok(())
            }
        }
    }

    fn stamp(&mut self, at: Stamp, tables: &mut ImportedTables) -> Result<(), ImportError> {
        self.end(tables)?;
        (self.headed, self.fresh) = (false, None);
        tables.stamp(at);
        Ok(())
    }

    /// Ends the sample if one is open.
    fn end(&mut self, tables: &mut ImportedTables) -> Result<(), ImportError> {
        if !tables.is_open() {
            return Ok(());
        }
        let seen = std::mem::take(&mut self.seen);
        // Rows of slabtop without the summary are assumed to be only some of its rows.
        let rows_only = self.section == Some(Section::Slabtop);
        let cut = self.caches.take().map_or(rows_only, |(caches, shown)| shown < caches);
        let partial = cut || *self.first_seen.get_or_insert(seen) != seen;
        if let (true, Some(section)) = (partial, self.section) {
            tables.set_source(source(section), None, true);
        }
        self.first_cache = None;
        tables.end()
    }
}
