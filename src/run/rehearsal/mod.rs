//! A run without processes for the tests of measuring, on a paused clock and a simulated kernel. Tests read the order
//! of steps from the recording.
// long because it is one test bed with a switch for each way in which a run can be disturbed

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use self::blinded::Blinded;
use self::simulated_objects::SimulatedObjects;
use super::budget::TimeBudget;
use super::drive::Milestone;
use super::error::{CommandError, RunError};
use super::event::RunEvent;
use super::measure::{WorkloadRunner, measure_plan};
use super::process::NotWell;
use super::sampler::{Instruments, Sampler};
use super::second_look::second_looks;
use super::stop::brake;
use crate::machine::sim::{Exercise, Home, Kernel, KernelState, Population};
use crate::machine::{ObjectSource, sim};
use crate::record::{Event as Recorded, Header, Mark, Recorder, Recording, SecondLook};
use crate::scenario::{Sampling, Scenario};

mod blinded;
mod simulated_objects;

/// A run to rehearse.
pub(super) struct Rehearsal {
    scenario: Scenario,
    takes: Duration,
    looks: Vec<SecondLook>,
    stop_after: Option<Duration>,
    fails_at: Option<u64>,
    blind: Option<Range<Duration>>,
    slow: Duration,
    hangs_at: Option<usize>,
    objects: Option<SimulatedObjects>,
}

/// The result of a rehearsal.
pub(super) struct Rehearsed {
    pub(super) outcome: Result<(), RunError>,
    pub(super) recording: Recording,
    /// The recording on disk at each question whether to look again.
    pub(super) asked: Vec<String>,
    pub(super) told: Vec<RunEvent>,
    /// The calls that the workload received.
    pub(super) done: Vec<String>,
    /// The recording on disk at the start of each iteration.
    pub(super) before: Vec<String>,
    /// Whether the workload was left running.
    pub(super) running: bool,
    /// The calls that the simulated objects received.
    pub(super) followed: Vec<String>,
    /// The notes for the report.
    pub(super) notes: Vec<String>,
}

impl Rehearsal {
    /// Returns a run with this workload, in a scenario's syntax; an iteration lasts `takes`.
    pub(super) fn new(workload: &str, takes: Duration) -> Rehearsal {
        let text = format!("scenario: test\nworkload: {{ run: work, {workload} }}\n");
        let mut scenario = crate::scenario::parse("test.yaml", text.as_bytes()).unwrap().scenario;
        let millis = crate::scenario::Duration::from_millis;
        let (every, settle, lead_in, cool_down) = (millis(1000), millis(100), millis(3500), millis(2500));
        scenario.sampling = Sampling { every, settle, lead_in, cool_down, shrink: None };
        Rehearsal {
            scenario,
            takes,
            looks: Vec::new(),
            stop_after: None,
            fails_at: None,
            blind: None,
            hangs_at: None,
            slow: Duration::ZERO,
            objects: None,
        }
    }

    /// Adds simulated objects. The call with this text fails.
    pub(super) fn following_objects(self, fails_at: Option<&'static str>) -> Rehearsal {
        Rehearsal { objects: Some(SimulatedObjects { fails_at, ..SimulatedObjects::default() }), ..self }
    }

    /// Makes the machine busy: a sample takes `slow`.
    pub(super) fn on_a_busy_machine(mut self, slow: Duration) -> Rehearsal {
        self.slow = slow;
        self
    }

    pub(super) fn within(mut self, limit: Duration) -> Rehearsal {
        self.scenario.time_limit = Some(limit.into());
        self
    }

    pub(super) fn unconfirmed(mut self) -> Rehearsal {
        self.scenario.confirm = false;
        self
    }

    /// Adds a second look.
    pub(super) fn looking_again(mut self, look: SecondLook) -> Rehearsal {
        self.looks.push(look);
        self
    }

    pub(super) fn stopped_after(mut self, after: Duration) -> Rehearsal {
        self.stop_after = Some(after);
        self
    }

    /// Makes the workload fail in this iteration.
    pub(super) fn failing_at(mut self, iteration: u64) -> Rehearsal {
        self.fails_at = Some(iteration);
        self
    }

    /// Makes the kernel impossible to sample after this time.
    pub(super) fn blind_after(self, after: Duration) -> Rehearsal {
        self.blind(after..Duration::from_secs(1_000_000))
    }

    /// Makes the kernel impossible to sample during this time.
    pub(super) fn blind(mut self, meanwhile: Range<Duration>) -> Rehearsal {
        self.blind = Some(meanwhile);
        self
    }

    /// Makes the `nth` attempt to end the workload fail, counted from 1.
    pub(super) fn hanging_at_end(mut self, nth: usize) -> Rehearsal {
        self.hangs_at = Some(nth);
        self
    }

