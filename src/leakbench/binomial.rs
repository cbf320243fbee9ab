//! The confidence interval for the probability of rare events: the exact one of Clopper and Pearson (Biometrika 26,
//! 1934).
//!
//! The upper end is the largest probability under which so few events still have a chance of 2.5 %. It is found by
//! bisection on the binomial distribution itself, so no beta function is needed, and no crate for one.

/// The probability beyond each end.
const TAIL: f64 = 0.025;

/// The upper end of the 95 % interval of a probability, after `events` in `trials`.
pub(super) fn upper(events: u64, trials: u64) -> f64 {
    if events >= trials {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if at_most(events, trials, middle) > TAIL { low = middle } else { high = middle }
    }
    high
}

/// The probability of at most `events` events.
fn at_most(events: u64, trials: u64, probability: f64) -> f64 {
    let (hit, miss) = (probability.ln(), (1.0 - probability).ln());
    let mut term = trials as f64 * miss;
    let mut sum = term.exp();
    for event in 1..=events {
        term += ((trials - event + 1) as f64 / event as f64).ln() + hit - miss;
        sum += term.exp();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_clopper_and_pearson() {
        // The 0.975 quantile of the beta distribution with k + 1 and n − k, from SciPy.
        for (events, trials, expected) in [
            (0, 10, 0.308_497),
            (1, 10, 0.445_016),
            (5, 10, 0.812_914),
            (10, 10, 1.0),
            (0, 1100, 0.003_348),
            (3, 400, 0.021_761),
        ] {
            let found = upper(events, trials);
            assert!((found - expected).abs() < 1e-6, "{events}/{trials}: {found}");
        }
    }
}
