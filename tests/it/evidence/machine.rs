//! A machine with known figures, measured like a run: lead-in, workload, cool-down, and the second looks that `judge`
//! requests.

use std::path::PathBuf;
use std::time::Duration;

use poolgate::judge::{Finding, Judgement, TagFigures, Verdict, judge, second_look};
use poolgate::pool::{Counters, Key, Pool, Snapshot, Usage};
use poolgate::random::{STEP, split_mix};
use poolgate::record::{BlockPause, Header, KernelReport, Mark, Recorder, Recording, SampleInfo, SecondLook, Stage};
use poolgate::scenario::{self, Scenario};

/// The progress of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Now {
    /// Number of slots so far, including those at rest.
    pub(crate) slot: u64,
    /// Iterations of work done, in halves at half speed.
    pub(crate) work: f64,
    /// Whether the workload ran in this slot.
    pub(crate) working: bool,
    pub(crate) stage: Option<Stage>,
}

type Missing = Box<dyn Fn(u64) -> bool>;
type Figures = Box<dyn Fn(Now) -> Option<Usage>>;

/// A machine and its run.
pub(crate) struct Machine {
    scenario: String,
    iterations: u64,
    tags: Vec<(Key, Figures)>,
    time: bool,
    missing: Missing,
    kernel: Option<KernelReport>,
}

/// The result of a run.
pub(crate) struct Ran {
    pub(crate) judgement: Judgement,
    pub(crate) plans: Vec<SecondLook>,
}

/// Objects of 64 bytes in use.
pub(crate) fn live(objects: f64) -> Option<Usage> {
    let objects = objects as u64;
    Some(Usage { allocs: objects, frees: 0, bytes: objects * 64 })
}

/// Noise from 0 to `most`, the same for every call with the same place.
pub(crate) fn noise(place: u64, most: u64) -> f64 {
    (split_mix(&mut place.wrapping_mul(STEP)) % (most + 1)) as f64
}

/// A run of `iterations` iterations, judged by `thresholds`.
pub(crate) fn machine(iterations: u64, thresholds: &str) -> Machine {
    Machine {
        scenario: thresholds.to_owned(),
        iterations,
        tags: Vec::new(),
        time: true,
        missing: Box::new(|_| false),
        kernel: None,
    }
}

impl Machine {
    /// Adds a tag of the nonpaged pool with a known number of objects in use.
    pub(crate) fn tag(self, tag: &str, figures: impl Fn(Now) -> Option<Usage> + 'static) -> Machine {
        self.counted(tag, Counters::InUse, figures)
    }

    pub(crate) fn counted(
        self,
        tag: &str,
        counters: Counters,
        figures: impl Fn(Now) -> Option<Usage> + 'static,
    ) -> Machine {
        self.keyed(Key::new(tag.parse().unwrap(), Pool::Nonpaged, counters), figures)
    }

    /// Adds a row of any pool.
    pub(crate) fn keyed(mut self, key: Key, figures: impl Fn(Now) -> Option<Usage> + 'static) -> Machine {
        self.tags.push((key, Box::new(figures)));
        self
    }

    /// Ends the run with a report of the kernel.
    pub(crate) fn reporting(self, report: KernelReport) -> Machine {
        Machine { kernel: Some(report), ..self }
    }

    /// Takes no sample in these slots.
    pub(crate) fn missing(self, slots: std::ops::Range<u64>) -> Machine {
        self.missing_if(move |slot| slots.contains(&slot))
    }

    /// Takes no sample in slots for which `missing` is true; the first slot is 1.
    pub(crate) fn missing_if(self, missing: impl Fn(u64) -> bool + 'static) -> Machine {
        Machine { missing: Box::new(missing), ..self }
    }

    /// Leaves no time for a second look, as if `time_limit` were over.
    pub(crate) fn without_time(self) -> Machine {
        Machine { time: false, ..self }
    }

    /// Measures and judges.
    pub(crate) fn run(self) -> Ran {
        self.run_with("").0
    }

    /// Measures and judges with further keys of the scenario; also returns the recording.
    pub(crate) fn run_with(self, keys: &str) -> (Ran, Recording, Scenario) {
        let (bytes, scenario, plans) = self.measured(keys);
        let recording = Recording::from_bytes(bytes).unwrap();
        let judgement = judge(&scenario, &recording).unwrap();
        (Ran { judgement, plans }, recording, scenario)
    }

    /// Measures, and returns the bytes of the recording.
    pub(crate) fn recorded(self, keys: &str) -> (Vec<u8>, Scenario) {
        let (bytes, scenario, _) = self.measured(keys);
        (bytes, scenario)
    }

