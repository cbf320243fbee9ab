//! Marks: events between samples.

use serde::{Deserialize, Serialize};

use crate::pool::{Key, Survivors};

/// The stage of a measurement that a sample belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Before the workload, with the machine at rest.
    LeadIn,
    /// While the workload runs.
    Workload,
    /// After the workload, while the machine comes to rest.
    CoolDown,
    /// After the cool-down. The workload runs in some blocks and rests in others, to confirm the growth.
    SecondLook,
    /// While and after the driver is removed.
    Teardown,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Stage::LeadIn => "lead-in",
            Stage::Workload => "workload",
            Stage::CoolDown => "cool-down",
            Stage::SecondLook => "second look",
            Stage::Teardown => "teardown",
        })
    }
}

/// An event at an instant between samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A stage begins and ends the one before.
    Stage(Stage),
    /// The number of completed iterations of the workload.
    Iteration(u64),
    /// A second look begins. Its plan is recorded before it takes any measurement.
    SecondLook(SecondLook),
    /// A block of the second look begins.
    Block {
        /// The block, from 1; 0 is the work before the first block, which is not judged.
        number: u32,
        /// Whether the workload runs in the block.
        work: bool,
    },
    /// A sample could not be read.
    Gap {
        /// The reason, as text for people.
        because: String,
    },
    /// The next sample comes from an imported table that lacks some tags or has unreadable rows.
    Incomplete(Incomplete),
    /// The kernel's messages since the run began, read after teardown.
    Kernel(KernelReport),
    /// The objects that are alive after all second looks, by call path.
    Survivors(Survivors),
}

/// Messages of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KernelReport {
    /// The kernel's messages, oldest first.
    #[serde(default)]
    pub lines: Vec<String>,
    /// kmemleak's reports, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kmemleak: Vec<String>,
    /// Number of missing messages: overwritten before they were read, or left out here.
    #[serde(default)]
    pub lost: u64,
    /// Reasons why something was not read, as text for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// The missing parts of an imported table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Incomplete {
    /// Number of rows that could not be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread: u64,
    /// Whether the table shows only some of the tags: the first rows, or a selection.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// The readable tags and pools of the unread rows, at most [`Incomplete::MOST_ROWS`]. If there are fewer than
    /// `unread`, an unread row may have any tag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Key>,
}

impl Incomplete {
    /// The largest number of listed rows.
    pub const MOST_ROWS: usize = 64;

    /// Adds the missing parts of another table.
    pub fn add(&mut self, Incomplete { unread, partial, rows }: Incomplete) {
        self.unread += unread;
        self.partial |= partial;
        self.rows.extend(rows);
    }

    /// Returns whether the table is complete.
    pub fn is_nothing(&self) -> bool {
        self.unread == 0 && !self.partial
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The plan of a second look: blocks with and without the workload, in an order drawn after the candidates were chosen.
/// A slot is the median time of an iteration of the first look; each slot ends with a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondLook {
    /// The number of the look, from 1. The evidence of several looks is added up.
    pub number: u32,
    /// The rows that grew in the first look.
    pub candidates: Vec<Key>,
    /// The seed of the order: random bits from the operating system.
    pub seed: u64,
    /// Slots of work before the first block.
    pub lead: u64,
    /// Slots in a block.
    pub slots: u64,
    /// Length of a slot, in microseconds.
    pub slot_us: u64,
    /// Whether the workload runs, for each block. Without a pause it runs in all blocks, and no growth is attributed.
    pub order: Vec<bool>,
    /// The workload's behaviour in blocks without work.
    pub pause: BlockPause,
}

/// The workload's behaviour in blocks without work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockPause {
    /// The workload does not run.
    #[default]
    Idle,
    /// The workload runs in every second slot.
    HalfSpeed,
    /// The workload cannot pause.
    Never,
}
