//! The rule by which a log is judged where nobody gave one: that of what the log is made of.

use crate::pool::Pool;
use crate::record::{Event, Mark, Recording, Stage};
use crate::scenario::Threshold;

/// The rule of a log that says nothing of tags over time; `None` for any other, whose rule is that no tag may leak.
pub(super) fn rule(recording: &Recording) -> Option<Threshold> {
    let (mut stages, mut whole, mut any) = (Vec::new(), true, false);
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Mark { mark: Mark::Stage(stage), .. } => stages.push(stage),
            Event::Sample { snapshot, .. } => {
                any |= !snapshot.keys().is_empty();
                whole &= snapshot.keys().iter().all(|key| key.pool == Pool::Kernel);
            }
            Event::Mark { .. } | Event::Damaged { .. } | Event::End { .. } => {}
        }
    }
    if stages == [Stage::Teardown] {
        return Some(Threshold::nothing_left());
    }
    (any && whole).then(Threshold::no_pool_grows)
}
