//! The phases of a run and the transitions between them. A run goes straight through them, skips forward to Restore or
//! Report after an error, and never goes back.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The phase of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// poolgate sets the flags. Autostart is already set.
    Arm,
    /// The machine restarts with the flags.
    BootArmed,
    /// poolgate measures the workload.
    Measure,
    /// poolgate restores the flags.
    Restore,
    /// The machine restarts without the flags.
    BootRestored,
    /// poolgate writes the reports.
    Report,
    /// The run is over.
    Done,
}

impl Phase {
    /// Returns whether a run may go from this phase to `next`. `failed` means that an error occurred.
    pub fn may_enter(self, next: Phase, failed: bool) -> bool {
        match (self, next) {
            (Phase::Arm, Phase::BootArmed)
            | (Phase::BootArmed, Phase::Measure)
            | (Phase::Measure, Phase::Restore)
            | (Phase::Restore, Phase::BootRestored)
            | (Phase::BootRestored, Phase::Report)
            | (Phase::Report, Phase::Done) => true,
            // Flags are restored even if arming, booting, or measuring failed.
            (Phase::Arm | Phase::BootArmed, Phase::Restore) => failed,
            // If flags cannot be restored, the report contains the commands to do it by hand.
            (Phase::Restore, Phase::Report) => failed,
            (
                Phase::Arm
                | Phase::BootArmed
                | Phase::Measure
                | Phase::Restore
                | Phase::BootRestored
                | Phase::Report
                | Phase::Done,
                _,
            ) => false,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Phase::Arm => "arm",
            Phase::BootArmed => "boot armed",
            Phase::Measure => "measure",
            Phase::Restore => "restore",
            Phase::BootRestored => "boot restored",
            Phase::Report => "report",
            Phase::Done => "done",
        })
    }
}
