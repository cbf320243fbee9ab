//! What happened between samples.

use serde::{Deserialize, Serialize};

use crate::pool::Key;

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
    /// After the cool-down, where the workload runs again in some blocks and rests in others, to confirm what grew.
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

/// Something which happened at an instant between samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A stage begins, and with it the one before is over.
    Stage(Stage),
    /// So many iterations of the workload are complete.
    Iteration(u64),
    /// A second look was decided on, and begins: what it is about stands here before anything of it is measured.
    SecondLook(SecondLook),
    /// A block of the second look begins.
    Block {
        /// From 1; 0 is the work before the first block, which is not judged.
        number: u32,
        /// Whether the workload runs in it.
        work: bool,
    },
    /// A sample could not be read.
    Gap {
        /// Why, for people.
        because: String,
    },
    /// The next sample was imported from a table that does not show every tag, or of which some rows could not be read.
    Incomplete(Incomplete),
    /// What the kernel reported of itself since the run began, read after teardown.
    Kernel(KernelReport),
}

/// What a kernel reported of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KernelReport {
    /// Its messages, oldest first.
    #[serde(default)]
    pub lines: Vec<String>,
    /// kmemleak's reports, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kmemleak: Vec<String>,
    /// Messages that are missing: written over before they were read, or left out here.
    #[serde(default)]
    pub lost: u64,
    /// Why something was not read, each for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
}

/// What is not known of an imported table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Incomplete {
    /// Rows that could not be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unread: u64,
    /// The table shows only a part of the tags: the first rows, or a selection.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Tags and pools of the unread rows where they could be read, at most [`Incomplete::MOST_ROWS`]. If these are fewer than
    /// `unread`, an unread row may be of any tag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Key>,
}

impl Incomplete {
    /// The most rows that are listed.
    pub const MOST_ROWS: usize = 64;

    /// Adds what is not known of another table.
    pub fn add(&mut self, Incomplete { unread, partial, rows }: Incomplete) {
        self.unread += unread;
        self.partial |= partial;
        self.rows.extend(rows);
    }

    /// Whether the table is complete after all.
    pub fn is_nothing(&self) -> bool {
        self.unread == 0 && !self.partial
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The plan of a second look: blocks with and without the workload, in an order which was drawn after the candidates were
/// fixed. A slot is the median time of an iteration of the first look; each slot ends with a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondLook {
    /// From 1, where the evidence of several looks adds up.
    pub number: u32,
    /// What grew in the first look.
    pub candidates: Vec<Key>,
    /// What the order was drawn from: random bits of the operating system.
    pub seed: u64,
    /// Slots of work before the first block.
    pub lead: u64,
    /// Slots in a block.
    pub slots: u64,
    /// How long a slot lasts, microseconds.
    pub slot_us: u64,
    /// For each block whether the workload runs in it. Without a pause all do, and nothing is attributed.
    pub order: Vec<bool>,
    /// What blocks without work are.
    pub pause: Pause,
}

/// What a workload does in the blocks where it is to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Nothing is run.
    #[default]
    Idle,
    /// It runs in every second slot.
    HalfSpeed,
    /// It cannot rest.
    Never,
}
