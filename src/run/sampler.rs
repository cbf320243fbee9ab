//! Takes samples from the kernel and writes them to the recording.
//!
//! There are two kinds of samples. Samples on the clock are taken while the workload runs. *Settled* samples are taken
//! at rest, after the caches of named tags were shrunk, so they count only memory in use. A sample that cannot be read
//! leaves a gap in the recording. After three failures in a row the run fails, because a run that did not measure must
//! never pass.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::clock::SampleClock;
use super::drive::Milestone;
use super::error::RunError;
use super::event::RunEvent;
use super::stop::Stop;
use crate::machine::{MachineError, ObjectSource, PoolSource};
use crate::pool::{Key, TagPattern};
use crate::record::{Mark, Recorder, SampleInfo, Stage};
use crate::scenario::Sampling;

/// The interval between syncs of the recording to disk. A power cut loses at most this much.
const SYNC_EVERY: Duration = Duration::from_secs(5);
/// The run fails after this many failed samples in a row.
const FAILURES: u32 = 3;
/// The kernel frees objects under RCU only after a grace period. In measurements, 50 ms was always enough, as were 20
/// ms between the two shrinks that are needed to empty per-CPU slabs.
const GRACE: Duration = Duration::from_millis(50);
const BETWEEN_SHRINKS: Duration = Duration::from_millis(20);
/// The kernel frees some objects by a worker after a grace period, and a worker on a busy processor takes longer.
const BEFORE_SURVIVORS: Duration = Duration::from_millis(500);

/// The parts that a sampler needs.
pub struct Instruments<'a> {
    /// The source of samples.
    pub source: &'a mut dyn PoolSource,
    /// Follows objects by call path during second looks; `None` if the run does not want it or the machine cannot.
    pub objects: Option<&'a mut dyn ObjectSource>,
    /// The recorder of samples.
    pub recorder: &'a mut Recorder,
    /// The receiver of events.
    pub tell: &'a mut dyn FnMut(RunEvent),
    /// The stop requests that end the run early.
    pub stop: Stop,
    /// Writes a milestone to the checkpoint.
    pub milestone: &'a mut dyn FnMut(Milestone) -> io::Result<()>,
}

pub(super) struct Sampler<'i, 'a> {
    with: &'i mut Instruments<'a>,
    /// The tags whose caches are shrunk before settled samples.
    shrink: Vec<TagPattern>,
    started: Instant,
    clock: SampleClock,
    failures: u32,
    synced: Instant,
    iterations: u64,
    marked: u64,
    /// Whether objects are followed.
    following: bool,
}

impl<'i, 'a> Sampler<'i, 'a> {
    pub(super) fn new(with: &'i mut Instruments<'a>, sampling: &Sampling, shrink: Vec<TagPattern>) -> Sampler<'i, 'a> {
        let now = Instant::now();
        let clock = SampleClock::new(sampling.every.as_std());
        Sampler {
            with,
            shrink,
            started: now,
            clock,
            failures: 0,
            synced: now,
            iterations: 0,
            marked: 0,
            following: false,
        }
    }

    /// Returns the receiver of stop requests.
    pub(super) fn stop(&self) -> Stop {
        self.with.stop.clone()
    }

    pub(super) fn tell(&mut self, event: RunEvent) {
        (self.with.tell)(event);
    }

    /// Writes a milestone to the checkpoint.
    pub(super) fn reach(&mut self, milestone: Milestone) -> Result<(), RunError> {
        (self.with.milestone)(milestone).map_err(RunError::Checkpoint)
    }

    /// Begins a stage: sends the event and marks the recording.
    pub(super) fn begin(&mut self, stage: Stage, length: Option<Duration>) -> Result<(), RunError> {
        self.tell(RunEvent::Began(stage, length));
        self.mark(stage)
    }

    /// Marks the beginning of a stage without the event [`RunEvent::Began`].
    pub(super) fn mark(&mut self, stage: Stage) -> Result<(), RunError> {
        self.clock.pass();
        self.write(&Mark::Stage(stage))
    }

    /// Writes a mark to the recording.
    pub(super) fn write(&mut self, mark: &Mark) -> Result<(), RunError> {
        Ok(self.with.recorder.mark(self.started.elapsed(), mark)?)
    }

    /// Writes a mark that must be on disk before the run continues.
    pub(super) fn write_down(&mut self, mark: &Mark) -> Result<(), RunError> {
        self.write(mark)?;
        self.sync()
    }

    fn sync(&mut self) -> Result<(), RunError> {
        self.with.recorder.sync()?;
        self.synced = Instant::now();
        Ok(())
    }

    /// Runs `act`, which is not part of the measurement and may take some time. The recording is synced to disk first,
    /// and ticks during `act` do not count as missed.
    pub(super) fn apart<T>(&mut self, act: impl FnOnce() -> Result<T, RunError>) -> Result<T, RunError> {
        self.sync()?;
        self.clock.pass();
        let done = act();
        self.clock.begin_again();
        done
    }

    /// Restarts the clock, so that ticks since the stage began do not count as missed.
    pub(super) fn begin_again(&mut self) {
        self.clock.begin_again();
    }

