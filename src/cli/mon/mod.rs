//! `poolgate mon`: PoolMon for the live machine and for recordings.
//!
//! In a terminal it shows a live table (`live`); redirected, it prints one plain screen after another, as PoolMon does
//! (`plain`). PoolMon's own switches are translated before clap parses them (`switches`).

use std::io::{self, IsTerminal};
use std::mem;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::files::length;
use crate::cli::args::recorded_file::RecordedFile;
use crate::cli::args::root::Root;
use crate::cli::output::errors;
use crate::cli::output::runs::in_runtime;
use crate::cli::output::stdout;
use crate::cli::output::stdout::tell;
use crate::counted::counted;
use crate::exit::Exit;
use crate::failure;
use crate::machine::sim::{KERNEL_VARIABLE, Kernel};
use crate::machine::{PoolSource, native, sim};
use crate::mon::terminal::View;
use crate::mon::{
    Drivers, LiveTable, Met, PoolScope, PoolmonLayout, PoolmonText, Replay, RowFilter, Screen, SortColumn, SortOrder,
};
use crate::pool::{Pool, TagPattern};
use crate::scenario;

mod drivers;
mod live;
mod named;
mod pages;
mod plain;
#[cfg(test)]
mod round_trip;
mod switches;
mod watched;

use named::{columns, period, pools};
use pages::Pages;
pub(super) use switches::translated;
use watched::Watched;

/// Shows the pool table, as PoolMon does.
#[derive(Debug, clap::Args)]
#[command(after_help = SWITCHES)]
pub(super) struct MonCommand {
    /// Recording, folder of a run, or log to show instead of this machine
    #[arg(value_name = "RECORDING")]
    recording: Option<PathBuf>,
    /// Time between two screens; by default 5 s, or every sample of a recording
    #[arg(long, value_name = "TIME", value_parser = period)]
    every: Option<Duration>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = length)]
    length: Option<Duration>,
    /// End after this many tables; with --snapshot, append this many snapshots
    #[arg(long, value_name = "N")]
    count: Option<NonZeroU64>,
    /// Sort rows by this column
    #[arg(long, value_name = "COLUMN", default_value = "tag", value_parser = columns(), overrides_with = "sort")]
    sort: SortColumn,
    /// Sort by the change since the previous screen instead of the value
    #[arg(long)]
    changes: bool,
    /// Show only these tags; `*` and `?` work as in thresholds; may be repeated
    #[arg(long, value_name = "TAG")]
    include: Vec<TagPattern>,
    /// Hide these tags; may be repeated
    #[arg(long, value_name = "TAG")]
    exclude: Vec<TagPattern>,
    /// Show only this pool
    #[arg(long, value_name = "POOL", value_parser = pools())]
    pool: Option<Pool>,
    /// Show the pools of this session, or of `all` sessions, instead of the system's
    #[arg(long, value_name = "NUMBER", overrides_with = "session")]
    session: Option<PoolScope>,
    /// Show totals below the rows
    #[arg(long)]
    totals: bool,
    /// Do not highlight rows
    #[arg(long)]
    no_highlight: bool,
    /// Append a snapshot (or --count of them) to this file (- is stdout), as PoolMon's /n does, and end
    #[arg(long, value_name = "FILE", conflicts_with_all = ["log", "length", "timestamps"])]
    snapshot: Option<PathBuf>,
    /// Append every screen to this file, as PoolMon does with >>
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Write the time above every screen of a log, as a line `# 2026-11-23T10:00:00Z`
    #[arg(long)]
    timestamps: bool,
    #[command(flatten)]
    lists: drivers::DriverColumn,
    #[command(flatten)]
    root: Root,
    /// Watch the simulated kernel in this file
    #[arg(long, env = KERNEL_VARIABLE, value_name = "FILE")]
    kernel: Option<PathBuf>,
}

const SWITCHES: &str = "\
PoolMon's switches, each as /x or -x:
  /iTAG /xTAG    --include TAG, --exclude TAG
  /p, /p /p      --pool nonpaged, --pool paged
  /s, /sN        --session all, --session N
  /e             --totals
  /t /a /f /d    --sort tag, allocs, frees, diff
  /b (/u), /m    --sort bytes, per-alloc
  /( or /)       --changes
  /l             --no-highlight
  /n [FILE]      --snapshot FILE; by default poolsnap.log
  /g [FILE]      --pooltag[=FILE]
  /c [FILE]      --localtag[=FILE]
  /r             no effect: every snapshot has its header
  /? or /h       --help
A word that matches a switch is a switch, in any position; write //b or `-- /b` for a file named /b.
Without a terminal it writes one table after another and never ends by itself, like PoolMon: add --count or --for.
Press h for a list of keys. docs/mon.md shows the screens and explains PoolMon's columns on Linux.";

/// The fixed time between two screens of PoolMon.
const POOLMONS: Duration = Duration::from_secs(5);

/// The settings of a sequence of screens, for any output.
struct MonSettings {
    shown: RowFilter,
    order: SortOrder,
    highlight: bool,
    drivers: Option<Drivers>,
    every: Duration,
    length: Option<Duration>,
    count: Option<NonZeroU64>,
}

impl MonSettings {
    /// Returns whether the number of tables has reached `--count`.
    fn is_over(&self, tables: u64) -> bool {
        self.count.is_some_and(|count| tables >= count.get())
    }

    /// Returns the format of screens on this machine's PoolMon.
    fn text(&self) -> PoolmonText {
        PoolmonText::new(PoolmonLayout::native(), self.drivers.clone())
    }

