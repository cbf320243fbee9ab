//! A candidate build against a base build: is what the candidate does worse than what the base did already?
//!
//! Both recordings are judged by the same thresholds. What the candidate breaks counts only where the base did better: a
//! leak must be faster, (rate − base rate) / √(se² + base se²) at or over the cut-off of T; an amount must exceed the base's
//! by more than the threshold allows. So an old leak blocks no merge, and a new one does, also beside an old one.

use std::collections::HashMap;

use super::case::Case;
use super::evidence::{Evidence, Interval, Trend, quantile};
use super::ignored::Ignored;
use super::limits::within;
use super::rule::{self, OfAll, nothing_meant};
use super::said::Said;
use super::{Finding, JudgeError, Judged, Ruling, Verdict, series};
use crate::pool::Key;
use crate::record::Recording;
use crate::scenario::{Amount, Limit, Per, Rate, Scenario, Subject, Threshold};

/// The verdicts on a candidate, with both sides' figures.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// One for each threshold, in the scenario's order.
    pub rulings: Vec<Ruling>,
    /// Every tag of the candidate.
    pub tags: Vec<Compared>,
    /// What a reader should know of either recording.
    pub notes: Vec<String>,
    /// What the scenario ignores, and why.
    pub ignored: Vec<Ignored>,
}

/// One tag on both sides, in bytes.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The tag, as the candidate has it.
    pub key: Key,
    /// What the rates are related to.
    pub per: Per,
    /// The base's rate; `None` when it is not known.
    pub base: Option<Interval>,
    /// The candidate's rate; `None` when it is not known.
    pub candidate: Option<Interval>,
    /// How much faster the candidate grows, in standard errors; `None` when one of the rates is not known.
    pub z: Option<f64>,
    /// What that is held against.
    pub cut_off: Option<f64>,
    /// The candidate grows steadily.
    pub growing: bool,
}

/// Why two recordings cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// The base cannot be judged.
    #[error("the base cannot be judged: {0}")]
    Base(JudgeError),
    /// The candidate cannot be judged.
    #[error("the candidate cannot be judged: {0}")]
    Candidate(JudgeError),
}

/// Compares `candidate` with `base` by the thresholds of `scenario`.
///
/// # Errors
/// When one of them is of a run which did not measure.
pub fn compare(scenario: &Scenario, base: &Recording, candidate: &Recording) -> Result<Comparison, CompareError> {
    let (base_measured, base) = side(scenario, base).map_err(CompareError::Base)?;
    let (measured, candidate) = side(scenario, candidate).map_err(CompareError::Candidate)?;
    let base = Base::of(&base);
    let rulings = scenario.thresholds().iter().map(|threshold| rule(threshold, &base, &candidate)).collect();
    let tags = candidate.tags.iter().map(|case| compared(case, base.named(case))).collect();
    let mut notes: Vec<String> = base_measured.into_iter().map(|note| format!("base: {note}")).collect();
    notes.extend(measured);
    Ok(Comparison { rulings, tags, notes, ignored: candidate.ignored })
}

/// One recording, judged, and what a reader should know of it.
fn side(scenario: &Scenario, recording: &Recording) -> Result<(Vec<String>, Judged), JudgeError> {
    let measured = series::read(scenario, recording);
    measured.is_complete()?;
    Ok((measured.notes(), Judged::of(scenario, recording, &measured)))
}

/// What the base says of each tag and sum. Two recordings may count a tag differently, so its name decides.
struct Base<'a>(HashMap<String, &'a Case>);

impl<'a> Base<'a> {
    fn of(judged: &'a Judged) -> Base<'a> {
        let mut cases = HashMap::with_capacity(judged.tags.len());
        for case in judged.cases() {
            cases.entry(case.key.to_string()).or_insert(case);
        }
        Base(cases)
    }

    fn named(&self, case: &Case) -> Option<&'a Case> {
        self.0.get(&case.key.to_string()).copied()
    }
}

fn rule(threshold: &Threshold, base: &Base<'_>, candidate: &Judged) -> Ruling {
    let mut told: Vec<(&Case, Verdict, String)> = Vec::new();
    let mut of_all = OfAll::default();
    for (case, said) in rule::meant(threshold, candidate) {
        if of_all.takes(threshold, &said) {
            continue;
        }
        // What several tags come to together is said of rates alone.
        let rates = said.len() < threshold.limits.len();
        let limits = threshold.limits.iter().filter(|limit| !rates || matches!(limit, Limit::MaxRate(_)));
        let against: Vec<(Verdict, String)> = limits
            .zip(&said)
            .map(|(limit, said)| match said {
                Said { verdict: Verdict::Held, because, .. } => (Verdict::Held, because.clone()),
                Said { verdict, because, doubt: Some(_), .. } => (*verdict, because.clone()),
                Said { verdict, because, .. } => {
                    let case = case.measured(threshold, limit).unwrap_or(case);
                    sure(limit, base.named(case), worse(limit, *verdict, because, base.named(case), case))
                }
            })
            .collect();
        if said.iter().any(|said| said.verdict != Verdict::Held) || rule::names(threshold) {
            let (verdict, because) = rule::worst(against);
            told.push((case, verdict, because));
        }
    }
    of_all.add(candidate.shown.hidden_from(&threshold.subject));
    let none =
        rule::meant(threshold, candidate).next().is_none().then(|| nothing_meant(&threshold.subject, &candidate.shown));
    told.sort_by_key(|(_, verdict, _)| std::cmp::Reverse(*verdict));
    let findings = candidate.lockstep.gathered(told).into_iter().chain(of_all.finding(threshold)).chain(none);
    let findings: Vec<Finding> = findings.collect();
    let worst = findings.iter().map(|finding| finding.verdict).max();
    // Of a whole table, what is not told of held.
    let otherwise = if matches!(threshold.subject, Subject::Tags { .. }) { Verdict::Held } else { Verdict::Unclear };
    Ruling { threshold: threshold.clone(), verdict: worst.unwrap_or(otherwise), findings }
}

