//! Does a series of troughs grow steadily, and how fast?
//!
//! The test is on increments of block minima, T = mean(d)·√n / s: increments keep their nominal level even under unit-root
//! noise, where a slope test does not. Guards then tell a leak from a cache that fills or a table that was trimmed. Cut-offs
//! and guards are those of judging.md, steps 2 to 4; the second look, which confirms a candidate, is to come.

use serde::Serialize;

use super::troughs::Trough;
use crate::scenario::Per;

/// So many samples are needed after the warm-up.
pub(super) const NEEDED: u64 = 36;
/// Fewer leaked objects than this cannot be told from chance by any rule here.
const VISIBLE_OBJECTS: f64 = 8.0;

/// How many blocks a number of samples is split into, the cut-off of T for that, and t₀.₉₇₅ for K − 2 degrees of freedom.
const PLANS: [(u64, usize, f64, f64); 3] = [(72, 24, 2.0, 2.074), (48, 16, 2.4, 2.145), (NEEDED, 12, 3.2, 2.228)];

/// What is known of a tag's growth with the workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Not enough samples after the warm-up.
    TooFew {
        /// Samples there are.
        samples: u64,
        /// Samples it takes.
        needed: u64,
    },
    /// The tag was not in the kernel's table all the time, so there is no series.
    Interrupted,
    /// The figures.
    Trend(Trend),
}

/// Growth with the workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// The growth is steady: T is over its cut-off and no guard failed. A candidate for a leak.
    pub growing: bool,
    /// The test statistic.
    pub t: f64,
    /// What T is held against.
    pub cut_off: f64,
    /// Guards which spoke against a leak.
    pub failed: Vec<Guard>,
    /// Bytes of one object, on average at the end; `None` when none was in use.
    pub object_size: Option<f64>,
    /// Bytes per sample.
    bytes: Interval,
    /// Objects per sample.
    objects: Interval,
    /// The smallest leak this series could have shown, objects per sample.
    smallest: f64,
    /// Iterations and hours per sample.
    pace: Pace,
}

/// An estimate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The estimate.
    pub rate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What spoke against a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// It grew by fewer than four objects.
    FewObjects,
    /// Not every quarter rose.
    NotEveryQuarter,
    /// The last rise is less than half of the first.
    SlowingDown,
    /// The end is not higher than everything before it.
    SeenBefore,
    /// More than half of the growth was given back in the cool-down.
    Released,
}

/// How far one sample is from the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Pace {
    /// Iterations a sample; `None` where none are counted.
    pub(super) iterations: Option<f64>,
    /// Hours a sample.
    pub(super) hours: f64,
}

/// A series' blocks after the warm-up, and what came before and after them.
pub(super) struct Growth<'a> {
    /// K troughs.
    pub(super) blocks: &'a [Trough],
    /// Samples a block.
    pub(super) each: u64,
    /// The highest trough of the warm-up.
    pub(super) warm_up: Option<Trough>,
    /// The lowest of the late cool-down.
    pub(super) after: Option<Trough>,
    pub(super) pace: Pace,
}

/// The number of blocks for so many samples; `None` when they are too few.
pub(super) fn blocks_for(samples: u64) -> Option<usize> {
    PLANS.iter().find(|(least, ..)| samples >= *least).map(|(_, blocks, ..)| *blocks)
}

impl Growth<'_> {
    /// Tests for steady growth and estimates its rate.
    pub(super) fn trend(&self) -> Trend {
        let (cut_off, quantile) = PLANS
            .iter()
            .find(|(_, blocks, ..)| *blocks == self.blocks.len())
            .map_or((f64::INFINITY, f64::INFINITY), |(_, _, cut_off, quantile)| (*cut_off, *quantile));
        let in_use = self.blocks.last().filter(|last| last.objects > 0 && last.bytes > 0);
        let object_size = in_use.map(|last| last.bytes as f64 / last.objects as f64);
        let unit = object_size.unwrap_or(1.0);

        // Bytes can grow while no object does (an object swapped for a larger one), so both are tested, in objects.
        let objects = self.look(|trough| trough.objects as f64);
        let bytes = self.look(|trough| trough.bytes as f64 / unit);
        let best = if bytes.t > objects.t && bytes.growing(cut_off) { &bytes } else { &objects };

        let each = self.each as f64;
        let smallest = (cut_off * best.deviation / best.root).max(VISIBLE_OBJECTS / self.blocks.len() as f64) / each;
        Trend {
            growing: best.growing(cut_off),
            t: best.t,
            cut_off,
            failed: best.failed.clone(),
            object_size,
            bytes: bytes.interval(quantile).times(unit / each),
            objects: objects.interval(quantile).times(1.0 / each),
            smallest,
            pace: self.pace,
        }
    }

    fn look(&self, value: impl Fn(&Trough) -> f64) -> Look {
        let m: Vec<f64> = self.blocks.iter().map(&value).collect();
        let d: Vec<f64> = m.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = mean(&d);
        let variance = d.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (d.len() as f64 - 1.0);
        // Objects come one at a time: even a perfectly even leak has a block with one more and one with one less.
        let floor = 0.25 * mean.max(0.0);
        let deviation = variance.max(floor).sqrt();
        let root = (d.len() as f64).sqrt();
        let t = if deviation > 0.0 { mean * root / deviation } else { 0.0 };
        let failed = self.guards(&m, self.warm_up.as_ref().map(&value), self.after.as_ref().map(&value));
        Look { slope: slope(&m), deviation, root, t, failed }
    }

    fn guards(&self, m: &[f64], warm_up: Option<f64>, after: Option<f64>) -> Vec<Guard> {
        let quarters: Vec<f64> = m.chunks(m.len() / 4).map(mean).collect();
        let rises: Vec<f64> = quarters.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (first, last) = (m.first().copied().unwrap_or_default(), m.last().copied().unwrap_or_default());
        let highest = m[..m.len() - m.len() / 4].iter().copied().chain(warm_up).fold(f64::NEG_INFINITY, f64::max);
        let checks = [
            (Guard::FewObjects, last - first < 4.0),
            (Guard::NotEveryQuarter, rises.iter().any(|rise| *rise <= 0.0)),
            (Guard::SlowingDown, rises.last() < rises.first().map(|rise| rise / 2.0).as_ref()),
            (Guard::SeenBefore, quarters.last().is_none_or(|end| *end <= highest)),
            (Guard::Released, after.is_some_and(|after| last - after > (last - first) / 2.0)),
        ];
        checks.into_iter().filter(|(_, failed)| *failed).map(|(guard, _)| guard).collect()
    }
}

