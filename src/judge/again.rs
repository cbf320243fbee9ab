//! Plans second and further looks.

use super::evidence::{Draw, draw};
use super::judged::Judged;
use super::series::{self, Measured};
use super::{JudgeError, rule};
use crate::pool::Key;
use crate::record::{BlockPause, Recording, SecondLook};
use crate::scenario::{self, Limit, Scenario};

/// The most second looks at one run. Together they take nine times as long as the first look.
const MOST: usize = 3;

/// Plans another look at the growing tags of `recording`, which may be unfinished. Returns `None` if another look could
/// settle nothing. The caller checks whether there is time for it. `seed` determines the order of the blocks.
///
/// # Errors
/// When nothing was sampled while the workload ran.
pub fn second_look(scenario: &Scenario, recording: &Recording, seed: u64) -> Result<Option<SecondLook>, JudgeError> {
    let measured = series::read(scenario, recording);
    if measured.clock().slots() == 0 {
        return Err(JudgeError::NotMeasured);
    }
    let looks = measured.looks();
    if !scenario.confirm || looks.len() >= MOST {
        return Ok(None);
    }
    let frozen = looks.first().map(|look| look.plan.candidates.as_slice());
    let candidates = candidates(scenario, recording, &measured, frozen);
    if candidates.is_empty() {
        return Ok(None);
    }
    Ok(Some(draw(Draw {
        number: looks.len() as u32 + 1,
        candidates,
        seed,
        slots: measured.clock().slots(),
        slot_us: measured.clock().slot_us(),
        pause: match scenario.workload.pause {
            scenario::Pause::Idle => BlockPause::Idle,
            scenario::Pause::HalfSpeed => BlockPause::HalfSpeed,
            scenario::Pause::Never => BlockPause::Never,
        },
    })))
}

/// The tags for which another look would help. No tag is added once the candidates are fixed.
fn candidates(scenario: &Scenario, recording: &Recording, measured: &Measured, frozen: Option<&[Key]>) -> Vec<Key> {
    let judged = Judged::new(scenario, recording, measured);
    let thresholds = scenario.thresholds();
    let again: Vec<&Key> = thresholds
        .iter()
        .flat_map(|threshold| {
            // Only rates are looked at again.
            let rate = threshold.limits.iter().find(|limit| matches!(limit, Limit::MaxRate(_)));
            let meant =
                rule::meant(threshold, &judged).filter(|(_, verdicts)| verdicts.iter().any(|limit| limit.again));
            let measured = meant.filter_map(move |(case, _)| case.measured(threshold, rate?));
            measured.filter(|case| case.is_candidate()).map(|case| &case.key)
        })
        .collect();
    let cases = judged.cases().map(|case| &case.key);
    let wanted = cases.filter(|key| again.contains(key) && frozen.is_none_or(|frozen| frozen.contains(key)));
    wanted.cloned().collect()
}
