//! Tests whether the workload causes the growth, exactly over all orders in which the blocks could have been drawn.
//!
//! The troughs of half-blocks are regressed on the state (work or rest) and on the work done so far, whitened by an
//! AR(1) coefficient that is estimated without knowledge of the order. The statistic is the weight of the work done. p
//! is the share of all orders with a statistic at least as large as that of the drawn order: exact for any noise.

/// The possible autocorrelations. A few fixed ones keep the estimate from following the noise.
const GRID: [f64; 5] = [0.0, 0.4, 0.7, 0.9, 1.0];
/// Statistics that differ by less are equal but for rounding.
const EQUAL: f64 = 1e-9;

/// The order of the blocks, and the division of their troughs.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// For each block, whether the workload ran in it.
    pub order: &'a [bool],
    /// The number of troughs in each block of the order.
    pub parts: usize,
    /// The number of slots that each trough covers.
    pub slots: f64,
}

/// How much of the growth the workload causes.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// The autocorrelation taken out.
    pub phi: f64,
    /// The test statistic of the order that was run.
    pub t: f64,
    /// Growth that the workload causes, per slot.
    pub rate: f64,
    /// The standard error of `rate`.
    pub error: f64,
    /// The share of orders with a statistic at least as large.
    pub p: f64,
    /// The statistic of every order.
    pub all: Vec<f64>,
}

/// Attributes the growth of `troughs` (those of the blocks' parts, in order). `None` if their number does not match
/// `labels`, or if all blocks are the same.
pub fn attribution(troughs: &[f64], labels: Labels<'_>) -> Option<Attribution> {
    let working = labels.order.iter().filter(|work| **work).count();
    if troughs.len() != labels.order.len() * labels.parts || working == 0 || working == labels.order.len() {
        return None;
    }
    let phi = autocorrelation(troughs);
    let whitened = Whitened::new(troughs, phi);
    let (t, rate, error) = whitened.statistic(labels.order, labels.parts);
    let all: Vec<f64> =
        orders(labels.order.len(), working).map(|order| whitened.statistic(&order, labels.parts).0).collect();
    let p = share_at_least(&all, t);
    Some(Attribution { phi, t, rate: rate / labels.slots, error: error / labels.slots, p, all })
}

/// The p of several looks together: the share of all combinations of orders with a sum of statistics at least as large.
pub(super) fn p_of_sum(looks: &[Attribution]) -> Option<f64> {
    let (last, others) = looks.split_last()?;
    let mut sums = vec![0.0];
    for look in others {
        sums = sums.iter().flat_map(|sum| look.all.iter().map(move |t| sum + t)).collect();
    }
    sums.sort_unstable_by(f64::total_cmp);
    let total: f64 = looks.iter().map(|look| look.t).sum();
    let least = |t: &f64| total - EQUAL - t;
    let many: usize = last.all.iter().map(|t| sums.len() - sums.partition_point(|sum| *sum < least(t))).sum();
    Some(many as f64 / (sums.len() * last.all.len()) as f64)
}

fn share_at_least(all: &[f64], t: f64) -> f64 {
    all.iter().filter(|one| **one >= t - EQUAL).count() as f64 / all.len() as f64
}

/// All orders of `count` blocks with `working` of them at work.
fn orders(count: usize, working: usize) -> impl Iterator<Item = Vec<bool>> {
    (0u32..1 << count)
        .filter(move |bits| bits.count_ones() as usize == working)
        .map(move |bits| (0..count).map(|block| bits >> block & 1 == 1).collect())
}

/// The autocorrelation of the residuals of a line, corrected for the bias of short series, to the nearest of [`GRID`].
fn autocorrelation(troughs: &[f64]) -> f64 {
    let count = troughs.len() as f64;
    let x = places(troughs.len());
    let level = troughs.iter().sum::<f64>() / count;
    let mut left: Vec<f64> = troughs.iter().map(|trough| trough - level).collect();
    let slope = dot(&left, &x) / dot(&x, &x);
    left.iter_mut().zip(&x).for_each(|(left, x)| *left -= slope * x);
    let squares = dot(&left, &left);
    let raw = if squares > 1e-9 { dot(&left[1..], &left[..left.len() - 1]) / squares } else { 0.0 };
    let corrected = (raw + (1.0 + 3.0 * raw.clamp(-0.3, 1.0)) / count).clamp(0.0, 1.0);
    let nearest = GRID.iter().min_by(|one, other| (*one - corrected).abs().total_cmp(&(*other - corrected).abs()));
    nearest.copied().unwrap_or(1.0)
}

/// Troughs with level, line and autocorrelation removed, and the means to remove these from other series.
struct Whitened {
    phi: f64,
    /// The columns that are removed, orthonormal.
    nuisance: Vec<Vec<f64>>,
    y: Vec<f64>,
}

impl Whitened {
    fn new(troughs: &[f64], phi: f64) -> Whitened {
        let mut whitened = Whitened { phi, nuisance: Vec::new(), y: Vec::new() };
        // A coefficient of 1 removes the level by itself.
        let level = (phi < 1.0).then(|| vec![1.0; troughs.len()]);
        for column in level.into_iter().chain([places(troughs.len())]) {
            let mut column = whitened.clean(&column);
            let norm = dot(&column, &column).sqrt();
            column.iter_mut().for_each(|value| *value /= norm);
            whitened.nuisance.push(column);
        }
        whitened.y = whitened.clean(troughs);
        whitened
    }

