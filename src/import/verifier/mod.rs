//! Memory tracked by Driver Verifier: WinDbg's `!verifier 3`, and `verifier /query` (Microsoft Learn, "!verifier").
//!
//! Each driver has two rows of pool `kernel`, `mydrv.sys nonpaged` and `mydrv.sys paged`: the allocations it holds now.
//! Each allocation in the debugger's list counts under its tag, and under its caller in pool `callsite`. If an unloaded
//! driver holds memory, it is left after teardown, so its list is a recording of that stage. A loaded driver may hold
//! the memory that it needs, so its lists are samples of a workload.

use std::collections::BTreeMap;
use std::io::Read;

use jiff::Timestamp;

use self::line::{ListedAllocation, ListedDriver, VerifierLine};
use super::lines::{End, LogLines};
use super::passed::shown;
use super::tables::ImportedTables;
use super::when::Stamp;
use super::{ImportError, when};
use crate::pool::{Counters, Key, Pool, Tag, Usage};
use crate::record::Stage;

mod line;

/// The source in the header of such a recording.
pub const SOURCE: &str = "a list of Driver Verifier";

/// Whether a line comes from Driver Verifier and from nothing else.
pub(super) fn begins(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&text[..text.len().min(300)]);
    matches!(line::read(&text, ListLayout::default()), Some(VerifierLine::Driver(_) | VerifierLine::Allocations(_)))
}

pub(super) use self::line::ListLayout;

/// One driver's part of a list.
struct Held {
    driver: ListedDriver,
    /// Allocations and bytes in the nonpaged and in the paged pool.
    pools: [Usage; 2],
    /// Which of these figures were read: allocations and bytes of each pool.
    counted: [[bool; 2]; 2],
    listed: Vec<ListedAllocation>,
}

/// Reads all lists of a text.
pub(super) fn read(lines: &mut LogLines<impl Read>, tables: &mut ImportedTables) -> Result<(), ImportError> {
    let mut lists = VerifierLists::default();
    while let Some(line) = lines.next()? {
        let (number, cut) = (line.number, line.end == End::TooLong);
        if let Some(at) = when::debug_session(line.bytes).or_else(|| when::line(line.bytes)) {
            lists.close(tables)?;
            lists.stamp = Some(at);
            continue;
        }
        let text = String::from_utf8_lossy(line.bytes).into_owned();
        if !cut {
            lists.line(number, text.trim(), tables)?;
        }
    }
    lists.close(tables)?;
    tables.end_file("list of Driver Verifier")
}

#[derive(Default)]
struct VerifierLists {
    layout: ListLayout,
    stamp: Option<Stamp>,
    /// The line in which the list begins.
    begins: u64,
    held: Vec<Held>,
    /// Whether the last list was of unloaded drivers.
    unloaded: bool,
    /// Whether there is a sample of the workload.
    sampled: bool,
}

