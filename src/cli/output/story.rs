//! Writes the events of a run to `run.log`, with times, and to stderr: with a progress bar on a terminal, or else as
//! plain lines. On Windows a run on the machine itself also writes to the event log, because the stderr of a service is
//! lost.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use fs_err::File;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::stdout::tell;
use crate::cli::output::talk::{is_quiet, is_verbose};
#[cfg(windows)]
use crate::machine::windows::{EventLog, LogLevel};
use crate::plain::plain;
use crate::record::Stage;
use crate::run::drive::Phase;
use crate::run::{RunEvent, open_log};

/// Writes a run's events.
pub(in crate::cli) struct Story {
    log: Option<File>,
    bar: Option<ProgressBar>,
    /// The last tenth of the workload that was reported in plain lines.
    tenth: u64,
    /// The machine restarts during the run, so its phases are of interest.
    restarts: bool,
    #[cfg(windows)]
    events: Option<EventLog>,
}

impl Story {
    /// Creates a story that appends to the file at `log`. On Windows, if the run is on a `real` machine, it also writes
    /// to the event log. If the log cannot be written, or is not this user's file, the story reports that and continues
    /// without it, because the run must not fail for this reason.
    #[cfg_attr(unix, expect(unused_variables, reason = "the journal has a service's stderr anyway"))]
    pub(in crate::cli) fn new(log: &Path, real: bool, restarts: bool) -> Story {
        let log = open_log(log).inspect_err(|error| tell!("cannot write the run's log: {error}"));
        Story {
            log: log.ok(),
            bar: None,
            tenth: 0,
            restarts,
            #[cfg(windows)]
            events: if real { EventLog::open() } else { None },
        }
    }

    /// Writes a line to all places.
    pub(in crate::cli) fn line(&mut self, line: &str) {
        #[cfg(windows)]
        if let Some(events) = &self.events {
            events.tell(LogLevel::Information, &plain(line));
        }
        self.passing(line);
    }

    fn log(&mut self, line: &str) {
        if let Some(log) = &mut self.log {
            let _ = writeln!(log, "{} {}", jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"), plain(line));
        }
    }

    /// Writes a line that is of interest only while the run continues, so not to the event log.
    fn passing(&mut self, line: &str) {
        self.log(line);
        match &self.bar {
            Some(bar) => bar.suspend(|| tell!("{line}")),
            None => tell!("{line}"),
        }
    }

    /// Writes an event.
    pub(in crate::cli) fn tell(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Progress { iterations, of } => self.progress(*iterations, *of),
            RunEvent::Began(stage, length) => {
                self.end_bar();
                self.line(&event.to_string());
                self.bar = bar(&stage.to_string(), *length);
            }
            RunEvent::GoesOn(length) => {
                self.end_bar();
                self.line(&event.to_string());
                self.bar = bar(&Stage::Workload.to_string(), Some(*length));
            }
            RunEvent::LooksAgain { .. } => {
                self.end_bar();
                self.line(&event.to_string());
                self.bar = bar(&Stage::SecondLook.to_string(), None);
            }
            RunEvent::Block { subject, block, .. } => match &self.bar {
                Some(bar) => {
                    bar.set_message(plain(&format!("second look at {subject}: {block}")).into_owned());
                    self.log(&event.to_string());
                }
                None => self.passing(&event.to_string()),
            },
            RunEvent::Slots { done, of } => self.slots(*done, *of),
            #[cfg(windows)]
            RunEvent::Trouble(_) => {
                if let Some(events) = &self.events {
                    events.tell(LogLevel::Warning, &plain(&event.to_string()));
                }
                self.passing(&event.to_string());
            }
            #[cfg(unix)]
            RunEvent::Trouble(_) => self.line(&event.to_string()),
            // The outcome is printed last.
            RunEvent::Phase(phase) if !self.restarts || *phase == Phase::Done => self.log(&event.to_string()),
            RunEvent::Phase(_)
            | RunEvent::Resumed(_)
            | RunEvent::Flag { .. }
            | RunEvent::Restarting
            | RunEvent::Command { .. }
            | RunEvent::NoTime { .. }
            | RunEvent::Gap(_)
            | RunEvent::Missed(_)
            | RunEvent::Stopping => self.line(&event.to_string()),
        }
    }

    /// Removes the progress bar.
    pub(in crate::cli) fn end_bar(&mut self) {
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
            let event = RunEvent::Progress { iterations, of };
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

/// Returns a progress bar for a stage if stderr is a terminal. Its own thread keeps it moving between events.
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
