//! The time a run may take, and what becomes of a look when it is short.

use std::time::Duration;

use tokio::time::Instant;

use crate::scenario::{Pause, Scenario};

/// What is left of `time_limit`. Without one, time is never short.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    end: Option<Instant>,
    cool_down: Duration,
    /// How many times as long as the first look a second one is: three times, and twice where the workload cannot pause.
    second_look: u32,
}

impl Budget {
    /// The time limit of a run which begins now.
    pub(super) fn from_now(scenario: &Scenario) -> Budget {
        let limit = scenario.time_limit.filter(|_| scenario.confirm);
        let second_look = match scenario.workload.pause {
            Pause::Idle | Pause::HalfSpeed => 3,
            Pause::Never => 2,
        };
        Budget {
            end: limit.map(|limit| Instant::now() + limit.as_std()),
            cool_down: scenario.sampling.cool_down.as_std(),
            second_look,
        }
    }

    /// Whether something which takes so long and begins now is over in time.
    pub(super) fn holds(&self, length: Duration) -> bool {
        self.end.is_none_or(|end| Instant::now() + length <= end)
    }

    /// Until when the workload goes on although its plan ends at `planned`, after `work`: where the rest of the time is too
    /// short for a second look, one long look uses all of it.
    pub(super) fn one_long_look(&self, planned: Instant, work: Duration) -> Option<Instant> {
        let end = self.end?.checked_sub(self.cool_down)?;
        let room = end.saturating_duration_since(planned);
        (Duration::ZERO < room && room < work.saturating_mul(self.second_look)).then_some(end)
    }
}
