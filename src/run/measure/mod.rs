//! Measures a workload: lead-in, iterations with a settled sample after each, cool-down.
//!
//! This module does not use processes itself. It runs any [`WorkloadRunner`], so tests can check the order of steps on a
//! paused clock.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::budget::TimeBudget;
use super::error::{CommandError, RunError};
use super::event::RunEvent;
use super::sampler::Sampler;
use crate::record::Stage;
use crate::scenario::{Plan, Sampling};

/// A workload to run against the driver.
#[expect(async_fn_in_trait, reason = "runs are single-threaded, so these futures need not be Send")]
pub trait WorkloadRunner {
    /// Runs iteration `number`, from 1, to its end.
    async fn iteration(&mut self, number: u64) -> Result<(), RunError>;

    /// Starts the single command of a workload with a `duration`.
    async fn begin(&mut self) -> Result<(), RunError>;

    /// Waits until that command has completed more iterations, and returns how many more. Returns an error if the
    /// command ends by itself. Dropping the future loses no iterations.
    async fn counted(&mut self) -> Result<u64, RunError>;

    /// Ends the running command, if any, and all processes it started.
    async fn end(&mut self) -> Result<(), RunError>;
}

/// Measures `workload` from lead-in to cool-down. If this returns an error, the workload has been ended.
pub(super) async fn measure_plan(
    plan: &Plan,
    sampling: &Sampling,
    budget: &TimeBudget,
    workload: &mut impl WorkloadRunner,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    sampler.begin(Stage::LeadIn, Some(sampling.lead_in.as_std()))?;
    sampler.rest(sampling.lead_in.as_std()).await?;

    let outcome = match plan {
        Plan::Iterations { count, .. } => iterate(*count, sampling.settle.as_std(), budget, workload, sampler).await,
        Plan::Lasting { duration, .. } => last(duration.as_std(), budget, workload, sampler).await,
    };
    let ended = workload.end().await;
    // If the workload cannot be ended, report that first: it matters more than the reason for ending it.
    ended.and(outcome)?;

    sampler.begin(Stage::CoolDown, Some(sampling.cool_down.as_std()))?;
    sampler.rest(sampling.cool_down.as_std()).await
}

async fn iterate(
    count: u64,
    settle: Duration,
    budget: &TimeBudget,
    workload: &mut impl WorkloadRunner,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    sampler.begin(Stage::Workload, None)?;
    let begun = Instant::now();
    for number in 1..=count {
        iteration(settle, workload, sampler).await?;
        sampler.tell(RunEvent::Progress { iterations: number, of: Some(count) });
    }
    let Some(end) = budget.one_long_look(Instant::now(), begun.elapsed()) else { return Ok(()) };
    sampler.tell(RunEvent::GoesOn(end - Instant::now()));
    // The last iteration must also end in time.
    let each = begun.elapsed().div_f64(count as f64);
    while Instant::now() + each <= end {
        iteration(settle, workload, sampler).await?;
        sampler.tell(RunEvent::Progress { iterations: sampler.iterations(), of: None });
    }
    Ok(())
}

/// Runs the next iteration of a repeated workload, and takes its settled sample.
pub(super) async fn iteration(
    settle: Duration,
    workload: &mut impl WorkloadRunner,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    let number = sampler.iterations() + 1;
    sampler.during(workload.iteration(number)).await??;
    sampler.completed(number);
    sampler.settle(settle).await
}

async fn last(
    duration: Duration,
    budget: &TimeBudget,
    workload: &mut impl WorkloadRunner,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    let begun = Instant::now();
    let planned = begun + duration;
    let end = budget.one_long_look(planned, duration).unwrap_or(planned);
    sampler.begin(Stage::Workload, Some(end - begun))?;
    while Instant::now() < end {
        // Start the command again for each `duration`, because it may be unable to run longer.
        let until = end.min(Instant::now() + duration);
        run_until(until, duration, workload, sampler).await?;
        workload.end().await?;
    }
    Ok(())
}

/// Runs the single command of a workload with a `duration` until `end`, or until the command fails. The caller ends the
/// command.
async fn run_until(
    end: Instant,
    duration: Duration,
    workload: &mut impl WorkloadRunner,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    let begun = Instant::now();
    workload.begin().await?;
    // A timeout is the planned end.
    while let Ok(more) = sampler.during(timeout_at(end, workload.counted())).await? {
        let more = more.map_err(|error| early(error, begun.elapsed(), duration))?;
        sampler.completed(sampler.iterations() + more);
        sampler.tell(RunEvent::Progress { iterations: sampler.iterations(), of: None });
    }
    Ok(())
}

/// Corrects the times in an error about a command that ended too early; other errors are unchanged.
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
