//! Default rules for a log without thresholds, chosen by the contents of the log.

use crate::import::DRIVER_VERIFIER;
use crate::pool::Pool;
use crate::record::{Event, Mark, Recording, Stage};
use crate::scenario::Threshold;

/// Returns the rules for a log without tags over time. The result is empty for all other logs; their rule is that no
/// tag may leak.
pub(in crate::cli) fn rules(recording: &Recording) -> Vec<Threshold> {
    let (mut torn_down, mut totals, mut tags) = (false, false, false);
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Mark { mark: Mark::Stage(stage), .. } => torn_down = stage == Stage::Teardown,
            Event::Sample { snapshot, .. } => {
                totals |= snapshot.keys().iter().any(|key| key.pool == Pool::Kernel);
                tags |= snapshot.keys().iter().any(|key| key.pool != Pool::Kernel);
            }
            Event::Mark { .. } | Event::Damaged { .. } | Event::End { .. } => {}
        }
    }
    // A run has its own thresholds for memory left after teardown.
    torn_down &= recording.header().source == DRIVER_VERIFIER;
    match (torn_down, totals, tags) {
        (true, true, true) => vec![Threshold::nothing_left(None), Threshold::nothing_left(Some(Pool::Kernel))],
        (true, true, false) => vec![Threshold::nothing_left(Some(Pool::Kernel))],
        (true, false, true) => vec![Threshold::nothing_left(None)],
        (false, true, false) => vec![Threshold::no_pool_grows()],
        (false, _, true) | (_, false, false) => Vec::new(),
    }
}
