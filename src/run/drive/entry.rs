//! The lines of a checkpoint: what a run says of itself, for whoever takes it up.
//!
//! The first one holds everything needed to undo the run. Fields are added with a default and never change their type.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::phase::Phase;
use crate::machine::{Asked, BootId, Change, MachineError};
use crate::record::Digest;
use crate::run::RunError;

/// The version of the checkpoint's format.
pub(super) const VERSION: u32 = 2;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The run exists.
    Created(Box<Created>),
    /// A process took the run up again.
    Resumed {
        /// The boot it runs in.
        boot: BootId,
        /// When.
        at: Timestamp,
    },
    /// A phase begins.
    Entered {
        /// The phase.
        phase: Phase,
        /// The boot it is entered in.
        boot: BootId,
        /// When.
        at: Timestamp,
        /// What went wrong, when something did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trouble: Option<Trouble>,
    },
    /// Something a reader of the report should know.
    Noted(String),
    /// The setup commands are about to run, so teardown is owed from here on.
    SettingUp,
    /// The teardown commands have run.
    TornDown,
    /// The teardown commands were not run, or failed, and are not tried again.
    NotTornDown(Trouble),
    /// The recording is closed.
    Recorded(Recorded),
    /// The flags could not be put back in this life. The next one tries again.
    NotRestored(Trouble),
    /// An administrator wants the flags left as they are.
    LeaveFlags,
}

/// The recording that a run made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Its seal.
    pub seal: Digest,
    /// The boot it was made in.
    pub boot: BootId,
}

/// The beginning of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// `poolgate checkpoint`.
    pub format: String,
    /// The format's version.
    pub version: u32,
    /// The version of poolgate.
    pub program: String,
    /// What tells the machine from others; empty where nothing does.
    #[serde(default)]
    pub machine: String,
    /// The run's name.
    pub run: String,
    /// Where its reports belong.
    pub reports: PathBuf,
    /// Where the scenario's commands run.
    pub home: PathBuf,
    /// The SHA-256 of the scenario's text, which lies beside the checkpoint. Empty in version 1.
    #[serde(default)]
    pub scenario_sha256: Digest,
    /// The scenario's name.
    #[serde(default)]
    pub scenario_name: String,
    /// The thresholds in their own words: the report's cases, even if the scenario cannot be read any more.
    #[serde(default)]
    pub thresholds: Vec<String>,
    /// The run is on a simulated machine.
    #[serde(default)]
    pub simulated: bool,
    /// Autostart brings poolgate back to end the run after a crash, although no flags are changed.
    #[serde(default)]
    pub comes_back: bool,
    /// Settings the kernel has to be booted with.
    pub asked: Vec<Asked>,
    /// What is changed for that, with everything needed to undo it.
    pub changes: Vec<Change>,
    /// Whether the machine is restarted again once that is undone.
    pub restart_after_restore: bool,
    /// The boot the run began in.
    pub boot: BootId,
    /// When.
    pub at: Timestamp,
}

/// What went wrong in a run: never the driver's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What happened.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The last lines of the command which failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

impl Created {
    /// The marks by which a reader knows the format.
    pub fn format() -> (String, u32) {
        ("poolgate checkpoint".to_owned(), VERSION)
    }
}

impl From<String> for Trouble {
    fn from(message: String) -> Trouble {
        Trouble { message, help: None, output: String::new() }
    }
}

impl From<RunError> for Trouble {
    fn from(error: RunError) -> Trouble {
        let (message, help) = (error.to_string(), error.help());
        match error {
            RunError::Command { output, .. } => Trouble { message, help, output },
            RunError::Sample(_)
            | RunError::Record(_)
            | RunError::Undecided(_)
            | RunError::Checkpoint(_)
            | RunError::Interrupted
            | RunError::NotTornDown { .. } => Trouble { message, help, output: String::new() },
        }
    }
}

impl From<MachineError> for Trouble {
    fn from(error: MachineError) -> Trouble {
        Trouble { message: error.to_string(), help: error.help().map(str::to_owned), output: String::new() }
    }
}
