//! The events of a run as they happen. The progress display and `run.log` are made from these events alone.

use std::fmt;
use std::time::Duration;

use super::drive::Phase;
use crate::counted::counted;
use crate::machine::FlagValue;
use crate::record::Stage;

/// An event that is of interest to a person watching the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEvent {
    /// A phase of the run begins.
    Phase(Phase),
    /// A process resumed the run, in this boot.
    Resumed(String),
    /// A flag is about to be written.
    Flag {
        /// The flag's name.
        name: String,
        /// The value to be written.
        value: FlagValue,
    },
    /// The machine is about to be restarted.
    Restarting,
    /// Something went wrong. The run continues by restoring the machine.
    Trouble(String),
    /// A setup or teardown command begins.
    Command {
        /// The command's name, such as `setup 1 of 2`.
        which: String,
        /// The command line.
        line: String,
    },
    /// A stage of measuring begins, with its length if known.
    Began(Stage, Option<Duration>),
    /// The workload's progress.
    Progress {
        /// The number of completed iterations, if they are counted.
        iterations: u64,
        /// The total number of iterations, if the scenario gives it.
        of: Option<u64>,
    },
    /// The workload runs for this long beyond its plan, because the time limit leaves no room for a second look.
    GoesOn(Duration),
    /// A second look begins.
    LooksAgain {
        /// The subject of the look, such as `MyD1 nonpaged and 2 more`.
        subject: String,
        /// The number of the look, from 1. It exceeds 1 if one look was not conclusive.
        number: u32,
        /// The approximate length of the look.
        length: Duration,
    },
    /// A block of a second look begins.
    Block {
        /// The subject of the look.
        subject: String,
        /// The block's name, such as `idle block 2 of 4`.
        block: String,
        /// The approximate time until the look ends.
        left: Duration,
    },
    /// A second look's progress.
    Slots {
        /// The number of completed slots.
        done: u64,
        /// The total number of slots.
        of: u64,
    },
    /// A second look is due, but there is no time for it.
    NoTime {
        /// The subject that grew.
        subject: String,
        /// The approximate length that the look would have.
        length: Duration,
    },
    /// A sample could not be read. The recording notes the gap too.
    Gap(String),
    /// This many ticks of the sampling clock passed without a sample.
    Missed(u32),
    /// An orderly stop was requested.
    Stopping,
}

impl RunEvent {
    /// Returns the number of completed tenths of the workload, or of thousands of iterations if the total is unknown.
    /// Logs have a line for each.
    pub(crate) fn tenths(iterations: u64, of: Option<u64>) -> u64 {
        of.map_or(iterations / 1000, |of| iterations * 10 / of.max(1))
    }
}

impl fmt::Display for RunEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunEvent::Phase(phase) => write!(f, "phase {phase}"),
            RunEvent::Resumed(boot) => write!(f, "the run continues ({boot})"),
            RunEvent::Flag { name, value: FlagValue::Absent } => write!(f, "flag {name}: removed"),
            RunEvent::Flag { name, value: FlagValue::Present(text) } if text.lines().nth(1).is_some() => {
                write!(f, "flag {name}: set to {} lines", text.lines().count())
            }
            RunEvent::Flag { name, value: value @ FlagValue::Present(_) } => write!(f, "flag {name}: set to {value}"),
            RunEvent::Restarting => write!(f, "restarting the machine"),
            RunEvent::Trouble(message) => write!(f, "trouble: {message}"),
            RunEvent::Command { which, line } => write!(f, "{which}: {line}"),
            RunEvent::Began(stage, Some(length)) => write!(f, "{stage} ({:.1} s)", length.as_secs_f64()),
            RunEvent::Began(stage, None) => write!(f, "{stage}"),
            RunEvent::Progress { iterations, of: Some(of) } => write!(f, "iteration {iterations} of {of}"),
            RunEvent::Progress { iterations, of: None } => write!(f, "iteration {iterations}"),
            RunEvent::GoesOn(length) => {
                write!(
                    f,
                    "the time limit has no room for a second look: the workload continues for {}",
                    RoundedLength(*length)
                )
            }
            RunEvent::LooksAgain { subject, number: 1, length } => {
                write!(f, "second look at {subject}, which grew ({})", RoundedLength(*length))
            }
            RunEvent::LooksAgain { subject, number, length } => {
                write!(f, "second look at {subject} continues, part {number} ({})", RoundedLength(*length))
            }
            RunEvent::Block { subject, block, left } => {
                write!(f, "second look at {subject}: {block}, {} left", RoundedLength(*left))
            }
            RunEvent::Slots { done, of } => write!(f, "slot {done} of {of}"),
            RunEvent::NoTime { subject, length } => {
                write!(f, "{subject} grew; a second look ({}) does not fit into the time limit", RoundedLength(*length))
            }
            RunEvent::Gap(because) => write!(f, "a sample is missing: {because}"),
            RunEvent::Missed(ticks) => {
                write!(f, "the machine was too busy for {}", counted(*ticks, "sample", "samples"))
            }
            RunEvent::Stopping => write!(f, "stopping: ending the workload, then cleaning up"),
        }
    }
}

/// Displays an estimated length of time, without false precision.
struct RoundedLength(Duration);

impl fmt::Display for RoundedLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            0..=99 => write!(f, "about {:.0} s", self.0.as_secs_f64().max(1.0)),
            seconds => write!(f, "about {} min", (seconds + 30) / 60),
        }
    }
}
