//! Measuring a workload: lead-in, iterations with a settled sample after each, cool-down.
//!
//! Knows nothing of processes: a [`Workload`] is whatever does an iteration, so that the order of things is tested on a
//! paused clock.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::budget::Budget;
use super::error::{CommandError, RunError};
use super::event::Event;
use super::sampler::Sampler;
use crate::record::Stage;
use crate::scenario::{Plan, Sampling};

/// What is run against the driver.
#[expect(async_fn_in_trait, reason = "runs are single-threaded; nobody needs these futures to be Send")]
pub trait Workload {
    /// Does iteration `number`, from 1, to its end.
    async fn iteration(&mut self, number: u64) -> Result<(), RunError>;

    /// Begins the one command of a workload with a `duration`.
    async fn begin(&mut self) -> Result<(), RunError>;

    /// Waits until that command has completed more iterations, and returns how many more. An end of the command by
    /// itself is an error. Dropping the future loses nothing.
    async fn counted(&mut self) -> Result<u64, RunError>;

    /// Ends whatever is running, with everything it started.
    async fn end(&mut self) -> Result<(), RunError>;
}

/// Measures `workload` from lead-in to cool-down. On an error the workload has been ended.
pub(super) async fn measure(
    plan: &Plan,
    sampling: &Sampling,
    budget: &Budget,
    workload: &mut impl Workload,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    sampler.begin(Stage::LeadIn, Some(sampling.lead_in.as_std()))?;
    sampler.rest(sampling.lead_in.as_std()).await?;

    let outcome = match plan {
        Plan::Iterations { count, .. } => iterate(*count, sampling.settle.as_std(), budget, workload, sampler).await,
        Plan::Lasting { duration, .. } => last(duration.as_std(), budget, workload, sampler).await,
    };
    let ended = workload.end().await;
    // A workload that cannot be ended matters more than why it was to end.
    ended.and(outcome)?;

    sampler.begin(Stage::CoolDown, Some(sampling.cool_down.as_std()))?;
    sampler.rest(sampling.cool_down.as_std()).await
}

async fn iterate(
    count: u64,
    settle: Duration,
    budget: &Budget,
    workload: &mut impl Workload,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    sampler.begin(Stage::Workload, None)?;
    let begun = Instant::now();
    for number in 1..=count {
        iteration(settle, workload, sampler).await?;
        sampler.tell(Event::Progress { iterations: number, of: Some(count) });
    }
    let Some(end) = budget.one_long_look(Instant::now(), begun.elapsed()) else { return Ok(()) };
    sampler.tell(Event::GoesOn(end - Instant::now()));
    // The last iteration must be over in time too.
    let each = begun.elapsed().div_f64(count as f64);
    while Instant::now() + each <= end {
        iteration(settle, workload, sampler).await?;
        sampler.tell(Event::Progress { iterations: sampler.iterations(), of: None });
    }
    Ok(())
}

/// The next iteration of a workload which is run again and again, with its settled sample.
pub(super) async fn iteration(
    settle: Duration,
    workload: &mut impl Workload,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    let number = sampler.iterations() + 1;
    sampler.during(workload.iteration(number)).await??;
    sampler.completed(number);
    sampler.settle(settle).await
}

async fn last(
    duration: Duration,
    budget: &Budget,
    workload: &mut impl Workload,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    let begun = Instant::now();
    let planned = begun + duration;
    let end = budget.one_long_look(planned, duration).unwrap_or(planned);
    sampler.begin(Stage::Workload, Some(end - begun))?;
    while Instant::now() < end {
        // It need not be able to run for longer than it says.
        let until = end.min(Instant::now() + duration);
        run_until(until, duration, workload, sampler).await?;
        workload.end().await?;
    }
    Ok(())
}

/// Runs the one command of a workload with a `duration`, which ends it, up to an instant within that.
async fn run_until(
    end: Instant,
    duration: Duration,
    workload: &mut impl Workload,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    let begun = Instant::now();
    workload.begin().await?;
    // An elapsed timeout is the planned end.
    while let Ok(more) = sampler.during(timeout_at(end, workload.counted())).await? {
        let more = more.map_err(|error| early(error, begun.elapsed(), duration))?;
        sampler.completed(sampler.iterations() + more);
        sampler.tell(Event::Progress { iterations: sampler.iterations(), of: None });
    }
    Ok(())
}

/// A long-running command which ends well has still ended too early.
pub(super) fn early(error: RunError, after: Duration, of: Duration) -> RunError {
    match error {
        RunError::Command { which, because: CommandError::Early { .. }, output } => {
            RunError::Command { which, because: CommandError::Early { after, of }, output }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests;
