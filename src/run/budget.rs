//! The time that a run may take, and the choice between one long look and two looks when time is short.

use std::time::Duration;

use tokio::time::Instant;

use crate::scenario::{Pause, Scenario};

/// The rest of `time_limit`. Without a limit, any length fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeBudget {
    end: Option<Instant>,
    cool_down: Duration,
    /// The length of a second look as a multiple of the first: 3, or 2 if the workload cannot pause.
    second_look: u32,
}

impl TimeBudget {
    /// Starts the time limit of a run that begins now.
    pub(super) fn from_now(scenario: &Scenario) -> TimeBudget {
        let limit = scenario.time_limit.filter(|_| scenario.confirm);
        let second_look = match scenario.workload.pause {
            Pause::Idle | Pause::HalfSpeed => 3,
            Pause::Never => 2,
        };
        TimeBudget {
            end: limit.map(|limit| Instant::now() + limit.as_std()),
            cool_down: scenario.sampling.cool_down.as_std(),
            second_look,
        }
    }

    /// Returns whether work of this length would end in time if it began now.
    pub(super) fn holds(&self, length: Duration) -> bool {
        self.end.is_none_or(|end| Instant::now() + length <= end)
    }

    /// Returns the instant until which the workload keeps running beyond its `planned` end, or `None` if it should not.
    /// `work` is the length of the plan. If the remaining time is too short for a second look, the first look uses all
    /// of it.
    pub(super) fn one_long_look(&self, planned: Instant, work: Duration) -> Option<Instant> {
        let end = self.end?.checked_sub(self.cool_down)?;
        let room = end.saturating_duration_since(planned);
        (Duration::ZERO < room && room < work.saturating_mul(self.second_look)).then_some(end)
    }
}
