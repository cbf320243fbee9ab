//! A run executes one scenario once and makes one complete recording.
//!
//! [`measure`] sets up, measures, and tears down. It sends progress as [`RunEvent`]s and writes measurements to the
//! recording; `judge` interprets them. This is the only module with async code.

mod budget;
mod clock;
mod commands;
pub mod drive;
mod error;
mod event;
mod folder;
mod lock;
mod measure;
mod output;
pub mod process;
#[cfg(test)]
mod rehearsal;
mod sampler;
mod second_look;
mod stop;

pub use error::{CommandError, RunError};
pub use event::RunEvent;
pub use folder::{RunFolder, full_path};
pub use lock::{LockError, LockOwner, MachineLock};
pub use measure::WorkloadRunner;
pub use output::{Output, open_log};
pub use process::Shell;
pub use sampler::Instruments;
pub use second_look::LookAgain;
pub use stop::{Brake, Stop, brake};

use std::time::Duration;

use crate::pool::TagPattern;
use crate::record::Stage;
use crate::scenario::{Scenario, Step, Subject};
use budget::TimeBudget;
use commands::{Commands, Which};
use drive::Milestone;
use measure::measure_plan;
use sampler::Sampler;
use second_look::second_looks;

/// Sets up, measures, takes the second looks that `look_again` asks for, and tears down. Returns the length of the
/// recording.
///
/// Teardown always runs, even after an error, so that nothing is left behind. If several steps fail, the first error is
/// returned.
///
/// # Errors
/// If the run did not complete. The recording must then stay unfinished, so that `judge` refuses it.
pub async fn measure(
    scenario: &Scenario,
    shell: &Shell,
    output: &mut Output,
    mut with: Instruments<'_>,
    look_again: &mut LookAgain<'_>,
) -> Result<Duration, RunError> {
    // Check that the machine can be sampled before setup changes anything.
    with.source.sample().map_err(RunError::Sample)?;

    let budget = TimeBudget::from_now(scenario);
    let mut commands = Commands::new(scenario, shell, output);
    if !scenario.teardown.is_empty() {
        (with.milestone)(Milestone::SettingUp).map_err(RunError::Checkpoint)?;
    }
    let mut outcome = set_up(&scenario.setup, &mut commands, &mut with).await;
    let mut sampler = Sampler::new(&mut with, &scenario.sampling, to_shrink(scenario));
    if outcome.is_ok() {
        let plan = &scenario.workload.plan;
        outcome = measure_plan(plan, &scenario.sampling, &budget, &mut commands, &mut sampler).await;
    }
    if outcome.is_ok() && scenario.confirm {
        outcome = second_looks(scenario, look_again, &budget, &mut commands, &mut sampler).await;
    }
    if matches!(outcome, Err(RunError::Interrupted)) {
        sampler.tell(RunEvent::Stopping);
    }
    let measured = outcome.is_ok();
    let marked = sampler.mark(Stage::Teardown);
    let stop = sampler.stop();
    let torn_down = run_teardown(&scenario.teardown, &mut commands, &mut |event| sampler.tell(event), &stop).await;
    if let (true, Err(cut @ RunError::NotTornDown { .. })) = (outcome.is_err(), &torn_down.outcome) {
        // The run already failed for another reason, so report this one as an event.
        sampler.tell(RunEvent::Trouble(cut.to_string()));
    }
    let kept =
        if torn_down.complete && !scenario.teardown.is_empty() { sampler.reach(Milestone::TornDown) } else { Ok(()) };
    outcome.and(marked).and(torn_down.outcome).and(kept)?;
    if measured {
        sampler.begin_again();
        sampler.settle(scenario.sampling.settle.as_std()).await?;
    }
    Ok(sampler.elapsed())
}

/// Runs the teardown of a run whose process ended before it could do so. Returns the first error.
///
/// # Errors
/// If a command failed, or if a stop was requested.
pub async fn tear_down(
    scenario: &Scenario,
    shell: &Shell,
    output: &mut Output,
    tell: &mut dyn FnMut(RunEvent),
    stop: &Stop,
) -> Result<(), RunError> {
    let mut commands = Commands::new(scenario, shell, output);
    run_teardown(&scenario.teardown, &mut commands, tell, stop).await.outcome
}

/// Returns the tags whose caches are shrunk: all named tags, unless the scenario turns shrinking off. `*` is never
/// shrunk, because that would disturb the whole machine.
fn to_shrink(scenario: &Scenario) -> Vec<TagPattern> {
    if scenario.sampling.shrink == Some(false) {
        return Vec::new();
    }
    let named = scenario.thresholds().into_iter().filter_map(|threshold| match threshold.subject {
        Subject::Tags { tag, .. } if tag.names_tags() => Some(tag),
        Subject::Tags { .. } | Subject::Total(_) => None,
    });
    named.collect()
}

async fn set_up(steps: &[Step], commands: &mut Commands<'_>, with: &mut Instruments<'_>) -> Result<(), RunError> {
    for (at, step) in steps.iter().enumerate() {
        let which = Which::Setup { number: at + 1, of: steps.len() };
        (with.tell)(RunEvent::Command { which: which.to_string(), line: step.run.as_str().to_owned() });
        commands.run(&which, step.run.as_str(), step.timeout.as_std(), with.stop.asked(1)).await?;
    }
    Ok(())
}

/// The result of the teardown commands.
struct TornDown {
    outcome: Result<(), RunError>,
    /// Every command was run.
    complete: bool,
}

/// Runs every teardown command, even after one has failed, because each may undo a different step. Only a second stop
/// request cuts teardown short.
async fn run_teardown(
    steps: &[Step],
    commands: &mut Commands<'_>,
    tell: &mut dyn FnMut(RunEvent),
    stop: &Stop,
) -> TornDown {
    let mut outcome = Ok(());
    for (at, step) in steps.iter().enumerate() {
        let which = Which::Teardown { number: at + 1, of: steps.len() };
        tell(RunEvent::Command { which: which.to_string(), line: step.run.as_str().to_owned() });
        let done = commands.run(&which, step.run.as_str(), step.timeout.as_std(), stop.asked(2)).await;
        if matches!(done, Err(RunError::Interrupted)) {
            let left = steps[at..].iter().map(|step| step.run.as_str().to_owned()).collect();
            return TornDown { outcome: outcome.and(Err(RunError::NotTornDown { left })), complete: false };
        }
        outcome = outcome.and(done);
    }
    TornDown { outcome, complete: true }
}