    /// Sets the number of completed iterations. It is written with the next sample, because a fast workload completes
    /// many iterations between two samples.
    pub(super) fn completed(&mut self, iterations: u64) {
        self.iterations = iterations;
    }

    /// Returns the number of completed iterations.
    pub(super) fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Runs `work` and samples on the clock meanwhile.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, RunError> {
        let stop = self.with.stop.clone();
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                () = stop.asked(1) => return Err(RunError::Interrupted),
                done = &mut work => return Ok(done),
                () = self.clock.tick() => self.sample(false)?,
            }
        }
    }

    /// Takes a settled sample at every tick for `length`, while no workload runs.
    pub(super) async fn rest(&mut self, length: Duration) -> Result<(), RunError> {
        let end = Instant::now() + length;
        let stop = self.with.stop.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.asked(1) => return Err(RunError::Interrupted),
                () = tokio::time::sleep_until(end) => return Ok(()),
                () = self.clock.tick() => self.settled().await?,
            }
        }
    }

    /// Waits for the machine to come to rest after an iteration, then takes a settled sample.
    pub(super) async fn settle(&mut self, settle: Duration) -> Result<(), RunError> {
        // This first shrink also shows whether any cache can be shrunk, and so whether a grace period is needed.
        let rest = match self.with.source.shrink(&self.shrink) {
            Ok(0) => settle,
            Ok(_) => settle.max(GRACE),
            Err(error) => return self.failed(error),
        };
        self.during(sleep(rest)).await?;
        self.settled().await
    }

    /// Takes a settled sample.
    pub(super) async fn settled(&mut self) -> Result<(), RunError> {
        match self.with.source.shrink(&self.shrink) {
            Ok(0) => {}
            Ok(_) => {
                sleep(BETWEEN_SHRINKS).await;
                self.with.source.shrink(&self.shrink).map_err(RunError::Sample)?;
            }
            Err(error) => return self.failed(error),
        }
        self.sample(true)
    }

    pub(super) fn sample(&mut self, settled: bool) -> Result<(), RunError> {
        let snapshot = match self.with.source.sample() {
            Ok(snapshot) => snapshot,
            Err(error) => return self.failed(error),
        };
        self.failures = 0;
        let at = self.started.elapsed();
        if self.marked != self.iterations {
            self.with.recorder.mark(at, &Mark::Iteration(self.iterations))?;
            self.marked = self.iterations;
        }
        let missed = self.clock.take_missed();
        self.with.recorder.sample(SampleInfo { at, settled, missed }, snapshot)?;
        if let Some(note) = self.with.source.note() {
            self.reach(Milestone::Note(note))?;
        }
        if self.synced.elapsed() >= SYNC_EVERY {
            self.sync()?;
        }
        if missed > 0 {
            self.tell(RunEvent::Missed(missed));
        }
        Ok(())
    }

    /// Follows the objects of these rows by call path, if the machine can.
    pub(super) fn follow(&mut self, rows: &[Key]) -> Result<(), RunError> {
        self.clock.pass();
        self.following = self.objects(|objects| objects.follow(rows))?.is_some();
        self.clock.begin_again();
        Ok(())
    }

    /// Attributes objects allocated from now on to the next iteration, or to none if the workload rests.
    pub(super) fn attribute_objects(&mut self, works: bool) -> Result<(), RunError> {
        let number = if works { self.iterations + 1 } else { 0 };
        self.objects(|objects| objects.iteration(number)).map(drop)
    }

    /// Stops following objects, and records those that are alive.
    pub(super) async fn survivors(&mut self) -> Result<(), RunError> {
        if !std::mem::take(&mut self.following) {
            return Ok(());
        }
        sleep(BEFORE_SURVIVORS).await;
        match self.objects(|objects| objects.survivors())?.flatten() {
            Some(survivors) => self.write(&Mark::Survivors(survivors)),
            None => Ok(()),
        }
    }

    /// A failure is a note for the report, since no verdict depends on call paths. Objects are then not followed any more.
    fn objects<T>(
        &mut self,
        act: impl FnOnce(&mut dyn ObjectSource) -> Result<T, MachineError>,
    ) -> Result<Option<T>, RunError> {
        let Some(objects) = self.with.objects.as_deref_mut() else { return Ok(None) };
        match act(objects) {
            Ok(done) => Ok(Some(done)),
            Err(error) => {
                self.with.objects = None;
                let help = miette::Diagnostic::help(&error).map_or(String::new(), |help| format!("; {help}"));
                self.reach(Milestone::Note(format!("{error}{help}")))?;
                Ok(None)
            }
        }
    }

    fn failed(&mut self, error: MachineError) -> Result<(), RunError> {
        self.failures += 1;
        let because = error.to_string();
        self.with.recorder.mark(self.started.elapsed(), &Mark::Gap { because: because.clone() })?;
        self.tell(RunEvent::Gap(because));
        if self.failures >= FAILURES { Err(RunError::Sample(error)) } else { Ok(()) }
    }

    /// Returns the length of the recording so far.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
