//! One pass through a recording: for each tag its levels at rest and its troughs under the workload.
//!
//! A tag's rows before it first appears count as zero, as a kernel lists every tag which ever allocated. A tag that
//! disappears again (its driver's cache was destroyed) has no series any more, and says so.

use std::time::Duration;

use super::JudgeError;
use super::level::{Levels, settled};
use super::overflow::Overflow;
use super::trend::{Evidence, Growth, NEEDED, Pace, blocks_for};
use super::troughs::{Trough, Troughs};
use crate::pool::{Key, Pool, Usage};
use crate::record::{Event, Mark, Recording, SampleInfo, Stage};
use crate::scenario::{Plan, Scenario, Subject, WarmUp};

/// The warm-up when the scenario gives none: this share of the samples, and at least so many.
const WARM_UP_SHARE: u64 = 5;
const WARM_UP_LEAST: u64 = 20;

/// What a recording says, tag by tag.
pub(super) struct Measured {
    keys: Vec<Key>,
    series: Vec<Series>,
    totals: Vec<(Pool, Series)>,
    /// When each sample of the workload was taken, and how many iterations were complete.
    work: Vec<(Duration, u64)>,
    /// Settled samples of lead-in and cool-down.
    rested: (u64, u64),
    stage: Option<Stage>,
    began: Duration,
    iterations: u64,
    settled_only: bool,
    gaps: u64,
    missed: u64,
    damaged: u64,
    overflow: Overflow,
}

/// One tag's, or one pool's, figures.
#[derive(Clone)]
pub(super) struct Series {
    before: Vec<Trough>,
    work: Troughs,
    after: Vec<Trough>,
    vanished: bool,
}

/// Reads the whole recording.
pub(super) fn read(scenario: &Scenario, recording: &Recording) -> Result<Measured, JudgeError> {
    let mut measured = Measured {
        keys: Vec::new(),
        series: Vec::new(),
        totals: Vec::new(),
        work: Vec::new(),
        rested: (0, 0),
        stage: None,
        began: Duration::ZERO,
        iterations: 0,
        // Samples taken in the middle of an iteration show what is in flight, not what is left.
        settled_only: matches!(scenario.workload.plan, Plan::Iterations { .. }),
        gaps: 0,
        missed: 0,
        damaged: 0,
        overflow: Overflow::default(),
    };
    let mut finished = false;
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, snapshot } => measured.sample(info, snapshot.keys(), snapshot.usages()),
            Event::Mark { at, mark: Mark::Stage(stage) } => (measured.stage, measured.began) = (Some(stage), at),
            Event::Mark { mark: Mark::Iteration(iterations), .. } => measured.iterations = iterations,
            Event::Mark { mark: Mark::Gap { .. }, .. } => measured.gaps += 1,
            Event::Mark { mark: Mark::SecondLook(_) | Mark::Block { .. }, .. } => {}
            Event::Damaged { .. } => measured.damaged += 1,
            Event::End { .. } => finished = true,
        }
    }
    match (finished, measured.work.is_empty()) {
        (false, _) => Err(JudgeError::Unfinished),
        (true, true) => Err(JudgeError::NotMeasured),
        (true, false) => Ok(measured),
    }
}

impl Measured {
    fn sample(&mut self, info: SampleInfo, keys: &[Key], usages: &[Option<Usage>]) {
        self.missed += u64::from(info.missed);
        self.overflow.sample(keys, usages);
        let Some(stage) = self.stage else { return };
        let counts = match stage {
            Stage::LeadIn | Stage::CoolDown => info.settled,
            Stage::Workload => info.settled || !self.settled_only,
            Stage::SecondLook | Stage::Teardown => false,
        };
        if !counts {
            return;
        }
        for key in &keys[self.keys.len()..] {
            self.keys.push(key.clone());
            self.series.push(Series::appearing_after(self.work.len() as u64));
        }
        let mut totals = Pool::ALL.map(|pool| (pool, None::<Trough>));
        for ((key, usage), series) in self.keys.iter().zip(usages).zip(&mut self.series) {
            let figures = usage.map(|usage| Trough { objects: key.live(usage), bytes: usage.bytes as i64 });
            series.sample(stage, figures);
            let total = totals.iter_mut().find(|(pool, _)| Subject::Total(*pool).means(key));
            if let (Some((_, total)), Some(figures)) = (total, figures) {
                *total = Some(total.unwrap_or_default().plus(figures));
            }
        }
        for (pool, total) in totals.into_iter().filter_map(|(pool, total)| Some((pool, total?))) {
            self.total(pool).sample(stage, Some(total));
        }
        match stage {
            Stage::LeadIn => self.rested.0 += 1,
            Stage::Workload => self.work.push((info.at - self.began.min(info.at), self.iterations)),
            Stage::CoolDown => self.rested.1 += 1,
            Stage::SecondLook | Stage::Teardown => {}
        }
    }

