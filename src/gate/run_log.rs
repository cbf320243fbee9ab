//! Writes the events of a run to `run.log`, with times, and passes them to the observer. On Windows a run on the machine
//! itself also writes to the event log, because the stderr of a service is lost.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::path::Path;

use fs_err::File;

use super::{Gate, Notice};
#[cfg(windows)]
use crate::machine::windows::{EventLog, LogLevel};
use crate::plain::plain;
use crate::run::drive::Phase;
use crate::run::{RunEvent, open_log};

/// The log of a run, shared by its phases and its work.
pub(super) struct RunLog<'a> {
    gate: &'a Gate<'a>,
    file: RefCell<Option<File>>,
    /// The last tenth of the workload that was logged.
    tenth: Cell<u64>,
    /// Whether the machine restarts during the run, so that its phases are of interest.
    restarts: bool,
    #[cfg(windows)]
    events: Option<EventLog>,
}

impl<'a> RunLog<'a> {
    /// Appends to the file at `path`. On Windows, if the run is on a `real` machine, it also writes to the event log. If
    /// the file cannot be written, or is not this user's, the observer receives the reason and the run continues without
    /// it.
    #[cfg_attr(unix, expect(unused_variables, reason = "the journal has a service's stderr anyway"))]
    pub(super) fn open(gate: &'a Gate<'a>, path: &Path, real: bool, restarts: bool) -> RunLog<'a> {
        gate.notice(Notice::Continues { restarts });
        let file = open_log(path).inspect_err(|error| gate.remark(&format!("cannot write the run's log: {error}")));
        RunLog {
            gate,
            file: RefCell::new(file.ok()),
            tenth: Cell::new(0),
            restarts,
            #[cfg(windows)]
            events: if real { EventLog::open() } else { None },
        }
    }

    /// Writes a remark to all places.
    pub(super) fn remark(&self, remark: &str) {
        self.important(remark);
        self.gate.remark(remark);
    }

    /// Writes an event to the places that it is of interest for.
    pub(super) fn event(&self, event: &RunEvent) {
        match event {
            RunEvent::Progress { iterations, of } => {
                let tenth = RunEvent::tenths(*iterations, *of);
                if tenth != self.tenth.replace(tenth) {
                    self.write(&event.to_string());
                }
            }
            RunEvent::Slots { .. } => {}
            RunEvent::Block { .. } => self.write(&event.to_string()),
            RunEvent::Phase(phase) if !self.restarts || *phase == Phase::Done => self.write(&event.to_string()),
            RunEvent::Trouble(_) => {
                #[cfg(windows)]
                if let Some(events) = &self.events {
                    events.tell(LogLevel::Warning, &plain(&event.to_string()));
                }
                self.write(&event.to_string());
            }
            RunEvent::Phase(_)
            | RunEvent::Began(..)
            | RunEvent::GoesOn(_)
            | RunEvent::LooksAgain { .. }
            | RunEvent::Resumed(_)
            | RunEvent::Flag { .. }
            | RunEvent::Restarting
            | RunEvent::Command { .. }
            | RunEvent::NoTime { .. }
            | RunEvent::Gap(_)
            | RunEvent::Missed(_)
            | RunEvent::Stopping => self.important(&event.to_string()),
        }
        self.gate.notice(Notice::Event(event));
    }

    /// Writes a line to the file and to the event log.
    fn important(&self, line: &str) {
        #[cfg(windows)]
        if let Some(events) = &self.events {
            events.tell(LogLevel::Information, &plain(line));
        }
        self.write(line);
    }

    fn write(&self, line: &str) {
        if let Some(file) = self.file.borrow_mut().as_mut() {
            let _ = writeln!(file, "{} {}", jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ"), plain(line));
        }
    }
}
