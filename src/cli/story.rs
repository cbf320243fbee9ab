//! The story of a run, told twice: into `run.log` with times, and on stderr, as a bar where somebody watches and as plain
//! lines where nobody does. On Windows a run on the machine itself is told to the event log too: what a service writes to
//! stderr nobody sees.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use fs_err::File;
use indicatif::{ProgressBar, ProgressStyle};

use super::printed::tell;
use super::talk::{is_quiet, is_verbose};
#[cfg(windows)]
use crate::machine::windows::{EventLog, Weight};
use crate::plain::plain;
use crate::record::Stage;
use crate::run::drive::Phase;
use crate::run::{Event, open_log};

/// Tells a run's events.
pub(super) struct Story {
    log: Option<File>,
    bar: Option<ProgressBar>,
    /// The tenth of the workload last told in plain lines.
    tenth: u64,
    /// The machine restarts during the run, so its phases are of interest.
    restarts: bool,
    #[cfg(windows)]
    events: Option<EventLog>,
}

impl Story {
    /// A story which is also written behind what the file at `log` has already, and, when it is of a `real` machine, where
    /// that keeps its own. A log that cannot be written, or that somebody else put there, is not worth failing a run for; it
    /// is said, and the story told without it.
    #[cfg_attr(unix, expect(unused_variables, reason = "the journal has a service's stderr anyway"))]
    pub(super) fn new(log: &Path, real: bool, restarts: bool) -> Story {
        let log = open_log(log).inspect_err(|error| tell!("the story is not written down: {error}"));
        Story {
            log: log.ok(),
            bar: None,
            tenth: 0,
            restarts,
            #[cfg(windows)]
            events: if real { EventLog::open() } else { None },
        }
    }

    /// A line of the story.
    pub(super) fn line(&mut self, line: &str) {
        #[cfg(windows)]
        if let Some(events) = &self.events {
            events.tell(Weight::Information, &plain(line));
        }
        self.passing(line);
    }

    fn log(&mut self, line: &str) {
        if let Some(log) = &mut self.log {
            let _ = writeln!(log, "{} {}", jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"), plain(line));
        }
    }

    /// A line which is only of interest while it is new, or while the run goes on.
    fn passing(&mut self, line: &str) {
        self.log(line);
        match &self.bar {
            Some(bar) => bar.suspend(|| tell!("{line}")),
            None => tell!("{line}"),
        }
    }

    /// Something happened.
    pub(super) fn tell(&mut self, event: &Event) {
        match event {
            Event::Progress { iterations, of } => self.progress(*iterations, *of),
            Event::Began(stage, length) => {
                self.end_bar();
                self.line(&event.to_string());
                self.bar = bar(&stage.to_string(), *length);
            }
            Event::GoesOn(length) => {
                self.end_bar();
                self.line(&event.to_string());
                self.bar = bar(&Stage::Workload.to_string(), Some(*length));
            }
            Event::LooksAgain { .. } => {
                self.end_bar();
                self.line(&event.to_string());
                self.bar = bar(&Stage::SecondLook.to_string(), None);
            }
            Event::Block { subject, block, .. } => match &self.bar {
                Some(bar) => {
                    bar.set_message(plain(&format!("second look at {subject}: {block}")).into_owned());
                    self.log(&event.to_string());
                }
                None => self.passing(&event.to_string()),
            },
            Event::Slots { done, of } => self.slots(*done, *of),
            #[cfg(windows)]
            Event::Trouble(_) => {
                if let Some(events) = &self.events {
                    events.tell(Weight::Warning, &plain(&event.to_string()));
                }
                self.passing(&event.to_string());
            }
            #[cfg(unix)]
            Event::Trouble(_) => self.line(&event.to_string()),
            // The outcome is printed last.
            Event::Phase(phase) if !self.restarts || *phase == Phase::Done => self.log(&event.to_string()),
            Event::Phase(_)
            | Event::Resumed(_)
            | Event::Flag { .. }
            | Event::Restarting
            | Event::Command { .. }
            | Event::NoTime { .. }
            | Event::Gap(_)
            | Event::Missed(_)
            | Event::Stopping => self.line(&event.to_string()),
        }
    }

    /// The run is over.
    pub(super) fn end_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn progress(&mut self, iterations: u64, of: Option<u64>) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("iteration {iterations}"));
            if let Some(of) = of {
                bar.set_style(style("{msg:>18} [{bar:40}] {pos} of {len}, {eta} left"));
                bar.set_length(of);
                bar.set_position(iterations);
            }
        }
        let tenth = of.map_or(iterations / 1000, |of| iterations * 10 / of.max(1));
        if tenth != self.tenth || is_verbose() {
            self.tenth = tenth;
            let event = Event::Progress { iterations, of };
            if self.bar.is_none() || of.is_none() {
                self.passing(&event.to_string());
            }
        }
    }

    fn slots(&self, done: u64, of: u64) {
        if let Some(bar) = &self.bar {
            bar.set_style(style("{msg} [{bar:20}] {eta} left"));
            bar.set_length(of);
            bar.set_position(done);
        }
    }
}

/// A bar for a stage, when stderr is a terminal. Its own thread keeps it alive while nothing happens.
fn bar(stage: &str, length: Option<Duration>) -> Option<ProgressBar> {
    let bar = ProgressBar::new(0);
    if bar.is_hidden() || is_quiet() || is_verbose() {
        return None;
    }
    bar.set_message(stage.to_owned());
    bar.set_style(style(match length {
        Some(_) => "{msg:>18} {spinner} {elapsed} of {prefix}",
        None => "{msg:>18} {spinner} {elapsed}",
    }));
    bar.set_prefix(length.map_or(String::new(), |length| format!("{:.0} s", length.as_secs_f64())));
    bar.enable_steady_tick(Duration::from_millis(200));
    Some(bar)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
