//! What happened between samples.

use serde::{Deserialize, Serialize};

/// The part of a measurement which a sample belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the workload, with the machine at rest.
    LeadIn,
    /// While the workload runs.
    Workload,
    /// After the workload, while the machine comes to rest.
    CoolDown,
    /// While and after the driver is removed.
    Teardown,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Stage::LeadIn => "lead-in",
            Stage::Workload => "workload",
            Stage::CoolDown => "cool-down",
            Stage::Teardown => "teardown",
        })
    }
}

/// Something which happened at an instant between samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A stage begins, and with it the one before is over.
    Stage(Stage),
    /// So many iterations of the workload are complete.
    Iteration(u64),
    /// A sample could not be read.
    Gap {
        /// Why, for people.
        because: String,
    },
}
