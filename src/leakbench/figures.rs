//! What leakbench measured, as it is written to JSON and guarded by CI.
//!
//! Rates are objects an iteration; shares are of 1. Fields are added with a default and never change their meaning, since
//! committed figures are compared with those of later versions.

use serde::{Deserialize, Serialize};

/// All figures of one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// `quick` or `full`.
    pub size: String,
    /// What the seeds' names begin with.
    pub seeds: String,
    /// Tags which do not leak, run by run.
    pub false_alarms: Vec<FalseAlarms>,
    /// Growth which ends or is taken back.
    pub hard: Vec<Called>,
    /// Growth which never ends and is not the workload's.
    pub background: Vec<Called>,
    /// The smallest leak found with 95 % power.
    pub smallest: Vec<Smallest>,
    /// Leaks of all rates, kinds and noise levels: what share each rule finds at one false alarm in a hundred runs.
    pub recall: Vec<Recall>,
    /// Rates and intervals of the leaks which were called.
    pub intervals: Vec<Intervals>,
    /// Tags with something odd about their counters or samples.
    pub odd: Vec<Odd>,
    /// What it costs, on this machine.
    pub nanoseconds: Nanoseconds,
}

/// Nanoseconds to judge a tag's sample as it streams by.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Nanoseconds {
    /// On average over the first samples of a run, with what is done only then: all memory is taken, and flows are learned.
    pub at_first: f64,
    /// As it goes on.
    pub then: f64,
    /// To keep the lowest Bytes of each tag and nothing else, in the same moments: as many times as long as this takes
    /// hardly depends on the machine.
    pub lowest_alone: f64,
}

/// Runs of 3,000 tags, 1,000 of which move as one family does and none of which leaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FalseAlarms {
    /// The family.
    pub family: String,
    /// Iterations of the workload in the first look.
    pub iterations: u64,
    /// Runs.
    pub runs: u64,
    /// Tags which moved, over all runs.
    pub tags: u64,
    /// Of those, candidates after the first look.
    pub candidates: u64,
    /// Runs in which there was a candidate, and so a second look.
    pub alarmed: u64,
    /// Of the tags, those called a leak in the end.
    pub called: u64,
    /// Of the tags, those left unclear.
    pub unclear: u64,
    /// Runs in which a tag was called a leak.
    pub false_alarms: u64,
    /// The upper end of the 95 % interval of Clopper and Pearson for the share of such runs.
    pub at_most: f64,
    /// Runs in which each of the rules used today raised an alarm.
    pub rules: [u64; 4],
}

/// What tags of one family were called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Called {
    /// The family.
    pub family: String,
    /// `time` or `workload`.
    pub driven_by: String,
    /// Iterations in the first look.
    pub iterations: u64,
    /// Tags.
    pub tags: u64,
    /// Candidates after the first look.
    pub candidates: u64,
    /// Called a leak by the workload.
    pub leak: u64,
    /// Called background growth.
    pub background: u64,
    /// Left unclear.
    pub unclear: u64,
    /// Tags for which each of the rules used today raised an alarm.
    pub rules: [u64; 4],
}

/// The smallest leak found with 95 % power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Smallest {
    /// `quiet`, `moderate`, `noisy`.
    pub noise: String,
    /// How it leaks.
    pub leak: String,
    /// Iterations in the first look.
    pub iterations: u64,
    /// Objects an iteration; `None` when no rate tried was found so often.
    pub rate: Option<f64>,
}

/// The share of leaks found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recall {
    /// Iterations in the first look.
    pub iterations: u64,
    /// Leaks.
    pub leaks: u64,
    /// The share poolgate called, its constants as they are.
    pub poolgate: f64,
    /// The share each rule would find with a cut-off raised until it alarms in one of a hundred runs of the null
    /// families; `None` where no cut-off does.
    pub rules: [Option<f64>; 4],
}

/// How good the rates of called leaks are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// `quiet`, `moderate`, `noisy`.
    pub noise: String,
    /// Iterations in the first look.
    pub iterations: u64,
    /// Leaks called.
    pub called: u64,
    /// Of those, the share whose interval has the true rate.
    pub covered: f64,
    /// The median of |estimate − truth| ÷ truth.
    pub median_error: f64,
}

/// Tags with something odd about them, half of them leaking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Odd {
    /// What.
    pub what: String,
    /// Iterations in the first look.
    pub iterations: u64,
    /// Tags which leak.
    pub leaks: u64,
    /// Of those, called.
    pub found: u64,
    /// Tags which do not leak.
    pub nulls: u64,
    /// Of those, called a leak.
    pub called: u64,
}