    fn total(&mut self, pool: Pool) -> &mut Series {
        let samples = self.work.len() as u64;
        let place = self.totals.iter().position(|(known, _)| *known == pool).unwrap_or_else(|| {
            self.totals.push((pool, Series::appearing_after(samples)));
            self.totals.len() - 1
        });
        &mut self.totals[place].1
    }

    /// Every tag with its series.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&Key, &Series)> {
        self.keys.iter().zip(&self.series)
    }

    /// A pool's total.
    pub(super) fn total_of(&self, pool: Pool) -> Option<&Series> {
        self.totals.iter().find(|(known, _)| *known == pool).map(|(_, series)| series)
    }

    /// The number of workload samples which are warm-up.
    pub(super) fn warm_up(&self, scenario: &Scenario) -> u64 {
        let samples = self.work.len() as u64;
        let first = |late_enough: &dyn Fn(&(Duration, u64)) -> bool| {
            self.work.iter().position(late_enough).map_or(samples, |place| place as u64)
        };
        match scenario.workload.warm_up {
            None => (samples / WARM_UP_SHARE).max(WARM_UP_LEAST),
            Some(WarmUp::Iterations(count)) => first(&|(_, iterations)| *iterations > count),
            Some(WarmUp::Time(length)) => first(&|(at, _)| *at >= length.as_std()),
        }
    }

    /// Settled levels before and after; `None` when the machine was not sampled at rest, or the tag disappeared.
    pub(super) fn levels(&self, series: &Series) -> Option<Levels> {
        if series.vanished || self.rested.0 == 0 || self.rested.1 == 0 {
            return None;
        }
        let bytes = |samples: &[Trough]| settled(samples.iter().map(|sample| sample.bytes as u64));
        let objects = |samples: &[Trough]| settled(samples.iter().map(|sample| sample.objects));
        Some(Levels {
            // A tag without a sample in a lead-in that has samples appeared later: it held nothing before.
            bytes_before: bytes(&series.before).unwrap_or(0),
            bytes_after: bytes(&series.after)?,
            objects_before: objects(&series.before).unwrap_or(0),
            objects_after: objects(&series.after)?,
        })
    }

    /// What a series says of growth with the workload, `warm_up` samples left out.
    pub(super) fn evidence(&self, series: &Series, warm_up: u64) -> Evidence {
        if series.vanished {
            return Evidence::Interrupted;
        }
        let samples = (self.work.len() as u64).saturating_sub(warm_up);
        let too_few = Evidence::TooFew { samples, needed: NEEDED };
        let Some(blocks) = blocks_for(samples) else { return too_few };
        let Some((troughs, each)) = series.work.split(warm_up, blocks) else { return too_few };
        let growth = Growth {
            blocks: &troughs,
            each,
            warm_up: series.work.highest_before(warm_up, each),
            after: lowest_late(&series.after),
            pace: self.pace(warm_up as usize),
        };
        Evidence::Trend(growth.trend())
    }

    /// The average pace after the warm-up.
    fn pace(&self, warm_up: usize) -> Pace {
        let (Some(first), Some(last)) = (self.work.get(warm_up), self.work.last()) else {
            return Pace { iterations: None, hours: f64::NAN };
        };
        let steps = (self.work.len() - 1 - warm_up).max(1) as f64;
        let iterations = Some((last.1 - first.1) as f64 / steps).filter(|iterations| *iterations > 0.0);
        Pace { iterations, hours: (last.0 - first.0).as_secs_f64() / 3600.0 / steps }
    }

    /// What a reader should know of the recording.
    pub(super) fn notes(&self) -> Vec<String> {
        let notes = [
            (self.gaps, "samples could not be read and are missing"),
            (self.missed, "ticks of the sampling clock passed without a sample"),
            (self.damaged, "places of the recording are damaged; what stood there is missing"),
        ];
        let counted = notes.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        counted.chain(self.overflow.note()).collect()
    }
}

impl Series {
    fn appearing_after(samples: u64) -> Series {
        Series { before: Vec::new(), work: Troughs::after_nothing(samples), after: Vec::new(), vanished: false }
    }

    fn sample(&mut self, stage: Stage, figures: Option<Trough>) {
        let Some(figures) = figures else {
            self.vanished = true;
            return;
        };
        match stage {
            Stage::LeadIn => self.before.push(figures),
            Stage::Workload => self.work.push(figures),
            Stage::CoolDown => self.after.push(figures),
            Stage::SecondLook | Stage::Teardown => {}
        }
    }
}

/// The lowest of the late half.
fn lowest_late(samples: &[Trough]) -> Option<Trough> {
    samples[samples.len() / 2..].iter().copied().reduce(Trough::lower)
}