    pub(super) async fn run(self) -> Rehearsed {
        let folder = tempfile::tempdir().unwrap();
        let population = Population { seed: 1, tags: 0, noise: Vec::new() };
        let kernel = Kernel::create(&folder.path().join("kernel.json"), KernelState::new(population)).unwrap();
        let path = folder.path().join("recording.pgr");
        let mut recorder = Recorder::create(&path, &header()).unwrap();
        let (brake, stop) = brake();
        let mut workload = Leaking {
            kernel: kernel.clone(),
            recording: path.clone(),
            before: Vec::new(),
            takes: self.takes,
            fails_at: self.fails_at,
            hangs_at: self.hangs_at,
            done: Vec::new(),
            running: false,
        };
        let now = tokio::time::Instant::now();
        let blind = self.blind.map(|blind| now + blind.start..now + blind.end);
        let mut source = Blinded { source: sim::machine(&kernel).pool, blind, slow: self.slow };
        let (mut told, mut asked, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        let mut objects = self.objects;
        let mut looks = self.looks.into_iter();
        let mut look_again = || {
            asked.push(story(&Recording::open(&path).unwrap()));
            Ok(looks.next())
        };
        let mut with = Instruments {
            source: &mut source,
            objects: objects.as_mut().map(|objects| objects as &mut dyn ObjectSource),
            recorder: &mut recorder,
            tell: &mut |event| told.push(event),
            stop,
            milestone: &mut |milestone| {
                notes.extend(if let Milestone::Note(note) = milestone { Some(note) } else { None });
                Ok(())
            },
        };
        let scenario = self.scenario;
        let budget = TimeBudget::from_now(&scenario);
        let mut sampler = Sampler::new(&mut with, &scenario.sampling, Vec::new());
        let measured = async {
            measure_plan(&scenario.workload.plan, &scenario.sampling, &budget, &mut workload, &mut sampler).await?;
            match scenario.confirm {
                true => second_looks(&scenario, &mut look_again, &budget, &mut workload, &mut sampler).await,
                false => Ok(()),
            }
        };
        let stopping = async {
            match self.stop_after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            brake.pull();
            std::future::pending().await
        };
        let outcome = tokio::select! {
            outcome = measured => outcome,
            () = stopping => unreachable!("stopping never ends"),
        };
        drop(with);
        recorder.finish(Duration::from_secs(9999)).unwrap();
        let recording = Recording::open(&path).unwrap();
        let Leaking { done, before, running, .. } = workload;
        let followed = objects.map_or(Vec::new(), |objects| objects.calls);
        Rehearsed { outcome, recording, asked, told, done, before, running, followed, notes }
    }
}

impl Rehearsed {
    /// Whether the run failed because the workload could not be ended.
    pub(super) fn hung(&self) -> bool {
        let Err(RunError::Command { because, .. }) = &self.outcome else { return false };
        matches!(because, CommandError::NotWell(NotWell::CannotBeEnded(_)))
    }

    /// Returns the recording in short: stages, iterations, blocks, `s` for a settled sample, and `c` for a sample on
    /// the clock.
    pub(super) fn story(&self) -> String {
        story(&self.recording)
    }

    /// Returns the story from the second look on, without samples on the clock.
    pub(super) fn second_look(&self) -> String {
        let story = self.story();
        let (_, look) = story.split_once(" plan").unwrap();
        look.replace("second look:", "|").replace('c', "")
    }
}

fn story(recording: &Recording) -> String {
    let mut story = String::new();
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Recorded::Sample { info, .. } => story.push(if info.settled { 's' } else { 'c' }),
            Recorded::Mark { mark: Mark::Stage(stage), .. } => story.push_str(&format!(" {stage}:")),
            Recorded::Mark { mark: Mark::Iteration(number), .. } => story.push_str(&format!(" {number}")),
            Recorded::Mark { mark: Mark::Gap { .. }, .. } => story.push('!'),
            Recorded::Mark { mark: Mark::Kernel(_), .. } => story.push_str(" kernel"),
            Recorded::Mark { mark: Mark::Survivors(_), .. } => story.push_str(" survivors"),
            Recorded::Mark { mark: Mark::SecondLook(_), .. } => story.push_str(" plan"),
            Recorded::Mark { mark: Mark::Block { work, .. }, .. } => {
                story.push_str(if work { " work:" } else { " idle:" })
            }
            Recorded::Mark { mark: Mark::Incomplete(_), .. } | Recorded::Damaged { .. } | Recorded::End { .. } => {}
        }
    }
    story
}

fn header() -> Header {
    Header::new("test", "test", "")
}

/// A workload without processes.
struct Leaking {
    kernel: Kernel,
    recording: PathBuf,
    before: Vec<String>,
    takes: Duration,
    fails_at: Option<u64>,
    hangs_at: Option<usize>,
    done: Vec<String>,
    running: bool,
}

impl Leaking {
    async fn leak(&mut self) -> Result<(), RunError> {
        tokio::time::sleep(self.takes).await;
        let exercise = Exercise { leak: vec!["Leak:64B".parse().unwrap()], ..Exercise::default() };
        self.kernel.change(|state| exercise.apply(state)).map_err(RunError::Sample)
    }
}

impl WorkloadRunner for Leaking {
    async fn iteration(&mut self, number: u64) -> Result<(), RunError> {
        self.done.push(number.to_string());
        self.before.push(story(&Recording::open(&self.recording).unwrap()));
        self.running = true;
        self.leak().await?;
        if self.fails_at == Some(number) {
            let because = CommandError::TimedOut(self.takes);
            return Err(RunError::Command { which: format!("iteration {number}"), because, output: String::new() });
        }
        self.running = false;
        Ok(())
    }

    async fn begin(&mut self) -> Result<(), RunError> {
        assert!(!self.running, "begun twice");
        self.done.push("begin".to_owned());
        self.running = true;
        Ok(())
    }

    async fn counted(&mut self) -> Result<u64, RunError> {
        match self.running {
            true => self.leak().await.map(|()| 1),
            false => std::future::pending().await,
        }
    }

    async fn end(&mut self) -> Result<(), RunError> {
        if !std::mem::take(&mut self.running) {
            return Ok(());
        }
        self.done.push("end".to_owned());
        if self.hangs_at == Some(self.done.iter().filter(|done| *done == "end").count()) {
            let because = CommandError::NotWell(NotWell::CannotBeEnded(vec!["work".to_owned()]));
            return Err(RunError::Command { which: "workload".to_owned(), because, output: String::new() });
        }
        Ok(())
    }
}