/// One statistic's view of the blocks, in objects a block.
struct Look {
    slope: f64,
    deviation: f64,
    root: f64,
    t: f64,
    failed: Vec<Guard>,
}

impl Look {
    fn growing(&self, cut_off: f64) -> bool {
        self.t >= cut_off && self.failed.is_empty()
    }

    fn interval(&self, quantile: f64) -> Interval {
        let half = quantile * self.deviation / self.root;
        Interval { rate: self.slope, low: self.slope - half, high: self.slope + half }
    }
}

impl Interval {
    fn times(self, factor: f64) -> Interval {
        Interval { rate: self.rate * factor, low: self.low * factor, high: self.high * factor }
    }
}

impl Trend {
    /// Bytes per iteration or hour; `None` where no iterations are counted.
    pub fn bytes(&self, per: Per) -> Option<Interval> {
        Some(self.bytes.times(self.pace.samples(per)?))
    }

    /// Objects per iteration or hour; `None` where no iterations are counted.
    pub fn objects(&self, per: Per) -> Option<Interval> {
        Some(self.objects.times(self.pace.samples(per)?))
    }

    /// The smallest leak this run could have seen, objects per iteration or hour.
    pub fn smallest(&self, per: Per) -> Option<f64> {
        Some(self.smallest * self.pace.samples(per)?)
    }

    /// What rates of this run are best given per: iterations where they are counted.
    pub fn natural(&self) -> Per {
        if self.pace.iterations.is_some() { Per::Iteration } else { Per::Hour }
    }
}

impl Pace {
    /// Samples an iteration or an hour.
    fn samples(self, per: Per) -> Option<f64> {
        match per {
            Per::Iteration => self.iterations.map(|iterations| 1.0 / iterations),
            Per::Hour => Some(1.0 / self.hours),
        }
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Ordinary least squares of the values on their places.
fn slope(values: &[f64]) -> f64 {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let level = mean(values);
    let places = (0..values.len()).map(|place| place as f64 - middle);
    let (products, squares) = places.zip(values).fold((0.0, 0.0), |(products, squares), (place, value)| {
        (products + place * (value - level), squares + place * place)
    });
    products / squares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(objects: impl Fn(i64) -> i64) -> Trend {
        let blocks: Vec<Trough> = (0..24).map(|at| Trough { objects: objects(at), bytes: objects(at) * 100 }).collect();
        let pace = Pace { iterations: Some(1.0), hours: 0.001 };
        Growth { blocks: &blocks, each: 10, warm_up: Some(blocks[0]), after: Some(blocks[23]), pace }.trend()
    }

    #[test]
    fn a_steady_leak_is_found_with_its_rate() {
        let trend = trend(|at| 500 + at * 10);
        assert!(trend.growing, "{trend:?}");
        let bytes = trend.bytes(Per::Iteration).unwrap();
        assert!((bytes.rate - 100.0).abs() < 1.0 && bytes.low < 100.0 && bytes.high > 100.0, "{bytes:?}");
        assert!((trend.objects(Per::Hour).unwrap().rate - 1000.0).abs() < 10.0);
    }

    #[test]
    fn what_does_not_grow_is_no_candidate_and_says_why() {
        assert_eq!(trend(|_| 500).failed, [Guard::FewObjects, Guard::NotEveryQuarter, Guard::SeenBefore]);
        assert!(trend(|at| 500 + at / 10).failed.contains(&Guard::FewObjects));
        assert!(trend(|at| 500 + at % 6 * 40).failed.contains(&Guard::SeenBefore));
        assert!(trend(|at| 1000 - 500 / (at + 1)).failed.contains(&Guard::SlowingDown));
        assert!(!trend(|at| if at < 12 { 500 } else { 600 }).growing);
    }

    #[test]
    fn what_is_given_back_in_the_cool_down_is_no_leak() {
        let blocks: Vec<Trough> = (0..24).map(|at| Trough { objects: at * 10, bytes: at * 1000 }).collect();
        let after = Some(Trough { objects: 20, bytes: 2000 });
        let pace = Pace { iterations: None, hours: 0.001 };
        let trend = Growth { blocks: &blocks, each: 10, warm_up: None, after, pace }.trend();
        assert_eq!((trend.growing, trend.failed.as_slice()), (false, [Guard::Released].as_slice()));
        assert_eq!(trend.bytes(Per::Iteration), None);
    }

    #[test]
    fn a_constant_added_to_all_samples_changes_nothing() {
        let low = trend(|at| 10 + at * 3 + at % 3);
        let high = trend(|at| 1_000_010 + at * 3 + at % 3);
        assert_eq!((low.growing, low.t, low.objects), (high.growing, high.t, high.objects));
    }
}
