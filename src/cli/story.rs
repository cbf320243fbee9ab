//! The story of a run, told twice: into `run.log` with times, and on stderr, as a bar where somebody watches and as plain
//! lines where nobody does.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use fs_err::File;
use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Event;

/// Tells a run's events.
pub(super) struct Story {
    log: Option<File>,
    bar: Option<ProgressBar>,
    /// The tenth of the workload last told in plain lines.
    tenth: u64,
}

impl Story {
    /// A story which is also written behind what the file at `log` has already. A log that cannot be written is not worth failing a run for.
    pub(super) fn new(log: &Path) -> Story {
        Story { log: fs_err::OpenOptions::new().create(true).append(true).open(log).ok(), bar: None, tenth: 0 }
    }

    /// A line of the story.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(log) = &mut self.log {
            let _ = writeln!(log, "{} {line}", jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"));
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| anstream::eprintln!("{line}")),
            None => anstream::eprintln!("{line}"),
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
            Event::Phase(_)
            | Event::Resumed(_)
            | Event::Flag { .. }
            | Event::Restarting
            | Event::Trouble(_)
            | Event::Command { .. }
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
        if tenth != self.tenth {
            self.tenth = tenth;
            let event = Event::Progress { iterations, of };
            if self.bar.is_none() || of.is_none() {
                self.line(&event.to_string());
            }
        }
    }
}

/// A bar for a stage, when stderr is a terminal. Its own thread keeps it alive while nothing happens.
fn bar(stage: &str, length: Option<Duration>) -> Option<ProgressBar> {
    let bar = ProgressBar::new(0);
    if bar.is_hidden() {
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
