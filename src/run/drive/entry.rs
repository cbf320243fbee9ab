//! The lines of a checkpoint. A later process resumes the run from them.
//!
//! The first line holds everything needed to undo the run. New fields have a default, and no field ever changes its
//! type.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::phase::Phase;
use crate::failure::Failure;
use crate::machine::{BootId, RequestedSetting, SettingChange};
use crate::record::Digest;

/// The version of the checkpoint's format.
pub(super) const VERSION: u32 = 2;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckpointEntry {
    /// The run exists.
    Created(Box<Created>),
    /// A process resumed the run.
    Resumed {
        /// The boot that the process runs in.
        boot: BootId,
        /// The time of the resumption.
        at: Timestamp,
    },
    /// A phase begins.
    Entered {
        /// The new phase.
        phase: Phase,
        /// The boot that it begins in.
        boot: BootId,
        /// The time of its beginning.
        at: Timestamp,
        /// The error that led to this phase, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trouble: Option<Failure>,
    },
    /// A note for readers of the report.
    Noted(String),
    /// The setup commands are about to run, so teardown is required from now on.
    SettingUp,
    /// The teardown commands ran.
    TornDown,
    /// The teardown commands did not run, or failed, and will not be tried again.
    NotTornDown(Failure),
    /// The recording is closed.
    Recorded(ClosedRecording),
    /// This process could not restore the flags. The next one will try again.
    NotRestored(Failure),
    /// An administrator wants the flags left as they are.
    LeaveFlags,
}

/// The recording that a run made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedRecording {
    /// The recording's seal.
    pub seal: Digest,
    /// The boot that it was made in.
    pub boot: BootId,
}

/// The beginning of a run, with everything needed to undo it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// Always `poolgate checkpoint`.
    pub format: String,
    /// The format's version.
    pub version: u32,
    /// The version of poolgate.
    pub program: String,
    /// An identifier of the machine, or empty if it has none.
    #[serde(default)]
    pub machine: String,
    /// The run's name.
    pub run: String,
    /// The folder for the run's reports.
    pub reports: PathBuf,
    /// The working folder of the scenario's commands.
    pub home: PathBuf,
    /// The SHA-256 of the scenario's text. The text is stored next to the checkpoint. Empty in version 1.
    #[serde(default)]
    pub scenario_sha256: Digest,
    /// The scenario's name.
    #[serde(default)]
    pub scenario_name: String,
    /// The text of each threshold. They are the cases of the report, even if the scenario can no longer be read.
    #[serde(default)]
    pub thresholds: Vec<String>,
    /// Whether the run uses a simulated machine.
    #[serde(default)]
    pub simulated: bool,
    /// Whether autostart ends the run after a crash, although the run changes no flags.
    #[serde(default)]
    pub comes_back: bool,
    /// Whether no objects are followed by call path, whatever the scenario wants.
    #[serde(default)]
    pub no_stacks: bool,
    /// The settings that the kernel has to be booted with.
    pub asked: Vec<RequestedSetting>,
    /// The changes made for those settings, with everything needed to undo them.
    pub changes: Vec<SettingChange>,
    /// Whether the machine is restarted again after the changes are undone.
    pub restart_after_restore: bool,
    /// The boot that the run began in.
    pub boot: BootId,
    /// The time of the run's beginning.
    pub at: Timestamp,
}

impl Created {
    /// Returns the name and version of the format, so that readers can recognise it.
    pub fn format() -> (String, u32) {
        ("poolgate checkpoint".to_owned(), VERSION)
    }
}
