//! The phases of a run, and the only ways from one to the next: a straight line, and forward to Restore or Report when
//! something failed. Never back.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Setting autostart, then the flags.
    Arm,
    /// Booting with the flags.
    BootArmed,
    /// Measuring.
    Measure,
    /// Putting the flags back.
    Restore,
    /// Booting without them.
    BootRestored,
    /// Writing the reports, then removing autostart.
    Report,
    /// Over.
    Done,
}

impl Phase {
    /// Whether a run may go from this phase to `next`; `failed` says that something went wrong.
    pub fn may_enter(self, next: Phase, failed: bool) -> bool {
        match (self, next) {
            (Phase::Arm, Phase::BootArmed)
            | (Phase::BootArmed, Phase::Measure)
            | (Phase::Measure, Phase::Restore)
            | (Phase::Restore, Phase::BootRestored)
            | (Phase::BootRestored, Phase::Report)
            | (Phase::Report, Phase::Done) => true,
            // What was not armed, booted or measured to the end is put back all the same.
            (Phase::Arm | Phase::BootArmed, Phase::Restore) => failed,
            // Flags which cannot be put back are reported, with the commands to do it by hand.
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
