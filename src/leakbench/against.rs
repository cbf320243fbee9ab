//! Compares figures with the committed ones; CI fails if they are worse.
//!
//! leakbench is deterministic, so any difference comes from the code (or, in the last digit of a logarithm, from
//! another platform's mathematics; the slack allows for that). The cost is an exception: nanoseconds depend on the
//! machine, so the cost is compared as a multiple of the time for a simple loop.

use std::collections::BTreeMap;

use super::figures::BenchFigures;

/// The absolute difference by which a figure may be worse.
const SLACK: f64 = 0.005;

/// One figure that must not get worse.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Guarded {
    /// Lower is better; a difference within the slack is none.
    Low(f64),
    /// Higher is better, with the same slack.
    High(f64),
    /// Lower is better, on a ladder: one rung up is worse.
    Rung(f64),
    /// Lower is better, and measured: an increase by half is worse. On one machine, idle and busy, it varied by 5 %.
    Measured(f64),
}

/// The figures in `now` that are worse than in `committed`, as lines of text; empty if none is.
pub(crate) fn worse(now: &BenchFigures, committed: &BenchFigures) -> Vec<String> {
    let (now, committed) = (guarded(now), guarded(committed));
    let compared = committed.iter().filter_map(|(name, was)| match (now.get(name), was) {
        (None, _) => Some(format!("{name}: not measured any more")),
        (Some(Guarded::Low(is)), Guarded::Low(was)) if *is > was + SLACK => Some(line(name, *was, *is)),
        (Some(Guarded::High(is)), Guarded::High(was)) if *is < was - SLACK => Some(line(name, *was, *is)),
        (Some(Guarded::Rung(is)), Guarded::Rung(was)) if *is > was * 1.01 => Some(line(name, *was, *is)),
        (Some(Guarded::Measured(is)), Guarded::Measured(was)) if *is > was * 1.5 => Some(line(name, *was, *is)),
        (Some(_), _) => None,
    });
    compared.collect()
}

fn line(name: &str, was: f64, is: f64) -> String {
    format!("{name}: {is:.4}, and {was:.4} is committed")
}

fn guarded(figures: &BenchFigures) -> BTreeMap<String, Guarded> {
    let share = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let mut all = BTreeMap::new();
    let cost = figures.nanoseconds.then / figures.nanoseconds.lowest_alone;
    all.insert("cost, times that of the lowest Bytes alone".to_owned(), Guarded::Measured(cost));
    for row in &figures.false_alarms {
        let place = format!("{} at {} iterations", row.family, row.iterations);
        // One more false alarm is worse already.
        all.insert(format!("{place}, false alarms"), Guarded::Rung(row.false_alarms as f64));
        all.insert(format!("{place}, runs with a second look"), Guarded::Low(share(row.alarmed, row.runs)));
        all.insert(format!("{place}, unclear"), Guarded::Low(share(row.unclear, row.tags)));
    }
    for (what, rows) in [("hard", &figures.hard), ("background", &figures.background)] {
        for row in rows {
            let place = format!("{what}: {} by {} at {} iterations", row.family, row.driven_by, row.iterations);
            all.insert(format!("{place}, called a leak"), Guarded::Low(share(row.leak, row.tags)));
            all.insert(format!("{place}, unclear"), Guarded::Low(share(row.unclear, row.tags)));
            if what == "background" {
                all.insert(format!("{place}, named"), Guarded::High(share(row.background, row.tags)));
            }
        }
    }
    for row in &figures.smallest {
        let place = format!("smallest leak, {} {} at {} iterations", row.noise, row.leak, row.iterations);
        all.insert(place, Guarded::Rung(row.rate.unwrap_or(f64::INFINITY)));
    }
    for row in &figures.recall {
        all.insert(format!("recall at {} iterations", row.iterations), Guarded::High(row.poolgate));
    }
    for row in &figures.intervals {
        let place = format!("{} leaks at {} iterations", row.noise, row.iterations);
        all.insert(format!("{place}, intervals with the truth"), Guarded::High(row.covered));
        all.insert(format!("{place}, median error"), Guarded::Low(row.median_error));
    }
    for row in &figures.odd {
        let place = format!("{} at {} iterations", row.what, row.iterations);
        all.insert(format!("{place}, leaks found"), Guarded::High(share(row.found, row.leaks)));
        all.insert(format!("{place}, false alarms"), Guarded::Low(share(row.called, row.nulls)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::figures::{FalseAlarms, Nanoseconds, Recall, Smallest};
    use super::*;

    fn figures(false_alarms: u64, rate: Option<f64>, recall: f64) -> BenchFigures {
        let family = "steps".to_owned();
        BenchFigures {
            size: "tiny".to_owned(),
            seeds: "v1".to_owned(),
            false_alarms: vec![FalseAlarms {
                family,
                iterations: 300,
                runs: 10,
                tags: 100,
                candidates: 0,
                alarmed: 0,
                called: false_alarms,
                unclear: 0,
                false_alarms,
                at_most: 0.1,
                rules: [0; 4],
            }],
            hard: Vec::new(),
            background: Vec::new(),
            smallest: vec![Smallest { noise: "quiet".to_owned(), leak: "late".to_owned(), iterations: 300, rate }],
            recall: vec![Recall { iterations: 300, leaks: 10, poolgate: recall, rules: [None; 4] }],
            intervals: Vec::new(),
            odd: Vec::new(),
            nanoseconds: Nanoseconds { at_first: 8.0, then: 4.0, lowest_alone: 0.5 },
        }
    }

    #[test]
    fn only_worse_figures_are_reported() {
        let committed = figures(0, Some(0.25), 0.8);
        assert_eq!(worse(&committed, &committed), [""; 0]);
        assert_eq!(worse(&figures(0, Some(0.125), 0.9), &committed), [""; 0]);
        assert_eq!(
            worse(&figures(1, Some(0.354), 0.7), &committed),
            [
                "recall at 300 iterations: 0.7000, and 0.8000 is committed",
                "smallest leak, quiet late at 300 iterations: 0.3540, and 0.2500 is committed",
                "steps at 300 iterations, false alarms: 1.0000, and 0.0000 is committed",
            ]
        );
        assert_eq!(worse(&figures(0, None, 0.8), &committed).len(), 1);
    }

    #[test]
    fn a_cost_is_compared_with_that_of_something_simple_on_the_same_machine() {
        let committed = figures(0, None, 0.8);
        let on_a_machine = |then: f64, lowest_alone: f64| {
            let nanoseconds = Nanoseconds { then, lowest_alone, ..committed.nanoseconds };
            worse(&BenchFigures { nanoseconds, ..committed.clone() }, &committed)
        };
        assert_eq!(on_a_machine(40.0, 5.0), [""; 0]);
        assert_eq!(
            on_a_machine(6.1, 0.5),
            ["cost, times that of the lowest Bytes alone: 12.2000, and 8.0000 is committed"]
        );
    }

    #[test]
    fn a_figure_that_is_no_longer_measured_is_reported() {
        let now = BenchFigures { recall: Vec::new(), ..figures(0, Some(0.25), 0.8) };
        assert_eq!(worse(&now, &figures(0, Some(0.25), 0.8)), ["recall at 300 iterations: not measured any more"]);
    }
}
