//! Judges one simulated tag completely: a first look, and second looks as in a run. Nothing is decided here; every
//! decision is made by the code of [`judge`](crate::judge).

use super::random::Random;
use super::rules::Scores;
use super::tag::{REST, SimulatedTag, SlotSample};
use crate::judge::evidence::{
    Confirmation, Draw, Evidence, Extension, Histories, History, Interval, Pace, Standing, Trend, Window, draw,
    first_look, second_look,
};
use crate::record::{BlockPause, SecondLook, Stage};
use crate::scenario::Per;

/// Duration of a slot; no result depends on it.
const SLOT_US: u64 = 100_000;
/// The most second looks in a run: 9N.
const MOST_LOOKS: u32 = 3;

/// The final verdict on a tag.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TagVerdict {
    /// It does not leak.
    Nothing,
    /// It leaks because of the workload, at this rate in bytes per iteration.
    Leak(Interval),
    /// It grows independently of the workload.
    Background,
    /// The evidence allows no verdict.
    Unclear,
}

/// The judgement on a tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// It grew in the first look.
    pub(super) candidate: bool,
    pub(super) verdict: TagVerdict,
    pub(super) scores: Scores,
}

/// Judges a tag in a run with this number of iterations; `name` seeds the orders of the second looks.
pub(super) fn look(tag: &mut SimulatedTag, iterations: u64, name: &str) -> Seen {
    look_together(std::slice::from_mut(tag), iterations, name)
}

/// Judges several tags together. The rules in use today see only the last of them.
pub(super) fn look_together(tags: &mut [SimulatedTag], iterations: u64, name: &str) -> Seen {
    let (histories, scores): (Vec<History>, Vec<Scores>) = tags.iter_mut().map(|tag| first(tag, iterations)).unzip();
    let together = histories.iter().skip(1).fold(histories[0].clone(), |sum, one| sum.plus(one));
    let histories = FirstLook { each: histories, together };
    let scores = scores[scores.len() - 1];
    let pace = Pace { iterations: Some(1.0), hours: SLOT_US as f64 / 3.6e9 };
    let window = Window { warm_up: Window::usual_warm_up(iterations), pace };
    let (candidate, verdict) = match first_look(&histories.together, window) {
        Evidence::Trend(trend) if trend.growing => (true, confirm(tags, &histories, &trend, iterations, name)),
        Evidence::Trend(_) => (false, TagVerdict::Nothing),
        Evidence::TooFew { .. } | Evidence::Interrupted(_) | Evidence::Untimed => (false, TagVerdict::Unclear),
    };
    Seen { candidate, verdict, scores }
}

/// The first look at some tags.
struct FirstLook {
    each: Vec<History>,
    together: History,
}

/// Samples lead-in, workload and cool-down.
fn first(tag: &mut SimulatedTag, iterations: u64) -> (History, Scores) {
    let mut histories: Option<Histories> = None;
    let mut slots = 0;
    let mut at_rest = [f64::NAN; 2];
    let mut bytes = Vec::with_capacity(iterations as usize);
    let stages = [(Stage::LeadIn, REST), (Stage::Workload, iterations), (Stage::CoolDown, REST)];
    for (stage, slot) in stages.into_iter().flat_map(|(stage, count)| (0..count).map(move |slot| (stage, slot))) {
        let working = stage == Stage::Workload;
        match tag.slot(working) {
            SlotSample::Missed if working => histories.iter_mut().for_each(Histories::miss),
            SlotSample::Missed | SlotSample::Absent => {}
            SlotSample::Taken(usage) => {
                let appearing = || Histories::of_one(tag.key.counters, slots);
                histories.get_or_insert_with(appearing).sample(stage, &[Some(usage)]);
                match stage {
                    Stage::Workload => bytes.push(usage.bytes as f64),
                    Stage::CoolDown if slot < REST => at_rest[1] = usage.bytes as f64,
                    _ => at_rest[0] = usage.bytes as f64,
                }
            }
        }
        slots += u64::from(working);
    }
    // A tag that was absent before held nothing; users of the rules assume the same.
    let scores = Scores::new(if at_rest[0].is_nan() { 0.0 } else { at_rest[0] }, at_rest[1], &bytes);
    (histories.unwrap_or_else(|| Histories::of_one(tag.key.counters, 0)).history(0), scores)
}

/// Takes second looks until another one could settle nothing.
fn confirm(tags: &mut [SimulatedTag], histories: &FirstLook, trend: &Trend, iterations: u64, name: &str) -> TagVerdict {
    let mut looks = Vec::new();
    loop {
        let number = looks.len() as u32 + 1;
        let plan = plan(&tags[0], iterations, number, name);
        let extensions = tags.iter_mut().zip(&histories.each).map(|(tag, history)| extension(tag, history, &plan));
        looks.extend(extensions.reduce(|sum, one| sum.plus(&one)));
        let Some(confirmation) = second_look(&histories.together, trend, &looks) else { return TagVerdict::Unclear };
        let again = match confirmation.standing {
            Standing::NotAttributed => true,
            Standing::Leak => rate(&confirmation).is_none_or(|rate| rate.low <= 0.0),
            Standing::NotPersistent | Standing::Background | Standing::NotTested => false,
        };
        if !again || number == MOST_LOOKS {
            return verdict(&confirmation);
        }
    }
}

fn verdict(confirmation: &Confirmation) -> TagVerdict {
    match (confirmation.standing, rate(confirmation)) {
        (Standing::NotPersistent, _) => TagVerdict::Nothing,
        (Standing::Background, _) => TagVerdict::Background,
        // A scenario without thresholds judges every tag by `max_rate: 0`.
        (Standing::Leak, Some(rate)) if rate.low > 0.0 => TagVerdict::Leak(rate),
        (Standing::Leak | Standing::NotAttributed | Standing::NotTested, _) => TagVerdict::Unclear,
    }
}

fn rate(confirmation: &Confirmation) -> Option<Interval> {
    confirmation.trend.as_ref()?.bytes(Per::Iteration)
}

/// One second look, from the lead of work to the last block.
fn extension(tag: &mut SimulatedTag, history: &History, plan: &SecondLook) -> Extension {
    let mut extension = Extension::new(plan, tag.key.counters, history);
    for (number, work, slots) in blocks(plan) {
        extension.block(number, work);
        for _ in 0..slots {
            // A missed sample is left out.
            if let Some(usage) = tag.slot(work).taken() {
                extension.push(Some(usage));
            }
        }
    }
    extension
}

/// The plan of a second look, its order drawn from `name`.
pub(super) fn plan(tag: &SimulatedTag, iterations: u64, number: u32, name: &str) -> SecondLook {
    let seed = Random::named(&format!("{name}/{number}")).bits();
    let candidates = vec![tag.key.clone()];
    draw(Draw { number, candidates, seed, slots: iterations, slot_us: SLOT_US, pause: BlockPause::Idle })
}

/// The number of each block, whether the workload runs in it, and its slots; the lead comes first.
pub(super) fn blocks(plan: &SecondLook) -> impl Iterator<Item = (u32, bool, u64)> + '_ {
    let blocks = (1..).zip(&plan.order).map(|(number, work)| (number, *work, plan.slots));
    std::iter::once((0, true, plan.lead)).chain(blocks)
}
