//! The samples of a stage at rest, in bounded memory for any length of rest.

use super::troughs::Trough;

/// Samples at rest, in the order taken: all of them as long as they are few, else one of every two, four, eight….
#[derive(Debug, Clone)]
pub struct RestSamples {
    kept: Vec<Trough>,
    every: u32,
    passed: u32,
}

/// The most samples kept of one stage.
const MOST: usize = 32;

impl Default for RestSamples {
    fn default() -> RestSamples {
        RestSamples { kept: Vec::new(), every: 1, passed: 0 }
    }
}

impl RestSamples {
    /// Adds a sample taken at rest.
    pub fn push(&mut self, sample: Trough) {
        self.passed += 1;
        if self.passed < self.every {
            return;
        }
        self.passed = 0;
        if self.kept.len() == MOST {
            self.passed = self.every;
            self.every *= 2;
            let mut at = 0;
            // Keeps the later of two, so that the newest sample is always kept.
            self.kept.retain(|_| {
                at += 1;
                at % 2 == 0
            });
            return;
        }
        if self.kept.len() == self.kept.capacity() {
            self.kept.reserve_exact(self.kept.len().max(MOST / 4));
        }
        self.kept.push(sample);
    }

    /// The kept samples, oldest first.
    pub fn samples(&self) -> &[Trough] {
        &self.kept
    }

    /// The sum of two tags at rest: sample by sample if both have the same number of samples, else by their lowest.
    pub(super) fn plus(&self, other: &RestSamples) -> RestSamples {
        if self.kept.len() == other.kept.len() {
            let pairs = self.kept.iter().zip(&other.kept);
            return RestSamples { kept: pairs.map(|(one, other)| one.plus(*other)).collect(), ..*self };
        }
        let lowest = |rest: &RestSamples| rest.lowest_late().unwrap_or_default();
        RestSamples { kept: vec![lowest(self).plus(lowest(other))], ..*self }
    }

    /// The lowest trough of the late half.
    pub fn lowest_late(&self) -> Option<Trough> {
        self.kept[self.kept.len() / 2..].iter().copied().reduce(Trough::lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_rest_is_thinned_evenly() {
        let mut rest = RestSamples::default();
        (0..1000).for_each(|value| rest.push(Trough { objects: value, ..Trough::default() }));
        let kept: Vec<i64> = rest.samples().iter().map(|sample| sample.objects).collect();
        assert!(kept.len() > MOST / 2 && kept.len() <= MOST, "{kept:?}");
        assert!(kept.windows(2).all(|pair| pair[1] - pair[0] == kept[1] - kept[0]), "{kept:?}");
        assert!(rest.lowest_late().unwrap().objects > 400);
    }
}
