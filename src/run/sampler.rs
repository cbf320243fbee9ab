//! Samples on their way from the kernel into the recording.
//!
//! Two kinds are taken: on the clock, whatever is going on, and *settled*, at rest, after named caches were shrunk, so
//! that a settled sample counts what is really in use. A sample that cannot be read leaves a gap in the recording; after
//! three in a row the run fails, since a run that did not measure must never pass.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::clock::Clock;
use super::drive::Milestone;
use super::error::RunError;
use super::event::Event;
use super::stop::Stop;
use crate::machine::{MachineError, PoolSource};
use crate::pool::TagPattern;
use crate::record::{Mark, Recorder, SampleInfo, Stage};
use crate::scenario::Sampling;

/// How often the recording is synced to disk: what a power cut may cost.
const SYNC_EVERY: Duration = Duration::from_secs(5);
/// The run fails when this many samples in a row have failed.
const FAILURES: u32 = 3;
/// Objects freed by RCU are really free only after a grace period; measured: 50 ms always sufficed, and 20 ms between
/// the two shrinks which it takes to empty per-CPU slabs.
const GRACE: Duration = Duration::from_millis(50);
const BETWEEN_SHRINKS: Duration = Duration::from_millis(20);

/// What a sampler needs.
pub struct Instruments<'a> {
    /// Where samples are read.
    pub source: &'a mut dyn PoolSource,
    /// Where they go.
    pub recorder: &'a mut Recorder,
    /// Who is told.
    pub tell: &'a mut dyn FnMut(Event),
    /// What ends the run early.
    pub stop: Stop,
    /// Writes down that setup begins, and that teardown has ended.
    pub milestone: &'a mut dyn FnMut(Milestone) -> io::Result<()>,
}

pub(super) struct Sampler<'i, 'a> {
    with: &'i mut Instruments<'a>,
    /// The tags whose caches are shrunk before settled samples.
    shrink: Vec<TagPattern>,
    started: Instant,
    clock: Clock,
    failures: u32,
    synced: Instant,
    iterations: u64,
    marked: u64,
}

impl<'i, 'a> Sampler<'i, 'a> {
    pub(super) fn new(with: &'i mut Instruments<'a>, sampling: &Sampling, shrink: Vec<TagPattern>) -> Sampler<'i, 'a> {
        let now = Instant::now();
        let clock = Clock::new(sampling.every.as_std());
        Sampler { with, shrink, started: now, clock, failures: 0, synced: now, iterations: 0, marked: 0 }
    }

    /// What ends the run early.
    pub(super) fn stop(&self) -> Stop {
        self.with.stop.clone()
    }

    pub(super) fn tell(&mut self, event: Event) {
        (self.with.tell)(event);
    }

    /// Writes down how far the run is.
    pub(super) fn reach(&mut self, milestone: Milestone) -> Result<(), RunError> {
        (self.with.milestone)(milestone).map_err(RunError::Checkpoint)
    }

    /// A stage begins.
    pub(super) fn begin(&mut self, stage: Stage, length: Option<Duration>) -> Result<(), RunError> {
        self.tell(Event::Began(stage, length));
        self.mark(stage)
    }

    /// Marks the beginning of a stage which is told otherwise, or not worth telling.
    pub(super) fn mark(&mut self, stage: Stage) -> Result<(), RunError> {
        self.clock.pass();
        self.write(&Mark::Stage(stage))
    }

    /// Something happened.
    pub(super) fn write(&mut self, mark: &Mark) -> Result<(), RunError> {
        Ok(self.with.recorder.mark(self.started.elapsed(), mark)?)
    }

    /// Something which must be on the disk before anything else happens.
    pub(super) fn write_down(&mut self, mark: &Mark) -> Result<(), RunError> {
        self.write(mark)?;
        self.sync()
    }

    fn sync(&mut self) -> Result<(), RunError> {
        self.with.recorder.sync()?;
        self.synced = Instant::now();
        Ok(())
    }

    /// Does something which is no part of the measuring and may take its time: everything so far is on the disk for it, and
    /// no tick meanwhile was missed.
    pub(super) fn apart<T>(&mut self, act: impl FnOnce() -> Result<T, RunError>) -> Result<T, RunError> {
        self.sync()?;
        self.clock.pass();
        let done = act();
        self.clock.begin_again();
        done
    }

    /// No tick was missed since the stage began: nobody was to sample.
    pub(super) fn begin_again(&mut self) {
        self.clock.begin_again();
    }

    /// So many iterations are complete. Written with the next sample, as a fast workload completes many between two.
    pub(super) fn completed(&mut self, iterations: u64) {
        self.iterations = iterations;
    }

    /// So many iterations are complete by now.
    pub(super) fn iterations(&self) -> u64 {
        self.iterations
    }

    /// Does `work`, sampling on the clock meanwhile.
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

    /// Takes a settled sample at every tick for `length`, while nothing is going on.
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

    /// Lets the machine come to rest after an iteration and takes a settled sample.
    pub(super) async fn settle(&mut self, settle: Duration) -> Result<(), RunError> {
        // Shrinking right away as well shows whether there is anything to shrink, and so a grace period to wait for.
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
            self.tell(Event::Missed(missed));
        }
        Ok(())
    }

    fn failed(&mut self, error: MachineError) -> Result<(), RunError> {
        self.failures += 1;
        let because = error.to_string();
        self.with.recorder.mark(self.started.elapsed(), &Mark::Gap { because: because.clone() })?;
        self.tell(Event::Gap(because));
        if self.failures >= FAILURES { Err(RunError::Sample(error)) } else { Ok(()) }
    }

    /// How long the recording is by now.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}
