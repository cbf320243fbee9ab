//! Measuring a workload: lead-in, iterations with a settled sample after each, cool-down.
//!
//! Knows nothing of processes: a [`Workload`] is whatever does an iteration, so that the order of things is tested on a
//! paused clock.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

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
    workload: &mut impl Workload,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    sampler.begin(Stage::LeadIn, Some(sampling.lead_in.as_std()))?;
    sampler.rest(sampling.lead_in.as_std()).await?;

    let outcome = match plan {
        Plan::Iterations { count, .. } => iterate(*count, sampling.settle.as_std(), workload, sampler).await,
        Plan::Lasting { duration, .. } => last(duration.as_std(), workload, sampler).await,
    };
    let ended = workload.end().await;
    outcome.and(ended)?;

    sampler.begin(Stage::CoolDown, Some(sampling.cool_down.as_std()))?;
    sampler.rest(sampling.cool_down.as_std()).await
}

async fn iterate(
    count: u64,
    settle: Duration,
    workload: &mut impl Workload,
    sampler: &mut Sampler<'_, '_>,
) -> Result<(), RunError> {
    sampler.begin(Stage::Workload, None)?;
    for number in 1..=count {
        sampler.during(workload.iteration(number)).await??;
        sampler.completed(number);
        sampler.settle(settle).await?;
        sampler.tell(Event::Progress { iterations: number, of: Some(count) });
    }
    Ok(())
}

async fn last(duration: Duration, workload: &mut impl Workload, sampler: &mut Sampler<'_, '_>) -> Result<(), RunError> {
    sampler.begin(Stage::Workload, Some(duration))?;
    let begun = Instant::now();
    let end = begun + duration;
    let mut iterations = 0;
    workload.begin().await?;
    // An elapsed timeout is the planned end.
    while let Ok(more) = sampler.during(timeout_at(end, workload.counted())).await? {
        iterations += more.map_err(|error| early(error, begun.elapsed(), duration))?;
        sampler.completed(iterations);
        sampler.tell(Event::Progress { iterations, of: None });
    }
    Ok(())
}