impl VerifierLists {
    fn line(&mut self, number: u64, text: &str, tables: &mut ImportedTables) -> Result<(), ImportError> {
        match line::read(text, self.layout) {
            None => {}
            Some(VerifierLine::Driver(driver)) => {
                if self.held.iter().any(|held| held.driver.name == driver.name) {
                    self.close(tables)?;
                }
                if self.held.is_empty() {
                    self.begins = number;
                }
                self.layout = ListLayout::default();
                self.held.push(Held {
                    driver,
                    pools: Default::default(),
                    counted: Default::default(),
                    listed: Vec::new(),
                });
            }
            Some(VerifierLine::Header(layout)) => self.layout = layout,
            Some(said) => {
                let Some(held) = self.held.last_mut() else {
                    tables.pass(number, || format!("belongs to no driver: `{}`", shown(text.as_bytes())));
                    return Ok(());
                };
                match said {
                    VerifierLine::Allocations(counts) => held.set(0, counts),
                    VerifierLine::Bytes(counts) => held.set(1, counts),
                    VerifierLine::Allocation(Ok(allocation)) => held.listed.push(allocation),
                    VerifierLine::Allocation(Err(why)) | VerifierLine::Unread(why) => tables.unread(number, || why),
                    VerifierLine::Driver(_) | VerifierLine::Header(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Records the list as a sample, unless it lacks counts or contradicts an earlier list.
    fn close(&mut self, tables: &mut ImportedTables) -> Result<(), ImportError> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        if held.iter().all(|held| !held.is_counted() && held.listed.is_empty()) {
            tables.pass(self.begins, || "starts a list without counts".to_owned());
            return Ok(());
        }
        let unloaded = held.iter().any(|held| held.driver.unloaded);
        if self.unloaded && !unloaded {
            tables.pass(self.begins, || "starts a list of loaded drivers after a list of unloaded drivers".to_owned());
            return Ok(());
        }
        self.unloaded = unloaded;
        let (of_stage, others): (Vec<Held>, Vec<Held>) =
            held.into_iter().partition(|held| held.driver.unloaded == unloaded);
        if !others.is_empty() {
            let names: Vec<&str> = others.iter().map(|held| held.driver.name.as_str()).collect();
            let note = format!("drivers that are still loaded are left out: {}", shown(names.join(", ").as_bytes()));
            tables.note(&note);
        }
        tables.set_source(SOURCE, None, false);
        let mut stamp = self.stamp.take();
        if unloaded && !std::mem::replace(&mut self.sampled, true) {
            // The driver allocated the remaining memory while it was loaded, so it already held it at the end of the
            // workload.
            stamp = Some(stamp.unwrap_or(Stamp::from(Timestamp::UNIX_EPOCH)));
            self.sample(Stage::Workload, stamp, &of_stage, tables)?;
        }
        self.sampled = true;
        let stage = if unloaded { Stage::Teardown } else { Stage::Workload };
        self.sample(stage, stamp, &of_stage, tables)?;
        of_stage.iter().for_each(|held| held.check(tables));
        Ok(())
    }

    fn sample(
        &self,
        stage: Stage,
        at: Option<Stamp>,
        held: &[Held],
        tables: &mut ImportedTables,
    ) -> Result<(), ImportError> {
        tables.stage(stage);
        at.into_iter().for_each(|at| tables.stamp(at));
        tables.begin(self.begins)?;
        held.iter().for_each(|held| held.add(tables));
        tables.end()
    }
}

impl Held {
    /// Sets the allocations (0) or the bytes (1) of both pools.
    fn set(&mut self, what: usize, counts: [Option<u64>; 2]) {
        for ((usage, counted), count) in self.pools.iter_mut().zip(&mut self.counted).zip(counts) {
            if let Some(count) = count {
                *(if what == 0 { &mut usage.allocs } else { &mut usage.bytes }) = count;
                counted[what] = true;
            }
        }
    }

    /// Whether all of the driver's figures were read. A figure that was not read is not zero.
    fn is_counted(&self) -> bool {
        self.counted == [[true; 2]; 2]
    }

    fn add(&self, tables: &mut ImportedTables) {
        if self.is_counted() {
            for (pool, usage) in ["nonpaged", "paged"].into_iter().zip(self.pools) {
                plus(&format!("{} {pool}", self.driver.name), Pool::Kernel, usage, tables);
            }
        }
        let pool = match self.pools {
            [_, Usage { allocs: 0, .. }] if self.is_counted() => Pool::Nonpaged,
            [Usage { allocs: 0, .. }, _] if self.is_counted() => Pool::Paged,
            // The list does not show the pool.
            _ => Pool::Unknown,
        };
        let mut rows: BTreeMap<(&str, Pool), Usage> = BTreeMap::new();
        for ListedAllocation { tag, caller, bytes } in &self.listed {
            for (name, pool) in [(tag, pool), (caller, Pool::Callsite)] {
                let usage = rows.entry((name.as_str(), pool)).or_default();
                (usage.allocs, usage.bytes) = (usage.allocs + 1, usage.bytes.saturating_add(*bytes));
            }
        }
        for ((name, pool), usage) in rows {
            plus(name, pool, usage, tables);
        }
    }

    /// Adds a note if the list lacks allocations that the driver holds.
    fn check(&self, tables: &mut ImportedTables) {
        let (counted, listed) = (self.pools.iter().map(|pool| pool.allocs).sum::<u64>(), self.listed.len() as u64);
        if !self.is_counted() {
            tables.set_source(SOURCE, None, true);
            tables.note(&format!("the total of {} was not read", shown(self.driver.name.as_bytes())));
        } else if listed > 0 && listed != counted {
            tables.set_source(SOURCE, None, true);
            tables.note(&format!(
                "{} holds {counted} allocations, but the list has {listed}",
                shown(self.driver.name.as_bytes())
            ));
        }
    }
}

/// Adds the usage under a name.
fn plus(name: &str, pool: Pool, usage: Usage, tables: &mut ImportedTables) {
    let tag = match <[u8; 4]>::try_from(name.as_bytes()) {
        Ok(four) if pool != Pool::Callsite && pool != Pool::Kernel => Some(Tag::from_pool_tag(four)),
        _ => Tag::from_cache_name(name.as_bytes()).ok(),
    };
    if let Some(tag) = tag {
        let row = tables.place(Key::new(tag, pool, Counters::InUse));
        tables.plus(row, usage);
    }
}
