//! The figures measured by leakbench, as written to JSON and guarded by CI.
//!
//! Rates are objects per iteration; shares are of 1. Fields are added with a default and never change their meaning,
//! because committed figures are compared with those of later versions.

use serde::{Deserialize, Serialize};

/// All figures of one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BenchFigures {
    /// The size of the simulation: `quick`, `full` or `tiny`.
    pub size: String,
    /// The beginning of the seeds' names.
    pub seeds: String,
    /// Tags that do not leak, by run.
    pub false_alarms: Vec<FalseAlarms>,
    /// Growth that ends or is taken back.
    pub hard: Vec<Called>,
    /// Growth that never ends and is not caused by the workload.
    pub background: Vec<Called>,
    /// The smallest leak found with 95 % power.
    pub smallest: Vec<Smallest>,
    /// Leaks of all rates, kinds and noise levels: the share each rule finds at one false alarm in a hundred runs.
    pub recall: Vec<Recall>,
    /// Rates and intervals of the leaks that were called.
    pub intervals: Vec<Intervals>,
    /// Tags with odd counters or samples.
    pub odd: Vec<Odd>,
    /// The cost on this machine.
    pub nanoseconds: Nanoseconds,
}

/// Nanoseconds for judging one sample of one tag.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Nanoseconds {
    /// Mean over the first samples of a run. Only these include allocating all memory and learning flows.
    pub at_first: f64,
    /// Mean over the later samples.
    pub then: f64,
    /// The time for keeping only the lowest Bytes of each tag, at the same moments. The ratio of the other times to
    /// this one hardly depends on the machine.
    pub lowest_alone: f64,
}

/// Runs of 3,000 tags. 1,000 of them move in the way of one family, and none leaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FalseAlarms {
    /// The name of the family.
    pub family: String,
    /// Iterations of the workload in the first look.
    pub iterations: u64,
    /// The number of runs.
    pub runs: u64,
    /// Tags that moved, over all runs.
    pub tags: u64,
    /// Candidates among them after the first look.
    pub candidates: u64,
    /// Runs with a candidate, and so with a second look.
    pub alarmed: u64,
    /// Tags called a leak in the end.
    pub called: u64,
    /// The number of tags left unclear.
    pub unclear: u64,
    /// Runs in which a tag was called a leak.
    pub false_alarms: u64,
    /// The upper end of the 95 % interval of Clopper and Pearson for the share of such runs.
    pub at_most: f64,
    /// For each of the rules in use today, the number of runs with an alarm.
    pub rules: [u64; 4],
}

/// The verdicts on the tags of one family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Called {
    /// The name of the family.
    pub family: String,
    /// The cause of the movement: `time` or `workload`.
    pub driven_by: String,
    /// Iterations in the first look.
    pub iterations: u64,
    /// The number of tags.
    pub tags: u64,
    /// Candidates after the first look.
    pub candidates: u64,
    /// The number of tags called a leak caused by the workload.
    pub leak: u64,
    /// The number of tags called background growth.
    pub background: u64,
    /// The number of tags left unclear.
    pub unclear: u64,
    /// For each of the rules in use today, the number of tags with an alarm.
    pub rules: [u64; 4],
}

/// The smallest leak found with 95 % power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Smallest {
    /// The noise level: `quiet`, `moderate` or `noisy`.
    pub noise: String,
    /// The kind of leak.
    pub leak: String,
    /// Iterations in the first look.
    pub iterations: u64,
    /// Objects per iteration; `None` if no rate tried was found often enough.
    pub rate: Option<f64>,
}

/// The share of leaks found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recall {
    /// Iterations in the first look.
    pub iterations: u64,
    /// The number of leaks.
    pub leaks: u64,
    /// The share called by poolgate, with its constants unchanged.
    pub poolgate: f64,
    /// The share each rule would find with its cut-off raised until it alarms in one of a hundred runs of the null
    /// families; `None` if there is no such cut-off.
    pub rules: [Option<f64>; 4],
}

/// The accuracy of the rates of called leaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Intervals {
    /// The noise level: `quiet`, `moderate` or `noisy`.
    pub noise: String,
    /// Iterations in the first look.
    pub iterations: u64,
    /// Number of leaks called.
    pub called: u64,
    /// The share of them with the true rate in their interval.
    pub covered: f64,
    /// The median of |estimate − truth| ÷ truth.
    pub median_error: f64,
}

/// Tags with an oddity, half of them leaking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Odd {
    /// The name of the oddity.
    pub what: String,
    /// Iterations in the first look.
    pub iterations: u64,
    /// Number of tags that leak.
    pub leaks: u64,
    /// Those of them that were called a leak.
    pub found: u64,
    /// Number of tags that do not leak.
    pub nulls: u64,
    /// Those of them that were called a leak.
    pub called: u64,
}