    /// Removes the autocorrelation from `values`, and the columns of `nuisance`.
    fn clean(&self, values: &[f64]) -> Vec<f64> {
        let mut clean: Vec<f64> = values.windows(2).map(|pair| pair[1] - self.phi * pair[0]).collect();
        self.nuisance.iter().for_each(|column| remove(&mut clean, column));
        clean
    }

    /// The statistic of an order, the rate per part, and the rate's standard error.
    fn statistic(&self, order: &[bool], parts: usize) -> (f64, f64, f64) {
        let state: Vec<f64> = order.iter().flat_map(|work| std::iter::repeat_n(f64::from(*work), parts)).collect();
        let done = state.iter().scan(0.0, |sum, work| Some(std::mem::replace(sum, *sum + work)));
        let done: Vec<f64> = done.collect();
        let mut v = self.clean(&state);
        let norm = dot(&v, &v).sqrt();
        scale(&mut v, 1.0 / norm.max(1e-9));
        let mut u = self.clean(&done);
        remove(&mut u, &v);
        let norm = dot(&u, &u).sqrt();
        scale(&mut u, 1.0 / norm.max(1e-9));
        let weight = dot(&self.y, &u);
        let freedom = (self.y.len() - self.nuisance.len() - 2) as f64;
        let left = dot(&self.y, &self.y) - dot(&self.y, &v).powi(2) - weight.powi(2);
        // Objects come one at a time, and a trough may be read anywhere within one.
        let least = (1.0 + self.phi * self.phi) / 12.0 + 0.05;
        let deviation = (left / freedom).max(least).sqrt();
        (weight / deviation, weight / norm, deviation / norm)
    }
}

/// 0, 1, 2, … minus their mean.
fn places(count: usize) -> Vec<f64> {
    (0..count).map(|place| place as f64 - (count as f64 - 1.0) / 2.0).collect()
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn remove(from: &mut [f64], column: &[f64]) {
    let share = dot(from, column);
    from.iter_mut().zip(column).for_each(|(value, part)| *value -= share * part);
}

fn scale(values: &mut [f64], by: f64) {
    values.iter_mut().for_each(|value| *value *= by);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn numbers(value: &Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    }

    #[test]
    fn five_series_come_out_as_in_the_reference() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/attribution_vectors.json");
        let vectors: Vec<Value> = serde_json::from_str(&fs_err::read_to_string(file).unwrap()).unwrap();
        assert_eq!(vectors.len(), 5);
        for vector in vectors {
            let order: Vec<bool> = numbers(&vector["labels"]).iter().map(|label| *label == 1.0).collect();
            let labels = Labels {
                order: &order,
                parts: vector["sub"].as_u64().unwrap() as usize,
                slots: vector["slots_per_subblock"].as_f64().unwrap(),
            };
            let found = attribution(&numbers(&vector["troughs"]), labels).unwrap();
            let expected = &vector["expect"];
            assert_eq!(found.all.len() as u64, expected["n"].as_u64().unwrap());
            let figures =
                [("phi", found.phi), ("T", found.t), ("rate", found.rate), ("se", found.error), ("p", found.p)];
            for (name, value) in figures {
                let wanted = expected[name].as_f64().unwrap();
                assert!((value - wanted).abs() < 1e-9, "{}: {name} is {value}, not {wanted}", vector["name"]);
            }
        }
    }

    #[test]
    fn two_looks_add_up_to_more_than_each() {
        let order = [true, true, false, true, true, false, true, false, true, true, false, true];
        let labels = Labels { order: &order, parts: 2, slots: 11.0 };
        let mut level = 500.0;
        let troughs: Vec<f64> = (0..24)
            .map(|part| {
                level += if order[part / 2] { 6.0 } else { 0.0 };
                level + [0.0, 3.0, -2.0, 1.0, -3.0][part % 5]
            })
            .collect();
        let one = attribution(&troughs, labels).unwrap();
        assert!((p_of_sum(std::slice::from_ref(&one)).unwrap() - one.p).abs() < 1e-12);
        let both = p_of_sum(&[one.clone(), one.clone()]).unwrap();
        assert!(both < one.p, "{both} of {}", one.p);
        // Counted one by one.
        let many = one.all.iter().flat_map(|a| one.all.iter().map(move |b| a + b));
        let many = many.filter(|sum| *sum >= 2.0 * one.t - EQUAL).count();
        assert!((both - many as f64 / (495.0 * 495.0)).abs() < 1e-12);
    }

    #[test]
    fn blocks_that_are_all_the_same_attribute_nothing() {
        assert_eq!(attribution(&[0.0; 24], Labels { order: &[true; 12], parts: 2, slots: 1.0 }), None);
        assert_eq!(attribution(&[0.0; 23], Labels { order: &[true, false], parts: 2, slots: 1.0 }), None);
    }
}
