//! The live table in a terminal: combines keys, readings and the clock.
//!
//! The terminal is restored however it ends: by a key, an error, a stop request or a panic. [`RawTerminal`] restores it
//! on drop, and ratatui's panic hook does so before the panic message.

use std::io;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::pages::Pages;
use super::watched::Watched;
use super::{MonSettings, ended, nothing_to_show};
use crate::cli::args::recorded_file::RecordedFile;
use crate::cli::output::errors;
use crate::exit::Exit;
use crate::gate::stop_on_signals;
use crate::mon::terminal::{KeyAction, SampleMove, StatusLine, View, draw};
use crate::mon::{LiveTable, Met, Replay, Ticks};
use crate::scenario::Duration;

/// The terminal in its drawing mode.
struct RawTerminal(DefaultTerminal);

impl RawTerminal {
    fn take() -> io::Result<RawTerminal> {
        ratatui::try_init().map(RawTerminal)
    }

    fn draw(&mut self, view: &mut View, table: &LiveTable, status: &StatusLine) -> io::Result<()> {
        self.0.draw(|frame| draw(frame, view, table, status)).map(|_| ())
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // After a panic it is already restored, and restoring again would move the cursor onto the panic message.
        if !std::thread::panicking() {
            ratatui::restore();
        }
    }
}

/// Shows the machine until the user ends it.
pub(super) async fn watch(watched: Watched, choice: MonSettings, log: Option<Pages>) -> Exit {
    match Live::begin(watched, choice, log) {
        Ok(mut live) => {
            let shown = live.go_on().await;
            // Restores the terminal before any error is printed.
            drop(live);
            ended(shown)
        }
        Err(error) => no_terminal(error),
    }
}

struct Live {
    screen: RawTerminal,
    watched: Watched,
    choice: MonSettings,
    log: Option<Pages>,
    view: View,
    status: StatusLine,
    /// The number of tables so far.
    tables: u64,
    /// The table shown while the view is paused.
    held: Option<LiveTable>,
}

impl Live {
    fn begin(watched: Watched, choice: MonSettings, log: Option<Pages>) -> io::Result<Live> {
        let view = choice.view();
        let watched_is = format!("{}, every {}", watched.name(), Duration::from(choice.every));
        let status = StatusLine { watched: watched_is, failed: None };
        Ok(Live { screen: RawTerminal::take()?, watched, choice, log, view, status, tables: 0, held: None })
    }

    async fn go_on(&mut self) -> io::Result<()> {
        let (stop, mut events) = (stop_on_signals(), events());
        let mut ticks = Ticks::new(Instant::now().into_std(), self.choice.every, self.choice.length);
        self.take()?;
        ticks.done(Instant::now().into_std());
        loop {
            self.draw()?;
            if self.choice.is_over(self.tables) {
                return Ok(());
            }
            let Some(next) = ticks.next() else { return Ok(()) };
            tokio::select! {
                () = sleep_until(next.into()) => {
                    self.read()?;
                    ticks.done(Instant::now().into_std());
                }
                event = events.recv() => match event {
                    Some(event) => if self.react(&event?) == KeyAction::Quit { return Ok(()) },
                    None => return Ok(()),
                },
                () = stop.asked(1) => return Ok(()),
            }
        }
    }

    /// Reads the next table. A failure appears in the status line, the last screen stays, and the log gets nothing.
    fn read(&mut self) -> io::Result<()> {
        self.status.failed = self.watched.read().err().map(|error| error.to_string().replace('\n', " "));
        if self.status.failed.is_none() { self.take() } else { Ok(()) }
    }

    /// Counts a table and logs it. The log's rows and order come from the command line, not from keys.
    fn take(&mut self) -> io::Result<()> {
        self.tables += 1;
        let Some(log) = &mut self.log else { return Ok(()) };
        log.write(&self.watched.table.screen(&self.choice.shown, self.choice.order))
    }

    fn react(&mut self, event: &Event) -> KeyAction {
        let Event::Key(key) = event else { return KeyAction::Redraw };
        let wanted = self.view.press(*key, &self.watched.table.pools());
        self.held = match self.held.take() {
            held @ Some(_) if self.view.paused => held,
            None if self.view.paused => Some(self.watched.table.clone()),
            Some(_) | None => None,
        };
        wanted
    }

    fn draw(&mut self) -> io::Result<()> {
        let table = self.held.as_ref().unwrap_or(&self.watched.table);
        self.screen.draw(&mut self.view, table, &self.status)
    }
}

/// Returns the channel of keys and size changes. The thread that reads them ends with the process.
fn events() -> mpsc::UnboundedReceiver<io::Result<Event>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        loop {
            let event = event::read();
            let broken = event.is_err();
            if sender.send(event).is_err() || broken {
                return;
            }
        }
    });
    receiver
}

/// Shows a recording, beginning with its last sample. The marks for growing rows then cover the last 48 samples.
pub(super) fn replay(recorded: &RecordedFile, choice: MonSettings) -> Exit {
    let samples = count(recorded, &choice);
    if samples == 0 {
        return nothing_to_show(recorded);
    }
    match RawTerminal::take() {
        Ok(mut screen) => {
            let shown = step_through(&mut screen, recorded, &choice, samples);
            drop(screen);
            ended(shown)
        }
        Err(error) => no_terminal(error),
    }
}

fn step_through(
    screen: &mut RawTerminal,
    recorded: &RecordedFile,
    choice: &MonSettings,
    samples: usize,
) -> io::Result<()> {
    let mut view = choice.view();
    let mut at = samples;
    loop {
        let table = up_to(recorded, choice, at);
        let watched = format!("{}, sample {at} of {samples}", recorded.recording.header().source);
        let status = StatusLine { watched, failed: None };
        loop {
            screen.draw(&mut view, &table, &status)?;
            let Event::Key(key) = event::read()? else { continue };
            match view.press(key, &table.pools()) {
                KeyAction::Quit => return Ok(()),
                KeyAction::Redraw => {}
                KeyAction::Go(step) => {
                    at = match step {
                        SampleMove::First => 1,
                        SampleMove::Back => at.saturating_sub(1).max(1),
                        SampleMove::On => (at + 1).min(samples),
                        SampleMove::Last => samples,
                    };
                    break;
                }
            }
        }
    }
}

fn count(recorded: &RecordedFile, choice: &MonSettings) -> usize {
    let mut replay = Replay::new(&recorded.recording, choice.every, choice.length);
    let mut table = LiveTable::new();
    let samples = std::iter::from_fn(|| replay.next(&mut table)).filter(|met| *met == Met::Sample).count();
    let most = choice.count.and_then(|count| usize::try_from(count.get()).ok());
    samples.min(most.unwrap_or(usize::MAX))
}

/// Returns the table after this many samples.
fn up_to(recorded: &RecordedFile, choice: &MonSettings, samples: usize) -> LiveTable {
    let mut replay = Replay::new(&recorded.recording, choice.every, choice.length);
    let (mut table, mut taken) = (LiveTable::new(), 0);
    while taken < samples {
        match replay.next(&mut table) {
            Some(Met::Sample) => taken += 1,
            Some(Met::Gap(_) | Met::Damaged(_)) => {}
            None => break,
        }
    }
    table
}

fn no_terminal(error: io::Error) -> Exit {
    errors::tell(
        format!("cannot use this terminal: {error}"),
        Some("redirect the output (`poolgate mon | cat`) for plain screens"),
    );
    Exit::Failed
}
