//! The rules in use today, to be measured beside poolgate's: those of scripts around PoolMon, `UMDH` and slabtop.
//!
//! They get the most favourable conditions: growth is taken between two samples at rest, and the slope leaves out the
//! warm-up.

/// The names of the rules in the table.
pub(super) const NAMES: [&str; 4] = ["> 64 KiB", "> 10 %", "10 looks", "OLS slope"];

/// A rule raises its alarm above this score. For the slope it is the normal quantile of 1 % shared among 3,000 tags.
/// With independent samples that would give one false alarm in a hundred runs.
const CUT_OFFS: [f64; 4] = [65536.0, 10.0, 0.5, 4.50];

/// The scores of one tag under each rule; higher means more of a leak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scores(pub(super) [f64; 4]);

impl Scores {
    /// Scores of a tag with `before` and `after` bytes at rest, and these bytes in the samples of the workload.
    pub(super) fn new(before: f64, after: f64, workload: &[f64]) -> Scores {
        let growth = after - before;
        let looks: Vec<f64> =
            (1..=10).filter_map(|look| workload.get(workload.len() * look / 10 - 1)).copied().collect();
        let monotone = looks.len() == 10 && looks.windows(2).all(|pair| pair[1] > pair[0]);
        let judged = &workload[workload.len() / 5..];
        Scores([growth, 100.0 * growth / before.max(1.0), f64::from(u8::from(monotone)), slope_t(judged)])
    }

    /// Whether each rule raises an alarm.
    pub(super) fn alarms(&self) -> [bool; 4] {
        std::array::from_fn(|rule| self.0[rule] > CUT_OFFS[rule])
    }
}

/// The textbook t of an ordinary least squares slope.
fn slope_t(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, values.iter().sum::<f64>() / n);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (place, value) in values.iter().enumerate() {
        let (x, y) = (place as f64 - middle, value - mean);
        (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
    }
    let residual = (yy - xy * xy / xx).max(0.0) / (n - 2.0);
    if yy <= 0.0 { 0.0 } else { xy / xx / (residual / xx).sqrt().max(1e-12) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_finds_its_own_kind_of_leak() {
        let rising: Vec<f64> = (0..100).map(|at| 1e6 + f64::from(at) * 1024.0 + f64::from(at % 3)).collect();
        assert_eq!(Scores::new(1e6, 1e6 + 1024.0 * 100.0, &rising).alarms(), [true, true, true, true]);
        let flat: Vec<f64> = (0..100).map(|at| 1e6 + f64::from(at % 7)).collect();
        assert_eq!(Scores::new(1e6, 1e6, &flat).alarms(), [false; 4]);
        assert_eq!(Scores::new(1e6, 1e6, &[5.0; 100]).0[3], 0.0);
    }

    #[test]
    fn the_slope_statistic_is_the_textbooks() {
        // x = 0..5, y = 1, 3, 2, 5, 4: slope 0.8, residual variance 1.2, t = 0.8 / √(1.2 / 10).
        assert!((slope_t(&[1.0, 3.0, 2.0, 5.0, 4.0]) - 0.8 / 0.12f64.sqrt()).abs() < 1e-9);
    }
}
