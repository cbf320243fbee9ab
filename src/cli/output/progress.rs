//! Shows the progress of runs on stderr, with a progress bar on a terminal or else as plain lines, and their reports on
//! stdout.

use std::cell::RefCell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output::stdout::{styled, tell};
use crate::cli::output::terminal;
use crate::cli::output::verbosity::{is_quiet, is_verbose};
use crate::gate::Notice;
use crate::plain::plain;
use crate::record::Stage;
use crate::report;
use crate::run::RunEvent;
use crate::run::drive::Phase;

/// The display of runs, one after the other.
#[derive(Default)]
pub(in crate::cli) struct ProgressDisplay(RefCell<RunDisplay>);

/// The display of one run.
#[derive(Default)]
struct RunDisplay {
    bar: Option<ProgressBar>,
    /// The last tenth of the workload that was reported in plain lines.
    tenth: u64,
    /// Whether the machine restarts during the run, so that its phases are of interest.
    restarts: bool,
}

impl ProgressDisplay {
    /// Shows a notice of a gate.
    pub(in crate::cli) fn show(&self, notice: Notice<'_>) {
        let mut display = self.0.borrow_mut();
        match notice {
            Notice::Begins { scenario, reports } => tell!("{} → {}", scenario.display(), reports.display()),
            Notice::Continues { restarts } => *display = RunDisplay { restarts, ..RunDisplay::default() },
            Notice::Event(event) => display.event(event),
            Notice::Remark(remark) => display.line(remark),
            Notice::Report(report) => {
                display.end_bar();
                let table = report::table(report, terminal::width(), report::RowLimit::OF_RUN, is_verbose());
                styled(&format!("\n{table}"));
            }
        }
    }
}

impl RunDisplay {
    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell!("{line}")),
            None => tell!("{line}"),
        }
    }

    fn event(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Progress { iterations, of } => self.progress(*iterations, *of),
            RunEvent::Began(stage, length) => self.begin(event, &stage.to_string(), *length),
            RunEvent::GoesOn(length) => self.begin(event, &Stage::Workload.to_string(), Some(*length)),
            RunEvent::LooksAgain { .. } => self.begin(event, &Stage::SecondLook.to_string(), None),
            RunEvent::Block { subject, block, .. } => match &self.bar {
                Some(bar) => bar.set_message(plain(&format!("second look at {subject}: {block}")).into_owned()),
                None => self.line(&event.to_string()),
            },
            RunEvent::Slots { done, of } => self.slots(*done, *of),
            // The outcome is printed last.
            RunEvent::Phase(phase) if !self.restarts || *phase == Phase::Done => {}
            RunEvent::Phase(_)
            | RunEvent::Trouble(_)
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

    fn begin(&mut self, event: &RunEvent, stage: &str, length: Option<Duration>) {
        self.end_bar();
        self.line(&event.to_string());
        self.bar = bar(stage, length);
    }

    fn end_bar(&mut self) {
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
        let tenth = RunEvent::tenths(iterations, of);
        if tenth != self.tenth || is_verbose() {
            self.tenth = tenth;
            let event = RunEvent::Progress { iterations, of };
            if self.bar.is_none() || of.is_none() {
                self.line(&event.to_string());
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
