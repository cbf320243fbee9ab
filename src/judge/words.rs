//! Evidence in words.

use super::evidence::{
    Confirmation, Doubt, Early, Evidence, GrowthCheck, Interruption, Interval, Shape, Standing, Trend,
};
use crate::scenario::Bytes;

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&evidence(self))
    }
}

impl Trend {
    /// The shape of the series in words: "one step at iteration 40, flat since".
    pub fn shape_in_words(&self) -> String {
        shape(self)
    }
}

/// Why a log has no rates.
pub(super) const NO_TIMES: &str = "some tables of the log have no readable time, so it has no rates; give the time between the tables, as in `--every 30m`";

/// Describes a tag's growth.
pub(super) fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::TooFew { samples, needed, rate: None } => {
            format!(
                "too few samples for a rate: {samples} after the warm-up, {needed} needed; use more iterations or a longer log"
            )
        }
        Evidence::TooFew { needed, rate: Some(rate), .. } => early(rate, *needed),
        Evidence::Interrupted(Interruption::Gone) => {
            "disappeared during the run, so there is no series to judge".to_owned()
        }
        Evidence::Interrupted(Interruption::CountersReset) => {
            "had its counters reset (they went back), and too few samples follow for a rate".to_owned()
        }
        Evidence::Untimed => NO_TIMES.to_owned(),
        Evidence::Trend(trend) if trend.growing => grows(trend),
        Evidence::Trend(trend) => format!("{}; {}", shape(trend), visible(trend)),
    }
}

/// Describes the rate of a series that is too short for the test.
fn early(rate: &Early, needed: u64) -> String {
    let per = rate.natural();
    let samples = rate.samples;
    let Some(interval) = rate.bytes(per) else { return "no rate".to_owned() };
    let (rate, low, high) = figures(interval, 1);
    format!(
        "{rate}/{per} (95 %: {low} to {high}) from {samples} samples; too few samples to test for a leak: {needed} after the warm-up are needed"
    )
}

/// Describes the shape of a growth beyond its limit; empty if the series is too short.
pub(super) fn how(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Trend(trend) if trend.growing => {
            let per = trend.natural();
            let rate = trend.bytes(per).map_or(String::new(), |bytes| format!(", {:.0} B/{per}", bytes.rate));
            format!("; {}{rate}", shape(trend))
        }
        Evidence::Trend(trend) => format!("; {}", shape(trend)),
        Evidence::TooFew { .. } | Evidence::Interrupted(_) | Evidence::Untimed => String::new(),
    }
}

/// Describes the result of a second look.
pub(super) fn confirmed(trend: &Trend, confirmation: &Confirmation) -> String {
    let grows = grows(trend);
    let looks = match confirmation.looks {
        1 => "the second look".to_owned(),
        more => format!("{more} further looks"),
    };
    match confirmation.standing {
        Standing::Leak => format!("{grows}; confirmed by {looks}: the workload causes it"),
        Standing::NotTested => {
            format!("{grows}; confirmed by {looks}; attribution not tested, because the workload does not rest")
        }
        Standing::NotPersistent => {
            let why: Vec<&str> = confirmation.doubts.iter().map(|doubt| self::doubt(*doubt)).collect();
            format!("grew steadily in the first look, but did not persist in {looks}: {}", why.join(", "))
        }
        Standing::Background => {
            let (rate, low, high) = figures(confirmation.by_time, 0);
            format!(
                "grows by {rate}/h (95 %: {low} to {high}) whether or not the workload runs: background growth, driven by time"
            )
        }
        Standing::NotAttributed => {
            format!(
                "{grows}; continued in {looks}, but the workload could not be confirmed as the cause: not attributed"
            )
        }
    }
}

/// Formats a rate in bytes and its interval. Large values, such as rates by the hour, get larger units.
fn figures(Interval { rate, low, high }: Interval, digits: usize) -> (String, String, String) {
    const LARGE: f64 = 1e5;
    if rate.abs() < LARGE {
        return (format!("{rate:.digits$} B"), format!("{low:.digits$}"), format!("{high:.digits$}"));
    }
    let [rate, low, high] = [rate, low, high].map(|bytes| signed(bytes.round() as i64));
    (rate, low, high)
}

fn grows(trend: &Trend) -> String {
    let per = trend.natural();
    let Some(interval) = trend.bytes(per) else { return "grows steadily".to_owned() };
    let since = match trend.shape {
        Shape::LateStart(slot) => format!(" since {}", place(trend, slot)),
        _ => String::new(),
    };
    let (rate, low, high) = figures(interval, 1);
    format!("grows steadily{since} by {rate}/{per} (95 %: {low} to {high})")
}

/// Describes the smallest leak that would have been seen.
fn visible(trend: &Trend) -> String {
    let per = trend.natural();
    let Some(smallest) = trend.smallest(per) else { return "no rate".to_owned() };
    // The size of an object is unknown if the tag held nothing.
    let bytes = trend.object_size.map_or(String::new(), |size| format!(" ({:.1} B)", smallest * size));
    format!("a leak of {smallest:.2} objects{bytes}/{per} would have been detected")
}

fn shape(trend: &Trend) -> String {
    match trend.shape {
        Shape::Flat | Shape::Irregular => "no steady growth".to_owned(),
        Shape::Steady => "steady".to_owned(),
        Shape::Step(slot) => format!("one step at {}, flat since", place(trend, slot)),
        Shape::LateStart(slot) => format!("late start at {}", place(trend, slot)),
        Shape::SlowingDown => "slowing down".to_owned(),
        Shape::Released => "released in cool-down".to_owned(),
    }
}

/// Describes the place of a slot in the workload: its iteration, or its time.
fn place(trend: &Trend, slot: u64) -> String {
    match trend.iteration(slot) {
        Some(iteration) => format!("iteration {iteration:.0}"),
        None => format!("{:.1} min", trend.minutes(slot)),
    }
}

fn doubt(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Weak => "no longer distinct from noise",
        Doubt::Slower => "less than half as fast",
        Doubt::NoNewHigh => "no higher than before",
        Doubt::Guard(guard) => self::guard(guard),
    }
}

fn guard(guard: GrowthCheck) -> &'static str {
    match guard {
        GrowthCheck::FewObjects => "fewer than four objects",
        GrowthCheck::NotEveryQuarter => "not in every quarter of the series",
        GrowthCheck::SlowingDown => "slowing down",
        GrowthCheck::SeenBefore => "no new high",
        GrowthCheck::Released => "released in cool-down",
    }
}

/// Formats bytes with their sign, rounded.
pub(super) fn signed(bytes: i64) -> String {
    let sign = if bytes < 0 { "−" } else { "" };
    format!("{sign}{}", Bytes(bytes.unsigned_abs()).rounded())
}
