//! The second look: the workload runs in some blocks and rests in others, in random order. This separates growth caused
//! by the workload from growth over time.
//!
//! Another module decides the subject and the order, and both are recorded before the look is measured. The workload
//! does not notice: its command, its environment, and the counting of iterations stay the same. Each slot, of work or
//! of rest, ends with one settled sample.

use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::budget::TimeBudget;
use super::error::RunError;
use super::event::RunEvent;
use super::measure::{WorkloadRunner, early, iteration};
use super::sampler::Sampler;
use crate::record::{BlockPause, Mark, SecondLook, Stage};
use crate::scenario::{Plan, Scenario};

/// Decides from the recording on disk whether to take another look, and returns its plan.
pub type LookAgain<'a> = dyn FnMut() -> Result<Option<SecondLook>, RunError> + 'a;

/// Takes second looks for as long as `look_again` asks for them and `budget` has time for them. If this returns an
/// error, the workload has been ended.
pub(super) async fn second_looks(
    scenario: &Scenario,
    look_again: &mut LookAgain<'_>,
    budget: &TimeBudget,
    workload: &mut impl WorkloadRunner,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    while let Some(look) = sampler.apart(&mut *look_again)? {
        let subject = subject(&look);
        if !budget.holds(length(&look)) {
            sampler.tell(RunEvent::NoTime { subject, length: length(&look) });
            break;
        }
        // Write the order to disk before the first slot, so that no measurement can influence it.
        sampler.write_down(&Mark::SecondLook(look.clone()))?;
        sampler.tell(RunEvent::LooksAgain { subject: subject.clone(), number: look.number, length: length(&look) });
        // The candidates of further looks are among those of the first.
        if look.number == 1 {
            sampler.follow(&look.candidates)?;
        }
        sampler.mark(Stage::SecondLook)?;
        let slot = Duration::from_micros(look.slot_us);
        let mut slots = Slots { scenario, look: &look, subject, done: 0, slot, began: None, workload, sampler };
        let outcome = slots.all().await;
        let ended = workload.end().await;
        // If the workload cannot be ended, report that first: it matters more than the reason for ending it.
        ended.and(outcome)?;
    }
    sampler.survivors().await
}

/// Returns the total length of all slots.
fn length(look: &SecondLook) -> Duration {
    Duration::from_micros(look.slot_us.saturating_mul(slots(look)))
}

fn slots(look: &SecondLook) -> u64 {
    look.lead.saturating_add(look.slots.saturating_mul(look.order.len() as u64))
}

/// Returns the subject of the look, for people.
fn subject(look: &SecondLook) -> String {
    match look.candidates.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.to_string(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    }
}

/// Runs the slots of one look in order.
struct Slots<'s, 'i, 'a, W> {
    scenario: &'s Scenario,
    look: &'s SecondLook,
    subject: String,
    done: u64,
    /// The length of a slot of rest: the mean slot length of the last block of work. If the machine has become slower,
    /// a shorter rest would make growth over time look like growth from the workload.
    slot: Duration,
    /// The start of a workload with a `duration`, while it runs.
    began: Option<Instant>,
    workload: &'s mut W,
    sampler: &'s mut Sampler<'i, 'a>,
}

impl<W: WorkloadRunner> Slots<'_, '_, '_, W> {
    async fn all(&mut self) -> Result<(), RunError> {
        self.block(0, true, self.look.lead).await?;
        for (number, &work) in (1..).zip(&self.look.order) {
            self.block(number, work, self.look.slots).await?;
        }
        Ok(())
    }

    async fn block(&mut self, number: u32, work: bool, slots: u64) -> Result<(), RunError> {
        self.sampler.write(&Mark::Block { number, work })?;
        self.tell_block(number, work);
        let half_speed = self.look.pause == BlockPause::HalfSpeed;
        let began = Instant::now();
        for slot in 0..slots {
            let works = work || (half_speed && slot % 2 == 1);
            self.sampler.attribute_objects(works)?;
            match &self.scenario.workload.plan {
                Plan::Iterations { .. } if works => {
                    iteration(self.scenario.sampling.settle.as_std(), self.workload, self.sampler).await?;
                }
                Plan::Iterations { .. } => self.idle().await?,
                Plan::Lasting { duration, .. } => self.on_the_clock(works, duration.as_std()).await?,
            }
            self.done += 1;
            self.sampler.tell(RunEvent::Slots { done: self.done, of: self::slots(self.look) });
        }
        if work && slots > 0 && matches!(self.scenario.workload.plan, Plan::Iterations { .. }) {
            self.slot = began.elapsed() / u32::try_from(slots).unwrap_or(u32::MAX);
        }
        Ok(())
    }

    /// Runs a slot of rest. It is as long as a slot with an iteration, and is sampled in the same way.
    async fn idle(&mut self) -> Result<(), RunError> {
        let settle = self.scenario.sampling.settle.as_std();
        let rest = sleep_until(Instant::now() + self.slot.saturating_sub(settle));
        self.sampler.during(rest).await?;
        self.sampler.settle(settle).await
    }

    /// Runs a slot of a workload with a `duration`. The command is ended for rest and started for work, and never runs
    /// longer than `duration` at a time.
    async fn on_the_clock(&mut self, works: bool, duration: Duration) -> Result<(), RunError> {
        let end = Instant::now() + self.slot;
        if self.began.is_some_and(|began| !works || end > began + duration) {
            self.workload.end().await?;
            self.began = None;
        }
        if works && self.began.is_none() {
            self.workload.begin().await?;
            self.began = Some(Instant::now());
        }
        // `counted` never completes while no command runs. A timeout is the planned end.
        while let Ok(more) = self.sampler.during(timeout_at(end, self.workload.counted())).await? {
            let ran = self.began.map_or(Duration::ZERO, |began| began.elapsed());
            let more = more.map_err(|error| early(error, ran, duration))?;
            self.sampler.completed(self.sampler.iterations() + more);
            self.sampler.attribute_objects(works)?;
        }
        self.sampler.settled().await
    }

    fn tell_block(&mut self, number: u32, work: bool) {
        let same = |block: &&bool| **block == work;
        let nth = self.look.order.iter().take(number as usize).filter(same).count();
        let of = self.look.order.iter().filter(same).count();
        let kind = if work { "work" } else { "idle" };
        let slots = self::slots(self.look) - self.done;
        self.sampler.tell(RunEvent::Block {
            subject: self.subject.clone(),
            block: match number {
                0 => format!("{kind} before the first block"),
                _ => format!("{kind} block {nth} of {of}"),
            },
            left: Duration::from_micros(self.look.slot_us.saturating_mul(slots)),
        });
    }
}

#[cfg(test)]
mod tests;
