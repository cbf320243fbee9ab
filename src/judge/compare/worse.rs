//! Compares the figure of a limit in the candidate with that in the base.

use super::super::case::Case;
use super::super::evidence::{Evidence, Interval, Trend, quantile};
use super::super::{Verdict, words};
use crate::scenario::{Amount, Bytes, Limit, Rate, Threshold};

/// The base's figure for each limit of the threshold, briefly.
pub(super) fn figure(threshold: &Threshold, base: Option<&Case>) -> String {
    let Some(base) = base else { return "absent".to_owned() };
    let of = |limit: &Limit| match (limit, base.measured(threshold, limit).unwrap_or(base)) {
        (Limit::MaxRate(rate), base) => {
            let known = base.rate_of(*rate);
            known.map_or("no rate".to_owned(), |known| format!("{:.1} {}", known.rate, unit(*rate)))
        }
        (Limit::MaxGrowth(_) | Limit::MaxBytes(_) | Limit::AfterTeardown(_), base) => match base.amount(limit) {
            Some((amount, _)) => words::signed(amount),
            None => base.amounts.bytes.map_or("not known".to_owned(), |bytes| Bytes(bytes).rounded()),
        },
    };
    threshold.limits.iter().map(of).collect::<Vec<_>>().join(", ")
}

/// Describes a limit that the base breaks and the candidate keeps; `None` if the base keeps it too.
pub(super) fn fixed(threshold: &Threshold, limit: &Limit, named: bool, base: &Case) -> Option<String> {
    let judged = base.against_measured(threshold, limit, named);
    let broken = match limit {
        Limit::MaxRate(_) => judged.verdict != Verdict::Held && base.is_candidate(),
        Limit::MaxGrowth(_) | Limit::MaxBytes(_) | Limit::AfterTeardown(_) => false,
    };
    (broken || judged.verdict == Verdict::Broken).then(|| format!("; fixed since the base, which {}", judged.because))
}

fn unit(rate: Rate) -> String {
    match rate.amount {
        Amount::Bytes(_) => format!("B/{}", rate.per),
        Amount::Objects(_) => format!("objects/{}", rate.per),
    }
}

/// Turns a verdict of held into unclear if too little is known of the base.
pub(super) fn sure(limit: &Limit, base: Option<&Case>, (verdict, because): (Verdict, String)) -> (Verdict, String) {
    let doubt =
        base.and_then(|base| base.doubts.about(limit).or(base.doubts.damage.as_deref()).or(base.hidden_from_named()));
    match (verdict, doubt) {
        (Verdict::Held, Some(doubt)) => (Verdict::Unclear, format!("{because}; about the base: {doubt}")),
        (verdict, _) => (verdict, because),
    }
}

/// The verdict on a limit that the candidate does not hold (`because`), given the base.
pub(super) fn worse(
    limit: &Limit,
    verdict: Verdict,
    because: &str,
    base: Option<&Case>,
    candidate: &Case,
) -> (Verdict, String) {
    if let (Limit::AfterTeardown(_), Some(now)) = (limit, &candidate.remaining) {
        return match base.and_then(|base| base.remaining.as_ref()) {
            Some(before) if now.count() <= before.count() => {
                (Verdict::Held, format!("{because}; no more than in the base"))
            }
            Some(_) | None => (verdict, because.to_owned()),
        };
    }
    match limit {
        Limit::MaxRate(rate) => faster(*rate, verdict, because, base, candidate),
        Limit::MaxGrowth(_) | Limit::MaxBytes(_) | Limit::AfterTeardown(_) => {
            let Some((now, most)) = candidate.amount(limit) else { return (verdict, because.to_owned()) };
            let Some(base) = base else { return (verdict, format!("{because}; not present in the base")) };
            let Some((before, _)) = base.amount(limit) else {
                return (Verdict::Unclear, format!("{because}; the base was not measured at rest"));
            };
            let text = format!("{because}; base {}", words::signed(before));
            if now.saturating_sub(before) > most {
                (verdict, text)
            } else {
                (Verdict::Held, format!("{text}: not worse than the limit allows"))
            }
        }
    }
}

fn faster(most: Rate, verdict: Verdict, because: &str, base: Option<&Case>, candidate: &Case) -> (Verdict, String) {
    let Some(now) = candidate.rate_of(most) else { return (verdict, because.to_owned()) };
    let Some(base) = base else {
        let text = format!("{because}; not present in the base");
        return if now.low > 0.0 { (verdict, text) } else { (Verdict::Unclear, text) };
    };
    let Some(before) = base.rate_of(most) else {
        let why = match &base.evidence {
            Evidence::Trend(_) => "no iterations were counted".to_owned(),
            other => other.to_string(),
        };
        return (Verdict::Unclear, format!("{because}; the base has no rate: {why}"));
    };
    let Interval { rate, low, high } = before;
    let text = format!("{because}; base {rate:.1} {} (95 %: {low:.1} to {high:.1})", unit(most));
    if let (Some(known), Some(trend)) = (base.trend(), candidate.trend()) {
        let (z, cut_off) = difference((before, known), (now, trend));
        let text = format!("{text}, z {z:.1} of {cut_off:.1} needed");
        return if z >= cut_off {
            (verdict, text)
        } else {
            (Verdict::Held, format!("{text}: no faster than the base"))
        };
    }
    // Rates from a few samples are compared by their intervals only.
    if now.low > before.high {
        (verdict, text)
    } else if now.high <= before.high && now.rate <= before.rate && base.trend().is_some() {
        (Verdict::Held, format!("{text}: no faster than the base"))
    } else {
        (Verdict::Unclear, format!("{text}: too few samples to show a difference"))
    }
}

/// How much faster the candidate is than the base in standard errors, and the cut-off for that.
pub(super) fn difference((before, base): (Interval, &Trend), (now, candidate): (Interval, &Trend)) -> (f64, f64) {
    let error = standard_error(before, base).hypot(standard_error(now, candidate));
    let more = now.rate - before.rate;
    let z = if error > 0.0 {
        more / error
    } else if more > 0.0 {
        f64::MAX
    } else {
        0.0
    };
    (z, base.cut_off.max(candidate.cut_off))
}

/// The standard error that an interval was computed from.
fn standard_error(interval: Interval, trend: &Trend) -> f64 {
    (interval.high - interval.low) / 2.0 / quantile(trend.blocks.saturating_sub(2))
}
