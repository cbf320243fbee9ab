//! Random numbers of several distributions, from [`split_mix`] seeded with FNV-1a of a name.
//!
//! The whole history of a tag follows from the name `leakbench/v1/<family>/<index>`, so one tag can be examined again
//! without the millions before it. Sources: Fowler, Noll, Vo (FNV-1a), Box and Muller 1958 (normal), Knuth, TAOCP 2
//! (Poisson).

use std::f64::consts::TAU;

use crate::random::split_mix;

/// From this mean on, a Poisson number is drawn as a rounded normal one: off by less than a tenth of an object, and a
/// hundred times faster.
const LARGE: f64 = 16.0;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Random {
    state: u64,
    /// The second of each pair of normal numbers.
    spare: Option<f64>,
}

impl Random {
    /// The stream of `name`.
    pub(super) fn named(name: &str) -> Random {
        Random::seeded(fnv1a(name.as_bytes()))
    }

    /// The stream of a seed.
    pub(super) fn seeded(state: u64) -> Random {
        Random { state, spare: None }
    }

    /// The next 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        split_mix(&mut self.state)
    }

    /// Uniform from 0 to below 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether an event of this probability happens.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Uniform between two values.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Between two positive values, each order of magnitude as likely as any other.
    pub(super) fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.unit())
    }

    /// Normal, mean 0 and standard deviation 1.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let (sine, cosine) = (TAU * self.unit()).sin_cos();
        self.spare = Some(radius * sine);
        radius * cosine
    }

    /// A whole number from the Poisson distribution.
    pub(super) fn poisson(&mut self, mean: f64) -> f64 {
        if mean >= LARGE {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.unit(), 0.0);
        while product > limit {
            product *= self.unit();
            count += 1.0;
        }
        count
    }

    /// At least 1, with a heavy tail: for `shape` below 2 there is no variance.
    pub(super) fn pareto(&mut self, shape: f64) -> f64 {
        (1.0 - self.unit()).powf(-1.0 / shape)
    }
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_is_fnv_1a() {
        // The test vectors of the FNV authors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    /// Mean and variance of many draws.
    fn moments(mut draw: impl FnMut(&mut Random) -> f64) -> (f64, f64) {
        let mut random = Random::named("moments");
        let drawn: Vec<f64> = (0..40_000).map(|_| draw(&mut random)).collect();
        let mean = drawn.iter().sum::<f64>() / 40_000.0;
        (mean, drawn.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 40_000.0)
    }

    #[test]
    fn numbers_have_the_moments_of_their_distribution() {
        let close = |(mean, variance): (f64, f64), expected: (f64, f64)| {
            let error = (expected.1 / 40_000.0).sqrt() * 4.0;
            assert!((mean - expected.0).abs() < error, "mean {mean}, not {}", expected.0);
            assert!((variance / expected.1 - 1.0).abs() < 0.08, "variance {variance}, not {}", expected.1);
        };
        close(moments(Random::unit), (0.5, 1.0 / 12.0));
        close(moments(Random::normal), (0.0, 1.0));
        close(moments(|random| random.poisson(0.3)), (0.3, 0.3));
        close(moments(|random| random.poisson(7.0)), (7.0, 7.0));
        close(moments(|random| random.poisson(100.0)), (100.0, 100.0));
        close(moments(|random| random.magnitude(1.0, 100.0).log10()), (1.0, 1.0 / 3.0));
        close(moments(|random| random.pareto(10.0)), (10.0 / 9.0, 10.0 / (81.0 * 8.0)));
    }
}
