//! Draws the plan of a second look once the candidates are fixed.
//!
//! An extension has 3N slots for N of the first look: a tenth of work, then twelve blocks, four of them at rest, in one
//! of 495 possible orders. The plan depends on no measurement, so the share of orders that fit the growth as well is a
//! true probability.

use crate::pool::Key;
use crate::random::split_mix;
use crate::record::{BlockPause, SecondLook};

/// Blocks of a second look.
const BLOCKS: usize = 12;
/// The number of blocks without work.
const IDLE: usize = 4;
/// The fewest slots a block may have.
const SLOTS: u64 = 8;

/// The input for drawing a plan.
#[derive(Debug, Clone)]
pub struct Draw {
    /// Number of the look, from 1.
    pub number: u32,
    /// The tags that grew in the first look.
    pub candidates: Vec<Key>,
    /// Random bits of the operating system.
    pub seed: u64,
    /// Slots of the first look.
    pub slots: u64,
    /// Duration of a slot in microseconds.
    pub slot_us: u64,
    /// How the workload can pause.
    pub pause: BlockPause,
}

/// Draws the plan of a second look: its lengths follow from the first look, its order from the seed.
pub fn draw(from: Draw) -> SecondLook {
    let slots = match from.pause {
        BlockPause::Idle | BlockPause::HalfSpeed => 3 * from.slots,
        // Without rest nothing is attributed, and persistence takes fewer slots.
        BlockPause::Never => 2 * from.slots,
    };
    let mut order = vec![true; BLOCKS];
    if from.pause != BlockPause::Never {
        order[..IDLE].fill(false);
        shuffle(&mut order, from.seed);
    }
    SecondLook {
        number: from.number,
        candidates: from.candidates,
        seed: from.seed,
        lead: slots.div_ceil(10),
        slots: (slots * 9 / 10 / BLOCKS as u64).max(SLOTS),
        slot_us: from.slot_us,
        order,
        pause: from.pause,
    }
}

/// Fisher and Yates' shuffle: every order is as likely as any other.
fn shuffle(order: &mut [bool], seed: u64) {
    let mut state = seed;
    for last in (1..order.len()).rev() {
        let below = last as u64 + 1;
        // The top numbers are drawn again, because they would make some places likelier.
        let fair = u64::MAX - u64::MAX % below;
        let place = std::iter::repeat_with(|| split_mix(&mut state)).find(|drawn| *drawn < fair).unwrap_or(0) % below;
        order.swap(last, place as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn plan(slots: u64, seed: u64, pause: BlockPause) -> SecondLook {
        draw(Draw { number: 1, candidates: Vec::new(), seed, slots, slot_us: 1000, pause })
    }

    #[test]
    fn an_extension_is_three_times_the_first_look() {
        let plan = plan(300, 1, BlockPause::Idle);
        assert_eq!((plan.lead, plan.slots, plan.order.len()), (90, 67, 12));
        assert_eq!(plan.order.iter().filter(|work| !**work).count(), 4);
        assert_eq!(super::draw(Draw { slots: 10, ..draw_of(&plan) }).slots, 8);
    }

    fn draw_of(plan: &SecondLook) -> Draw {
        Draw { number: 1, candidates: Vec::new(), seed: plan.seed, slots: 300, slot_us: 1000, pause: plan.pause }
    }

    #[test]
    fn without_a_pause_all_blocks_work_and_there_are_fewer() {
        let plan = plan(300, 1, BlockPause::Never);
        assert!(plan.order.iter().all(|work| *work));
        assert_eq!((plan.lead, plan.slots), (60, 45));
    }

    #[test]
    fn every_order_is_as_likely_as_any_other() {
        let mut seen: HashMap<Vec<bool>, u32> = HashMap::new();
        for seed in 0..49_500 {
            *seen.entry(plan(100, seed, BlockPause::Idle).order).or_default() += 1;
        }
        assert_eq!(seen.len(), 495);
        // 100 of each are expected; chi squared with 494 degrees of freedom has mean 494 and deviation 31.
        let chi: f64 = seen.values().map(|count| (f64::from(*count) - 100.0).powi(2) / 100.0).sum();
        assert!((370.0..620.0).contains(&chi), "{chi}");
    }
}
