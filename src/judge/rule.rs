//! One threshold held against what was measured.

use super::case::{Case, Said};
use super::{Finding, Judged, Ruling, Together, Verdict};
use crate::pool::TagPattern;
use crate::scenario::{Amount, Limit, Rate, Subject, Threshold};

/// The verdict on `threshold`, with the findings it rests on.
pub(super) fn rule(threshold: &Threshold, judged: &Judged) -> Ruling {
    let mut told: Vec<(&Case, Verdict, String)> = meant(threshold, judged)
        .map(|(case, said)| {
            let verdict = said.iter().map(|said| said.verdict).max().unwrap_or(Verdict::Unclear);
            let worst = said.into_iter().filter(|said| said.verdict == verdict).map(|said| said.because);
            (case, verdict, worst.collect::<Vec<_>>().join("; "))
        })
        .collect();
    told.sort_by_key(|(_, verdict, _)| std::cmp::Reverse(*verdict));
    let verdict = told.iter().map(|(_, verdict, _)| *verdict).max().unwrap_or(Verdict::Unclear);
    let none = told.is_empty().then(|| nothing_meant(&threshold.subject));
    if !names(threshold) {
        // Of a whole table only what did not hold is worth a line.
        told.retain(|(_, verdict, _)| *verdict != Verdict::Held);
    }
    let findings = judged.lockstep.gathered(told);
    Ruling { threshold: threshold.clone(), verdict, findings: findings.into_iter().chain(none).collect() }
}

/// The thresholds which mean a tag, with their verdicts on it.
pub(super) fn verdicts(thresholds: &[Threshold], case: &Case) -> Vec<(String, Verdict)> {
    let meant = thresholds.iter().filter(|threshold| is_about(threshold, case));
    let verdict = |threshold| against(threshold, case).iter().map(|said| said.verdict).max();
    meant.filter_map(|threshold| Some((threshold.words(), verdict(threshold)?))).collect()
}

/// What each limit of `threshold` comes to for `case`.
pub(super) fn against(threshold: &Threshold, case: &Case) -> Vec<Said> {
    threshold.limits.iter().map(|limit| case.against(limit, names(threshold))).collect()
}

/// The cases a threshold is about, with what each limit comes to.
pub(super) fn meant<'a>(threshold: &'a Threshold, judged: &'a Judged) -> impl Iterator<Item = (&'a Case, Vec<Said>)> {
    let tags = judged.tags.iter().filter(|case| is_about(threshold, case));
    let tags = tags.map(|case| (case, against(threshold, case)));
    let sums = judged.sums.iter().filter(|sum| sum.of == threshold.subject);
    tags.chain(sums.filter_map(|sum| match threshold.subject {
        Subject::Total(_) => Some((&sum.case, against(threshold, &sum.case))),
        Subject::Tags { .. } => Some((&sum.case, together(threshold, sum)?)),
    }))
}

/// Whether a threshold is about a tag by itself.
fn is_about(threshold: &Threshold, tag: &Case) -> bool {
    matches!(threshold.subject, Subject::Tags { .. }) && threshold.subject.means(&tag.key)
}

/// What the tags of a threshold come to together, where their sum shows what none of them does.
fn together(threshold: &Threshold, sum: &Together) -> Option<Vec<Said>> {
    if sum.tags < 2 || sum.seen_alone || !sum.case.is_candidate() {
        return None;
    }
    // More than so many times what one of them may: then one of them does too.
    let times = sum.tags as f64;
    let limits = threshold.limits.iter().filter_map(|limit| match limit {
        Limit::MaxRate(Rate { amount, per }) => {
            let amount = match amount {
                Amount::Bytes(bytes) => Amount::Bytes(bytes * times),
                Amount::Objects(objects) => Amount::Objects(objects * times),
            };
            Some(Limit::MaxRate(Rate { amount, per: *per }))
        }
        Limit::MaxGrowth(_) | Limit::MaxBytes(_) | Limit::AfterTeardown(_) => None,
    });
    Some(limits.map(|limit| sum.case.against(&limit, true)).collect())
}

/// Whether a threshold names what it is about as the driver's own.
pub(super) fn names(threshold: &Threshold) -> bool {
    match &threshold.subject {
        Subject::Total(_) => true,
        Subject::Tags { tag, .. } => tag.names_tags(),
    }
}

/// A threshold that nothing fell under was not held: most likely the tag is misspelt, or its cache was merged away.
pub(super) fn nothing_meant(subject: &Subject) -> Finding {
    let (subject, because) = match subject {
        Subject::Total(pool) => (format!("total {pool}"), format!("this kernel has no {pool} pool")),
        Subject::Tags { tag, .. } => (tag.to_string(), absent(tag)),
    };
    Finding { subject, verdict: Verdict::Unclear, because }
}

fn absent(tag: &TagPattern) -> String {
    let which = if tag.is_literal() { "no tag of this name" } else { "no tag that matches" };
    format!(
        "{which} was seen in the whole run; check the spelling, and whether the driver was loaded (on Linux a cache may be merged into another of its size)"
    )
}