    fn measured(self, keys: &str) -> (Vec<u8>, Scenario, Vec<SecondLook>) {
        let text = format!(
            "scenario: evidence\nworkload: {{ run: work, iterations: {}{} }}\n\
             sampling: {{ every: 1 s, settle: 0 s, lead_in: 10 s, cool_down: 10 s }}\n{}\nthresholds:\n{}",
            self.iterations,
            keys.strip_prefix("pause: ").map_or(String::new(), |pause| format!(", pause: {pause}")),
            if keys.starts_with("pause: ") { "" } else { keys },
            self.scenario
        );
        let scenario = scenario::parse("evidence.yaml", text.as_bytes()).unwrap().scenario;
        let mut run = Run::begin(self.missing);
        run.stage(Stage::LeadIn);
        run.slots(&self.tags, 10, 0.0);
        run.stage(Stage::Workload);
        run.slots(&self.tags, self.iterations, 1.0);
        run.stage(Stage::CoolDown);
        run.slots(&self.tags, 10, 0.0);
        let mut plans = Vec::new();
        while let Some(plan) = run.plan(&scenario, plans.len() as u64).filter(|_| self.time) {
            run.look(&self.tags, &plan);
            plans.push(plan);
        }
        (run.finish(self.kernel), scenario, plans)
    }
}

impl Ran {
    pub(crate) fn verdict(&self) -> Verdict {
        self.judgement.rulings[0].verdict
    }

    /// The first finding of the first threshold.
    pub(crate) fn finding(&self) -> &Finding {
        &self.judgement.rulings[0].findings[0]
    }

    pub(crate) fn figures(&self, tag: &str) -> &TagFigures {
        self.judgement.tags.iter().find(|figures| figures.key.tag.as_str() == tag).unwrap()
    }
}

struct Run {
    _folder: tempfile::TempDir,
    path: PathBuf,
    recorder: Recorder,
    snapshot: Snapshot,
    now: Now,
    missing: Missing,
}

impl Run {
    fn begin(missing: Missing) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("recording.pgr");
        let header = Header::new("evidence", "evidence", "a test");
        let recorder = Recorder::create(&path, &header).unwrap();
        Run { _folder: folder, path, recorder, snapshot: Snapshot::new(), now: Now::default(), missing }
    }

    fn at(&self) -> Duration {
        Duration::from_secs(self.now.slot)
    }

    fn mark(&mut self, mark: &Mark) {
        self.recorder.mark(self.at(), mark).unwrap();
    }

    fn stage(&mut self, stage: Stage) {
        self.now.stage = Some(stage);
        self.mark(&Mark::Stage(stage));
    }

    /// Runs `count` slots with `work` iterations each.
    fn slots(&mut self, tags: &[(Key, Figures)], count: u64, work: f64) {
        for _ in 0..count {
            self.now.slot += 1;
            self.now.work += work;
            self.now.working = work > 0.0;
            if work > 0.0 {
                self.mark(&Mark::Iteration(self.now.work as u64));
            }
            if (self.missing)(self.now.slot) {
                self.mark(&Mark::Gap { because: "a test".to_owned() });
                continue;
            }
            self.snapshot.clear();
            for (key, figures) in tags {
                if let Some(usage) = figures(self.now) {
                    let row = self.snapshot.row(key.clone());
                    self.snapshot.set(row, Some(usage));
                }
            }
            let info = SampleInfo { at: self.at(), settled: true, missed: 0 };
            self.recorder.sample(info, &self.snapshot).unwrap();
        }
    }

    fn plan(&mut self, scenario: &Scenario, seed: u64) -> Option<SecondLook> {
        self.recorder.sync().unwrap();
        second_look(scenario, &Recording::open(&self.path).unwrap(), seed).unwrap()
    }

    fn look(&mut self, tags: &[(Key, Figures)], plan: &SecondLook) {
        self.mark(&Mark::SecondLook(plan.clone()));
        self.stage(Stage::SecondLook);
        self.mark(&Mark::Block { number: 0, work: true });
        self.slots(tags, plan.lead, 1.0);
        for (number, work) in (1..).zip(&plan.order) {
            self.mark(&Mark::Block { number, work: *work });
            let speed = match (work, plan.pause) {
                (true, _) => 1.0,
                (false, BlockPause::HalfSpeed) => 0.5,
                (false, BlockPause::Idle | BlockPause::Never) => 0.0,
            };
            self.slots(tags, plan.slots, speed);
        }
    }

    fn finish(mut self, kernel: Option<KernelReport>) -> Vec<u8> {
        self.now.stage = Some(Stage::Teardown);
        let at = self.at();
        self.recorder.mark(at, &Mark::Stage(Stage::Teardown)).unwrap();
        kernel.into_iter().for_each(|report| self.recorder.mark(at, &Mark::Kernel(report)).unwrap());
        self.recorder.finish(at).unwrap();
        fs_err::read(&self.path).unwrap()
    }
}
