//! The result of one check, and its meaning for a run.

use std::fmt::{self, Display};

use crate::failure;
use crate::machine::MachineError;

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) level: Level,
    /// The subject of the check, such as `boot loader`.
    pub(crate) what: &'static str,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// The meaning of a diagnosis for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Ok,
    /// Useful to know; does not prevent a run.
    Note,
    /// Prevents a run.
    Problem,
}

/// Whether the machine will have to be restarted, according to the scenarios. With several scenarios, the greatest
/// value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reboots {
    /// No scenario changes a flag.
    Never,
    /// No scenario was given, or its needs cannot be determined.
    Unknown,
    /// At least one scenario changes a flag.
    Needed,
}

impl Reboots {
    /// Returns the level of a diagnosis about a missing feature that only reboots need, or `None` if no scenario needs
    /// it.
    pub(crate) fn lack(self) -> Option<Level> {
        match self {
            Reboots::Never => None,
            Reboots::Unknown => Some(Level::Note),
            Reboots::Needed => Some(Level::Problem),
        }
    }
}

impl Diagnosis {
    pub(crate) fn ok(what: &'static str, message: impl Into<String>) -> Diagnosis {
        Diagnosis::at(Level::Ok, what, message)
    }

    pub(crate) fn note(what: &'static str, message: impl Into<String>) -> Diagnosis {
        Diagnosis::at(Level::Note, what, message)
    }

    pub(crate) fn problem(what: &'static str, message: impl Into<String>) -> Diagnosis {
        Diagnosis::at(Level::Problem, what, message)
    }

    pub(crate) fn at(level: Level, what: &'static str, message: impl Into<String>) -> Diagnosis {
        Diagnosis { level, what, message: message.into(), help: None }
    }

    /// Returns a diagnosis of this `level` for a check that failed with an error.
    pub(crate) fn failed(level: Level, what: &'static str, error: &MachineError) -> Diagnosis {
        Diagnosis { level, what, message: error.to_string(), help: failure::help(error) }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnosis {
        self.help = Some(help.into());
        self
    }
}

impl Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Problem => "problem",
        })
    }
}