/// A long-running command which ends well has still ended too early.
fn early(error: RunError, after: Duration, of: Duration) -> RunError {
    match error {
        RunError::Command { which, because: CommandError::Early { .. }, output } => {
            RunError::Command { which, because: CommandError::Early { after, of }, output }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::sim::{Exercise, Home, Kernel, KernelState, Population};
    use crate::machine::{PoolSource, sim};
    use crate::record::{Event as Recorded, Header, Mark, Recorder, Recording};
    use crate::run::{Instruments, brake};

    /// A workload without processes, on a simulated kernel.
    struct Leaking {
        kernel: Kernel,
        takes: Duration,
        running: bool,
    }

    impl Workload for Leaking {
        async fn iteration(&mut self, _: u64) -> Result<(), RunError> {
            self.running = true;
            tokio::time::sleep(self.takes).await;
            let exercise = Exercise { leak: vec!["Leak:64B".parse().unwrap()], ..Exercise::default() };
            self.kernel.change(|state| exercise.apply(state)).map_err(RunError::Sample)?;
            self.running = false;
            Ok(())
        }

        async fn begin(&mut self) -> Result<(), RunError> {
            Ok(())
        }

        async fn counted(&mut self) -> Result<u64, RunError> {
            self.iteration(0).await?;
            Ok(1)
        }

        async fn end(&mut self) -> Result<(), RunError> {
            self.running = false;
            Ok(())
        }
    }

    /// What a recording says, in short: stages, iterations, and s or c for a settled sample or one on the clock.
    fn story(recording: &Recording) -> String {
        let mut story = String::new();
        let mut events = recording.events();
        while let Some(event) = events.next() {
            match event {
                Recorded::Sample { info, .. } => story.push(if info.settled { 's' } else { 'c' }),
                Recorded::Mark { mark: Mark::Stage(stage), .. } => story.push_str(&format!(" {stage}:")),
                Recorded::Mark { mark: Mark::Iteration(number), .. } => story.push_str(&format!(" {number}")),
                Recorded::Mark { mark: Mark::Gap { .. }, .. } => story.push('!'),
                Recorded::Mark { mark: Mark::SecondLook(_), .. } => story.push_str(" look"),
                Recorded::Mark { mark: Mark::Block { work, .. }, .. } => {
                    story.push_str(if work { " work:" } else { " idle:" })
                }
                Recorded::Damaged { .. } | Recorded::End { .. } => {}
            }
        }
        story
    }

    /// Measures on the paused clock; returns the story of the recording, and whether the workload was left running.
    async fn measured(
        plan: Plan,
        takes: Duration,
        stop_after: Option<Duration>,
    ) -> (Result<(), RunError>, String, bool) {
        let folder = tempfile::tempdir().unwrap();
        let population = Population { seed: 1, tags: 0, noise: Vec::new() };
        let kernel = Kernel::create(&folder.path().join("kernel.json"), KernelState::new(population)).unwrap();
        let path = folder.path().join("recording.pgr");
        let header = Header {
            scenario: "test".to_owned(),
            run: "test".to_owned(),
            started: jiff::Timestamp::UNIX_EPOCH,
            boot: String::new(),
            source: String::new(),
            program: String::new(),
        };
        let mut recorder = Recorder::create(&path, &header).unwrap();
        let (brake, stop) = brake();
        let mut workload = Leaking { kernel: kernel.clone(), takes, running: false };
        let mut source = sim::machine(&kernel).pool;
        let source: &mut dyn PoolSource = source.as_mut();
        let mut with = Instruments { source, recorder: &mut recorder, tell: &mut |_| {}, stop };
        let sampling = Sampling {
            every: crate::scenario::Duration::from_secs(1),
            settle: crate::scenario::Duration::from_millis(100),
            lead_in: crate::scenario::Duration::from_millis(3500),
            cool_down: crate::scenario::Duration::from_millis(2500),
            shrink: None,
        };
        let mut sampler = Sampler::new(&mut with, &sampling, Vec::new());
        let stopping = async {
            match stop_after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            brake.pull();
            std::future::pending().await
        };
        let outcome = tokio::select! {
            outcome = measure(&plan, &sampling, &mut workload, &mut sampler) => outcome,
            () = stopping => unreachable!("stopping never ends"),
        };
        let running = workload.running;
        drop(with);
        recorder.finish(Duration::from_secs(99)).unwrap();
        (outcome, story(&Recording::open(&path).unwrap()), running)
    }

    fn iterations(count: u64) -> Plan {
        Plan::Iterations { count, timeout: crate::scenario::Duration::from_secs(60) }
    }

    #[tokio::test(start_paused = true)]
    async fn an_iteration_ends_in_a_settled_sample_with_clock_samples_meanwhile() {
        let (outcome, story, _) = measured(iterations(3), Duration::from_millis(2200), None).await;
        outcome.unwrap();
        assert_eq!(story, " lead-in:sss workload:cc 1scc 2cscc 3s cool-down:ss");
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_workload_is_sampled_once_an_iteration() {
        let (outcome, story, _) = measured(iterations(4), Duration::from_millis(1), None).await;
        outcome.unwrap();
        assert_eq!(story, " lead-in:sss workload: 1s 2s 3s 4s cool-down:sss");
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_workload_is_sampled_on_the_clock_with_the_iterations_so_far() {
        let plan = Plan::Lasting { duration: crate::scenario::Duration::from_secs(4), count_lines: None };
        let (outcome, story, running) = measured(plan, Duration::from_millis(300), None).await;
        outcome.unwrap();
        assert_eq!(story, " lead-in:sss workload: 1c 5c 8c 11c cool-down: 13ss");
        assert!(!running);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_to_stop_ends_the_workload_in_the_middle() {
        let (outcome, story, running) =
            measured(iterations(9), Duration::from_secs(60), Some(Duration::from_millis(6500))).await;
        assert!(matches!(outcome, Err(RunError::Interrupted)));
        assert_eq!(story, " lead-in:sss workload:ccc");
        assert!(!running);
    }
}
