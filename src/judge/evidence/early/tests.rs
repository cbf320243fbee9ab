//! The interval of a few samples: computed by hand, and its coverage of the true rate.

use super::*;
use crate::random::split_mix;

fn even(values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(at, value)| (at as f64, *value)).collect()
}

#[test]
fn the_interval_is_that_of_the_mean_increment() {
    // Increments 10, 30 and 20: mean 20, s 10, and t of 2 degrees of freedom.
    let found = interval(&even(&[0.0, 10.0, 40.0, 60.0]), 0.001).unwrap();
    let half = 4.303 * 10.0 / 3f64.sqrt();
    assert!((found.rate - 20.0).abs() < 1e-9 && (found.high - 20.0 - half).abs() < 1e-9, "{found:?}");
}

#[test]
fn an_interval_that_is_twice_as_long_counts_for_two() {
    let found = interval(&[(0.0, 0.0), (1.0, 10.0), (3.0, 30.0), (4.0, 40.0)], 1e-12).unwrap();
    assert!((found.rate - 10.0).abs() < 1e-9 && found.high - found.low < 1e-3, "{found:?}");
}

#[test]
fn flat_data_may_still_hide_less_than_four_objects() {
    let found = interval(&even(&[64.0; 5]), 64.0).unwrap();
    assert_eq!((found.rate, found.high), (0.0, UNSEEN * 64.0 / 4.0));
}

#[test]
fn an_exactly_even_series_is_as_uncertain_as_its_objects_are() {
    let found = interval(&even(&[0.0, 400.0, 800.0, 1200.0, 1600.0]), 4.0).unwrap();
    // 100 objects in each interval: s is half of 10 objects.
    let half = 3.182 * 5.0 * 4.0 / 2.0;
    assert!((found.high - 400.0 - half).abs() < 1e-9, "{found:?}");
}

#[test]
fn three_instants_are_needed() {
    assert_eq!(interval(&even(&[0.0, 5.0]), 1.0), None);
    assert_eq!(interval(&[(0.0, 0.0), (0.0, 5.0), (1.0, 9.0)], 1.0), None);
    assert!(interval(&[(0.0, 0.0), (0.0, 5.0), (1.0, 9.0), (2.0, 9.0)], 1.0).is_some());
}

struct TestRandom(u64);

impl TestRandom {
    fn uniform(&mut self) -> f64 {
        (split_mix(&mut self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    fn poisson(&mut self, mean: f64) -> f64 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0.0);
        while product > limit {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }
}

const SERIES: usize = 4000;

/// The share of series with the true rate (10 per interval) in their interval. Their objects have `size`.
fn coverage(samples: usize, size: f64, mut level: impl FnMut(&mut TestRandom, f64, f64) -> (f64, f64)) -> f64 {
    let mut random = TestRandom(7 + samples as u64);
    let covered = (0..SERIES).filter(|_| {
        let (mut state, mut values) = (0.0, Vec::new());
        for at in 0..samples {
            let (next, shown) = level(&mut random, state, at as f64);
            state = next;
            values.push((at as f64, shown));
        }
        interval(&values, size).is_some_and(|found| found.low <= 10.0 && 10.0 <= found.high)
    });
    covered.count() as f64 / SERIES as f64
}

#[test]
fn intervals_cover_the_rate_as_often_as_documented() {
    // A sampling error of 4000 series is 0.35 %.
    for samples in [3, 5, 10, 20, 36] {
        let walk = coverage(samples, 1e-6, |random, state, _| {
            let next = state + 10.0 + 8.0 * random.normal();
            (next, next)
        });
        let poisson = coverage(samples, 1.0, |random, state, _| {
            let next = state + random.poisson(10.0);
            (next, next)
        });
        let noisy = coverage(samples, 1e-6, |random, _, at| (0.0, 10.0 * at + 20.0 * random.normal()));
        // Successive increments resemble each other: bursts and pauses last for several samples.
        let mut burst = 0.0;
        let bursts = coverage(samples, 1e-6, |random, state, at| {
            burst = if at == 0.0 { 10.0 * random.normal() } else { 0.6 * burst + 8.0 * random.normal() };
            let next = state + 10.0 + burst;
            (next, next)
        });
        println!("{samples:>3} samples: walk {walk:.3}, Poisson {poisson:.3}, noise {noisy:.3}, bursts {bursts:.3}");
        assert!((walk - 0.95).abs() < 0.012, "{samples}: random walk {walk}");
        assert!(poisson > 0.93, "{samples}: Poisson {poisson}");
        assert!(noisy > 0.955, "{samples}: noise {noisy}");
        assert!(bursts < 0.95, "{samples}: bursts {bursts}");
    }
}
