//! The sizes of the simulation.

/// The size of the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// The name in the figures.
    pub name: &'static str,
    /// Lengths of the first look for counting false alarms, in iterations.
    pub(super) lengths: &'static [u64],
    /// Lengths of the first look for finding leaks.
    pub(super) leak_lengths: &'static [u64],
    /// Runs of each null family at each length.
    pub(super) runs: u64,
    /// The number of runs instead if one of those alarmed: more runs separate rare alarms from frequent ones.
    pub(super) runs_after_alarm: u64,
    /// Tags in a run that move. The others can raise no alarm and are not simulated.
    pub(super) active: u64,
    /// Tags of each hard and each background family, at each length.
    pub(super) tags: u64,
    /// Tags on each rung of a ladder of rates.
    pub(super) rung: u64,
    /// Leaks of all kinds at each length, for recall and intervals; as many tags of each oddity.
    pub(super) leaks: u64,
    /// Samples of each tag for measuring the cost at the start of a run; three times as many follow.
    pub(super) samples: usize,
}

impl Size {
    /// Takes less than a minute on two cores; CI runs it.
    pub(crate) const QUICK: Size = Size {
        name: "quick",
        lengths: &[50, 100, 300],
        leak_lengths: &[50, 100, 300],
        runs: 30,
        runs_after_alarm: 30,
        active: 1000,
        tags: 500,
        rung: 50,
        leaks: 700,
        samples: 1000,
    };

    /// Enough for bounds of 1 %.
    pub(crate) const FULL: Size = Size {
        name: "full",
        lengths: &[50, 100, 300, 1000],
        leak_lengths: &[50, 100, 300, 1000],
        runs: 400,
        runs_after_alarm: 2000,
        active: 1000,
        tags: 5000,
        rung: 400,
        leaks: 6000,
        samples: 1000,
    };

    /// Takes seconds even without optimisation; for tests of leakbench itself.
    pub(crate) const TINY: Size = Size {
        name: "tiny",
        lengths: &[100],
        leak_lengths: &[100],
        runs: 2,
        runs_after_alarm: 3,
        active: 10,
        tags: 10,
        rung: 5,
        leaks: 20,
        samples: 10,
    };
}