/// What is known of one tag or total.
struct Case {
    levels: Option<Levels>,
    evidence: Evidence,
    /// The threshold names it, so that growth needs no further attribution.
    named: bool,
    /// Objects are counted, not bytes alone.
    counts: bool,
}

type Said = (Verdict, String);

impl Case {
    fn finding(&self, subject: String, limits: &[Limit]) -> Finding {
        let said: Vec<Said> = limits.iter().map(|limit| self.against(limit)).collect();
        let verdict = said.iter().map(|(verdict, _)| *verdict).max().unwrap_or(Verdict::Unclear);
        let worst = said.into_iter().filter(|(one, _)| *one == verdict).map(|(_, because)| because);
        Finding { subject, verdict, because: worst.collect::<Vec<_>>().join("; ") }
    }

    fn against(&self, limit: &Limit) -> Said {
        match (limit, &self.levels) {
            (Limit::MaxRate(rate), _) => self.rate(*rate),
            (_, None) => {
                (Verdict::Unclear, "was not there, or not sampled, at rest before and after the workload".to_owned())
            }
            (Limit::MaxGrowth(most), Some(levels)) => self.growth(*most, levels),
            (Limit::MaxBytes(most), Some(levels)) => {
                let verdict = if levels.bytes_after > most.0 { Verdict::Broken } else { Verdict::Held };
                (verdict, format!("holds {} at the end", Bytes(levels.bytes_after).rounded()))
            }
            (Limit::AfterTeardown(_), Some(_)) => (Verdict::Unclear, "after_teardown is not judged yet".to_owned()),
        }
    }

    fn growth(&self, most: Growth, levels: &Levels) -> Said {
        let growth = levels.growth();
        let most = match most {
            Growth::Bytes(bytes) => i64::try_from(bytes.0).unwrap_or(i64::MAX),
            Growth::Percent(percent) => (levels.bytes_before as f64 * percent.0 / 100.0) as i64,
        };
        let verdict = if growth > most { Verdict::Broken } else { Verdict::Held };
        let (before, after) = (Bytes(levels.bytes_before).rounded(), Bytes(levels.bytes_after).rounded());
        let grew = format!("grew by {} ({before} → {after})", Signed(growth));
        match verdict {
            Verdict::Held | Verdict::Unclear => (verdict, grew),
            // How it grew tells a leak from a step, which is the first thing its owner wants to know.
            Verdict::Broken => (verdict, format!("{grew}; {}", self.evidence)),
        }
    }

    fn rate(&self, most: Rate) -> Said {
        if matches!(most.amount, Amount::Objects(_)) && !self.counts {
            let why = "objects are not known: the log has neither allocs nor frees; give a rate in bytes";
            return (Verdict::Unclear, why.to_owned());
        }
        let trend = match &self.evidence {
            Evidence::Trend(trend) => trend,
            other => return (Verdict::Unclear, other.to_string()),
        };
        let (interval, limit) = match most.amount {
            Amount::Bytes(limit) => (trend.bytes(most.per), limit),
            Amount::Objects(limit) => (trend.objects(most.per), limit),
        };
        let Some(interval) = interval else {
            return (Verdict::Unclear, "no iterations were counted, so there is no rate per iteration".to_owned());
        };
        let verdict = match trend.growing {
            false => Verdict::Held,
            true if interval.high <= limit => Verdict::Held,
            true if interval.low <= limit => Verdict::Unclear,
            // A look at thousands of tags at once finds growth that is none; without a second look it accuses nobody.
            true if !self.named => Verdict::Unclear,
            true => Verdict::Broken,
        };
        let unconfirmed = if verdict == Verdict::Unclear && interval.low > limit {
            "; unconfirmed: name the tag in a threshold to gate on it"
        } else {
            ""
        };
        (verdict, format!("{}{unconfirmed}", self.evidence))
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::TooFew { samples, needed } => {
                write!(
                    f,
                    "too few samples for a rate: {samples} after the warm-up, {needed} needed; raise `iterations`"
                )
            }
            Evidence::Interrupted => write!(f, "disappeared during the run, so there is no series to judge"),
            Evidence::Trend(trend) => trend.fmt(f),
        }
    }
}

impl fmt::Display for Trend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = self.natural();
        let (Some(Interval { rate, low, high }), Some(smallest)) = (self.bytes(per), self.smallest(per)) else {
            return write!(f, "no rate");
        };
        let per = match per {
            Per::Iteration => "iteration",
            Per::Hour => "h",
        };
        if self.growing {
            return write!(f, "grows steadily by {rate:.1} B/{per} (95 %: {low:.1} to {high:.1}; T {:.1})", self.t);
        }
        // Of a tag which held nothing the size of an object is not known.
        let bytes = self.object_size.map_or(String::new(), |size| format!(" ({:.1} B)", smallest * size));
        write!(f, "no steady growth; a leak of {smallest:.2} objects{bytes}/{per} would have been seen")
    }
}

/// Bytes with their sign, rounded for people.
struct Signed(i64);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "−" } else { "" };
        write!(f, "{sign}{}", Bytes(self.0.unsigned_abs()).rounded())
    }
}