/// What a comparison comes to: it excuses nothing by a base of which too little is known.
fn sure(limit: &Limit, base: Option<&Case>, (verdict, because): (Verdict, String)) -> (Verdict, String) {
    let doubt =
        base.and_then(|base| base.doubts.about(limit).or(base.doubts.damage.as_deref()).or(base.hidden_from_named()));
    match (verdict, doubt) {
        (Verdict::Held, Some(doubt)) => (Verdict::Unclear, format!("{because}; but of the base {doubt}")),
        (verdict, _) => (verdict, because),
    }
}

/// What becomes of a limit which the candidate does not hold, `because`, now that the base is known.
fn worse(limit: &Limit, verdict: Verdict, because: &str, base: Option<&Case>, candidate: &Case) -> (Verdict, String) {
    match limit {
        Limit::MaxRate(rate) => faster(*rate, verdict, because, base, candidate),
        Limit::MaxGrowth(_) | Limit::MaxBytes(_) | Limit::AfterTeardown(_) => {
            let Some((now, most)) = candidate.amount(limit) else { return (verdict, because.to_owned()) };
            let Some(base) = base else { return (verdict, format!("{because}; not there in the base")) };
            let Some((before, _)) = base.amount(limit) else {
                return (Verdict::Unclear, format!("{because}; the base was not measured at rest"));
            };
            let text = format!("{because}; base {}", super::words::signed(before));
            if now.saturating_sub(before) > most {
                (verdict, text)
            } else {
                (Verdict::Held, format!("{text}: no worse by more than is allowed"))
            }
        }
    }
}

fn faster(most: Rate, verdict: Verdict, because: &str, base: Option<&Case>, candidate: &Case) -> (Verdict, String) {
    let Some(trend) = candidate.trend() else { return (verdict, because.to_owned()) };
    let (Some(now), _) = within(trend, most) else { return (verdict, because.to_owned()) };
    let unit = match most.amount {
        Amount::Bytes(_) => format!("B/{}", most.per),
        Amount::Objects(_) => format!("objects/{}", most.per),
    };
    let Some(base) = base else {
        let text = format!("{because}; not there in the base");
        return if now.low > 0.0 { (verdict, text) } else { (Verdict::Unclear, text) };
    };
    let Some((before, known)) = base.trend().and_then(|known| Some((within(known, most).0?, known))) else {
        let why = match &base.evidence {
            Evidence::Trend(_) => "no iterations were counted".to_owned(),
            other => other.to_string(),
        };
        return (Verdict::Unclear, format!("{because}; the base has no rate: {why}"));
    };
    let (z, cut_off) = difference((before, known), (now, trend));
    let Interval { rate, low, high } = before;
    let text =
        format!("{because}; base {rate:.1} {unit} (95 %: {low:.1} to {high:.1}), z {z:.1} of {cut_off:.1} needed");
    if z >= cut_off { (verdict, text) } else { (Verdict::Held, format!("{text}: no faster than the base")) }
}

/// How much faster the candidate is than the base, in standard errors, and how much that must be.
fn difference((before, base): (Interval, &Trend), (now, candidate): (Interval, &Trend)) -> (f64, f64) {
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

/// What an interval was made from.
fn standard_error(interval: Interval, trend: &Trend) -> f64 {
    (interval.high - interval.low) / 2.0 / quantile(trend.blocks.saturating_sub(2))
}

fn compared(candidate: &Case, base: Option<&Case>) -> Compared {
    let (now, before) = (candidate.trend(), base.and_then(Case::trend));
    let per = now.or(before).map_or(Per::Hour, Trend::natural);
    let of = |trend: Option<&Trend>| trend.and_then(|trend| trend.bytes(per));
    let both = before
        .zip(now)
        .and_then(|(before, now)| Some(difference((before.bytes(per)?, before), (now.bytes(per)?, now))));
    Compared {
        key: candidate.key.clone(),
        per,
        base: of(before),
        candidate: of(now),
        z: both.map(|(z, _)| z),
        cut_off: both.map(|(_, cut_off)| cut_off),
        growing: candidate.is_candidate(),
    }
}