    fn view(&self) -> View {
        let mut view = View::new(self.shown.clone(), self.order, self.highlight);
        view.drivers.clone_from(&self.drivers);
        view
    }
}

impl MonCommand {
    pub(super) fn run(self) -> Exit {
        in_runtime(self.start())
    }

    async fn start(self) -> Exit {
        let Ok(drivers) = self.lists.drivers() else { return Exit::Usage };
        let choice = self.choice(drivers);
        if let Some(path) = &self.recording {
            if self.snapshot.is_some() && self.count.is_some() {
                let help = "leave out --count, or write tables with --log in the place of --snapshot";
                errors::tell("a snapshot of a recording holds only its last sample", Some(help));
                return Exit::Usage;
            }
            return match RecordedFile::open(path, self.every) {
                Ok(recorded) => self.replay(&recorded.tell(), choice),
                Err(error) => {
                    errors::tell(&error, failure::help(&error));
                    RecordedFile::exit(&error)
                }
            };
        }
        let mut watched = Watched::new(self.source());
        // Reports a failing source before it creates any file.
        if let Err(error) = watched.read() {
            watched::tell(&error);
            return Exit::Failed;
        }
        if self.snapshot.is_some() || !in_terminal() {
            watched.table.why_empty(&choice.shown).iter().for_each(|why| tell!("note: {why}"));
        }
        if let Some(path) = &self.snapshot {
            let text = choice.text();
            let mut below = false;
            let append = |screen: &Screen| pages::snapshot(path, &text, screen, mem::replace(&mut below, true));
            return plain::watch(watched, choice, append).await;
        }
        let log = match self.log.as_deref().map(|path| Pages::append(path, choice.text(), self.timestamps)).transpose()
        {
            Ok(log) => log,
            Err(error) => return ended(Err(error)),
        };
        if log.is_some() && !self.timestamps && choice.every != POOLMONS {
            let every = scenario::Duration::from(choice.every);
            tell!(
                "note: without time stamps, screens count as 5 s apart, but these are {every} apart: add --timestamps"
            );
        }
        if in_terminal() {
            return live::watch(watched, choice, log).await;
        }
        let mut pages = log.unwrap_or_else(|| Pages::stdout(choice.text(), self.timestamps));
        plain::watch(watched, choice, |screen| pages.write(screen)).await
    }

    /// Shows a recording from beginning to end.
    fn replay(&self, recorded: &RecordedFile, choice: MonSettings) -> Exit {
        let log = self.log.as_deref().map(|path| Pages::append(path, choice.text(), self.timestamps));
        if in_terminal() && self.snapshot.is_none() && log.is_none() {
            return live::replay(recorded, choice);
        }
        let mut pages = match log.transpose() {
            Ok(log) => log.unwrap_or_else(|| Pages::stdout(choice.text(), self.timestamps)),
            Err(error) => return ended(Err(error)),
        };
        let (mut table, mut samples) = (LiveTable::new(), 0_u64);
        let mut replay = Replay::new(&recorded.recording, choice.every, choice.length);
        while let Some(met) = replay.next(&mut table) {
            match met {
                Met::Sample => {
                    samples += 1;
                    if self.snapshot.is_none()
                        && let Err(error) = pages.write(&table.screen(&choice.shown, choice.order))
                    {
                        return ended(Err(error));
                    }
                    if choice.is_over(samples) {
                        break;
                    }
                }
                Met::Gap(because) => tell!("note: a sample is missing: {because}"),
                Met::Damaged(bytes) => {
                    tell!("note: {} damaged", counted(bytes, "byte of the recording is", "bytes of the recording are"))
                }
            }
        }
        if samples == 0 {
            return nothing_to_show(recorded);
        }
        table.why_empty(&choice.shown).iter().for_each(|why| tell!("note: in the last sample, {why}"));
        match &self.snapshot {
            Some(path) => {
                ended(pages::snapshot(path, &choice.text(), &table.screen(&choice.shown, choice.order), false))
            }
            None => Exit::Held,
        }
    }

    fn choice(&self, drivers: Option<Drivers>) -> MonSettings {
        let normal = if self.recording.is_some() { Duration::ZERO } else { POOLMONS };
        MonSettings {
            shown: RowFilter {
                include: self.include.clone(),
                exclude: self.exclude.clone(),
                pool: self.pool,
                scope: self.session.unwrap_or_default(),
                totals: self.totals,
            },
            order: SortOrder { by: self.sort, change: self.changes },
            highlight: !self.no_highlight,
            drivers,
            every: self.every.unwrap_or(normal),
            length: self.length,
            // One snapshot of a live machine by default; of a recording always its last sample.
            count: self.count.or(NonZeroU64::new(1).filter(|_| self.snapshot.is_some() && self.recording.is_none())),
        }
    }

    fn source(&self) -> Box<dyn PoolSource> {
        match &self.kernel {
            Some(kernel) => sim::machine(&Kernel::at(kernel)).pool,
            None => native::machine(self.root.folder()).pool,
        }
    }
}

/// Returns whether output and input are a terminal.
fn in_terminal() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal()
}

/// Returns the exit code after the last screen was written, or writing failed.
fn ended(written: io::Result<()>) -> Exit {
    stdout::ended(written, "give a writable file on a disk with free space")
}

/// Reports that a recording has no samples.
fn nothing_to_show(recorded: &RecordedFile) -> Exit {
    let path = recorded.path.display();
    errors::tell(format!("{path} has no samples to show"), Some("give a recording with samples"));
    Exit::Failed
}
