//! The story of a run, as it happens. The progress display and `run.log` both tell these events and nothing else.

use std::fmt;
use std::time::Duration;

use super::drive::Phase;
use crate::machine::FlagValue;
use crate::record::Stage;

/// Something a person watching would like to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A phase of the run begins.
    Phase(Phase),
    /// A process took the run up again, in this boot.
    Resumed(String),
    /// A flag is about to be written.
    Flag {
        /// Its name.
        name: String,
        /// What it becomes.
        value: FlagValue,
    },
    /// The machine is about to be restarted.
    Restarting,
    /// Something went wrong; the run goes forward to putting things back.
    Trouble(String),
    /// A set-up or teardown command begins.
    Command {
        /// `setup 1 of 2`.
        which: String,
        /// The command line.
        line: String,
    },
    /// A stage of measuring begins, which lasts so long where that is known.
    Began(Stage, Option<Duration>),
    /// The workload is so far.
    Progress {
        /// Iterations complete, where they are counted.
        iterations: u64,
        /// All iterations, where their number is given.
        of: Option<u64>,
    },
    /// The workload goes on for so long beyond its plan, since the time limit leaves no room for a second look.
    GoesOn(Duration),
    /// A second look begins.
    LooksAgain {
        /// What at: `MyD1 nonpaged and 2 more`.
        subject: String,
        /// From 1, where one look did not tell.
        number: u32,
        /// How long it will take, about.
        length: Duration,
    },
    /// A block of a second look begins.
    Block {
        /// What is looked at.
        subject: String,
        /// Which one: `idle block 2 of 4`.
        block: String,
        /// How long the look will still take, about.
        left: Duration,
    },
    /// A second look is so far.
    Slots {
        /// Slots which are over.
        done: u64,
        /// All of them.
        of: u64,
    },
    /// There is something to look at again, and no time for it.
    NoTime {
        /// What.
        subject: String,
        /// How long it would take, about.
        length: Duration,
    },
    /// A sample could not be read; the recording says so too.
    Gap(String),
    /// So many ticks of the sampling clock passed without a sample.
    Missed(u32),
    /// Stopping in order was asked for.
    Stopping,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Phase(phase) => write!(f, "phase {phase}"),
            Event::Resumed(boot) => write!(f, "the run continues ({boot})"),
            Event::Flag { name, value: FlagValue::Absent } => write!(f, "flag {name}: removed"),
            Event::Flag { name, value: FlagValue::Present(text) } if text.lines().nth(1).is_some() => {
                write!(f, "flag {name}: set to {} lines", text.lines().count())
            }
            Event::Flag { name, value: value @ FlagValue::Present(_) } => write!(f, "flag {name}: set to {value}"),
            Event::Restarting => write!(f, "restarting the machine"),
            Event::Trouble(message) => write!(f, "trouble: {message}"),
            Event::Command { which, line } => write!(f, "{which}: {line}"),
            Event::Began(stage, Some(length)) => write!(f, "{stage} ({:.1} s)", length.as_secs_f64()),
            Event::Began(stage, None) => write!(f, "{stage}"),
            Event::Progress { iterations, of: Some(of) } => write!(f, "iteration {iterations} of {of}"),
            Event::Progress { iterations, of: None } => write!(f, "iteration {iterations}"),
            Event::GoesOn(length) => {
                write!(f, "the time limit has no room for a second look: the workload continues for {}", About(*length))
            }
            Event::LooksAgain { subject, number: 1, length } => {
                write!(f, "second look at {subject}, which grew ({})", About(*length))
            }
            Event::LooksAgain { subject, number, length } => {
                write!(f, "second look at {subject} continues, part {number} ({})", About(*length))
            }
            Event::Block { subject, block, left } => {
                write!(f, "second look at {subject}: {block}, {} left", About(*left))
            }
            Event::Slots { done, of } => write!(f, "slot {done} of {of}"),
            Event::NoTime { subject, length } => {
                write!(f, "{subject} grew; a second look ({}) does not fit into the time limit", About(*length))
            }
            Event::Gap(because) => write!(f, "a sample is missing: {because}"),
            Event::Missed(ticks) => write!(f, "the machine was too busy for {ticks} samples"),
            Event::Stopping => write!(f, "stopping: ending the workload, then cleaning up"),
        }
    }
}

/// A length of time as precise as an estimate is.
struct About(Duration);

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            0..=99 => write!(f, "about {:.0} s", self.0.as_secs_f64().max(1.0)),
            seconds => write!(f, "about {} min", (seconds + 30) / 60),
        }
    }
}
