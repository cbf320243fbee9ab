//! Compares a candidate build with a base build: does the candidate do worse than the base did?
//!
//! Both recordings are judged by the same thresholds. A threshold that the candidate breaks counts only if the base did
//! better: a leak must be faster, with (rate − base rate) / √(se² + base se²) at or above the cut-off of T, and an
//! amount must exceed the base's by more than the threshold allows. So an old leak blocks no merge, but a new one does,
//! even beside an old one.
//!
//! Two logs of one table each are joined to one log of two tables, and growth is judged as in a log.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use miette::Diagnostic;

use super::case::Case;
use super::evidence::{Interval, Trend};
use super::ignored::Ignored;
use super::judged::{Judged, Together};
use super::limit_verdict::LimitVerdict;
use super::ranking::{self, Ranking};
use super::rule::{self, OfAll, nothing_meant};
use super::series::{self, Measured};
use super::tables::LogTables;
use super::{Finding, JudgeError, Ruling, Verdict};
use crate::pool::{Key, Pool, Tag};
use crate::record::{Header, Recording};
use crate::scenario::{Limit, Per, Scenario, Subject, Threshold};

mod worse;

use worse::{difference, figure, fixed, sure, worse};

/// The verdicts on a candidate, with the figures of both sides.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// One for each threshold, in the scenario's order.
    pub rulings: Vec<Ruling>,
    /// Every tag of the candidate.
    pub tags: Vec<Compared>,
    /// Remarks on either recording.
    pub notes: Vec<String>,
    /// The scenario's `ignore` entries.
    pub ignored: Vec<Ignored>,
    /// The tags that grew most from the base to the candidate, if each is a single table.
    pub ranking: Option<Ranking>,
}

/// One tag on both sides, in bytes.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The tag, with the candidate's key.
    pub key: Key,
    /// The unit of the rates: per iteration or per hour.
    pub per: Per,
    /// The base's rate; `None` when it is not known.
    pub base: Option<Interval>,
    /// The candidate's rate; `None` when it is not known.
    pub candidate: Option<Interval>,
    /// How much faster the candidate grows, in standard errors; `None` when one of the rates is not known.
    pub z: Option<f64>,
    /// The cut-off that `z` is compared with.
    pub cut_off: Option<f64>,
    /// The candidate grows steadily.
    pub growing: bool,
}

/// Why two recordings cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum CompareError {
    /// The base cannot be judged.
    #[error("the base cannot be judged: {0}")]
    #[diagnostic(help("give recordings of whole runs, each with a workload"))]
    Base(JudgeError),
    /// The candidate cannot be judged.
    #[error("the candidate cannot be judged: {0}")]
    #[diagnostic(help("give recordings of whole runs, each with a workload"))]
    Candidate(JudgeError),
    /// No tag is in both recordings.
    #[error("the base and the candidate are unrelated: no tag is in both")]
    #[diagnostic(help("give two recordings of the same scenario, or two logs of the same machine"))]
    Unrelated,
}

/// Compares `candidate` with `base` by the thresholds of `scenario`.
///
/// # Errors
/// When one of the recordings cannot be judged, or when they have no tag in common.
pub fn compare(scenario: &Scenario, base: &Recording, candidate: &Recording) -> Result<Comparison, CompareError> {
    let before = read(scenario, base).map_err(CompareError::Base)?;
    let mut after = read(scenario, candidate).map_err(CompareError::Candidate)?;
    let known: HashSet<_> = before.keys().iter().map(Key::identity).collect();
    if !after.keys().iter().any(|key| known.contains(&key.identity())) {
        return Err(CompareError::Unrelated);
    }
    let mut notes: Vec<String> = before.notes().into_iter().map(|note| format!("base: {note}")).collect();
    notes.extend(after.notes());
    notes.extend(differences(base.header(), candidate.header()));
    after.follow(&before, apart(base.header(), candidate.header()));
    let joined = after.tables().is_some_and(LogTables::are_joined);
    let timed = base.header().times_are_known() && candidate.header().times_are_known();
    let sides = [(base, &before), (candidate, &after)];
    let [base, candidate] = sides.map(|(recording, measured)| Judged::new(scenario, recording, measured));
    let ranking = after.tables().filter(|_| joined).and_then(|tables| ranking::ranking(tables, timed, &candidate.tags));
    let base = Base::new(&base, joined);
    let thresholds = scenario.thresholds();
    let rulings = thresholds.iter().zip(&candidate.reported);
    let rulings = rulings.map(|(threshold, reported)| rule(threshold, &base, &candidate, reported)).collect();
    let tags = candidate.tags.iter().map(|case| compared(case, base.tag(case))).collect();
    Ok(Comparison { rulings, tags, notes, ignored: candidate.ignored, ranking })
}

fn read(scenario: &Scenario, recording: &Recording) -> Result<Measured, JudgeError> {
    let measured = series::read(scenario, recording);
    measured.is_complete()?;
    Ok(measured)
}

/// The time from the base to the candidate; zero if a recording does not give its time.
fn apart(base: &Header, candidate: &Header) -> Duration {
    let known = [base, candidate].iter().all(|header| header.started > Timestamp::UNIX_EPOCH);
    let apart = candidate.started.duration_since(base.started);
    Duration::try_from(apart).ok().filter(|_| known).unwrap_or_default()
}

/// Signs that the two recordings are not of the same thing.
fn differences(base: &Header, candidate: &Header) -> Vec<String> {
    let mut notes = Vec::new();
    let runs = base.scenario_sha256.is_known() && candidate.scenario_sha256.is_known();
    if runs && base.scenario != candidate.scenario {
        let (base, candidate) = (&base.scenario, &candidate.scenario);
        notes.push(format!("the base is from another scenario: {base}, not {candidate}"));
    }
    if base.source != candidate.source {
        let (base, candidate) = (&base.source, &candidate.source);
        notes.push(format!("the base was measured in another way: {base}, not {candidate}"));
    }
    if base == candidate {
        notes.push("the base and the candidate have the same header, so they seem to be the same recording".to_owned());
    }
    notes
}

/// The base's cases: its tags by their identity, and its sums.
struct Base<'a> {
    tags: HashMap<(&'a Tag, Pool, Option<u32>), &'a Case>,
    sums: &'a [Together],
    /// The base and the candidate are joined to one log of two tables.
    joined: bool,
}

impl<'a> Base<'a> {
    fn new(judged: &'a Judged, joined: bool) -> Base<'a> {
        let mut tags = HashMap::with_capacity(judged.tags.len());
        for case in &judged.tags {
            tags.entry(case.key.identity()).or_insert(case);
        }
        Base { tags, sums: &judged.sums, joined }
    }

    /// The base's case of the same tag.
    fn tag(&self, candidate: &Case) -> Option<&'a Case> {
        self.tags.get(&candidate.key.identity()).copied()
    }

    /// The base's case for a case that `threshold` applies to: of the same tag, or of the threshold's sum.
    fn case(&self, threshold: &Threshold, candidate: &Case) -> Option<&'a Case> {
        if !candidate.several {
            return self.tag(candidate);
        }
        self.sums.iter().find(|sum| sum.of == threshold.subject).map(|sum| &sum.case)
    }
}

fn rule(threshold: &Threshold, base: &Base<'_>, candidate: &Judged, reported: &[Finding]) -> Ruling {
    let mut cases: Vec<(&Case, Verdict, String)> = Vec::new();
    let (mut of_all, named) = (OfAll::default(), rule::names(threshold));
    for (case, verdicts) in rule::meant(threshold, candidate) {
        if of_all.takes(threshold, &verdicts) {
            continue;
        }
        // Several tags together are judged by their rates only.
        let rates = verdicts.len() < threshold.limits.len();
        let limits = threshold.limits.iter().filter(|limit| !rates || matches!(limit, Limit::MaxRate(_)));
        let mut any_fixed = false;
        let against: Vec<(Verdict, String)> = limits
            .zip(&verdicts)
            .map(|(limit, judged)| match judged {
                // The growth already includes the base.
                LimitVerdict { verdict, because, .. } if base.joined && matches!(limit, Limit::MaxGrowth(_)) => {
                    (*verdict, because.clone())
                }
                LimitVerdict { verdict: Verdict::Held, because, .. } => {
                    let fixed = base.case(threshold, case).and_then(|base| fixed(threshold, limit, named, base));
                    any_fixed |= fixed.is_some();
                    (Verdict::Held, because.clone() + &fixed.unwrap_or_default())
                }
                LimitVerdict { verdict, because, doubt: Some(_), .. } => (*verdict, because.clone()),
                LimitVerdict { verdict, because, .. } => {
                    let measured = case.measured(threshold, limit).unwrap_or(case);
                    let base = base.case(threshold, case).and_then(|base| base.in_pool(measured.key.pool));
                    sure(limit, base, worse(limit, *verdict, because, base, measured))
                }
            })
            .collect();
        if verdicts.iter().any(|limit| limit.verdict != Verdict::Held) || any_fixed || named {
            let (verdict, because) = rule::worst(against);
            cases.push((case, verdict, because));
        }
    }
    of_all.add(candidate.shown.hidden_from(&threshold.subject));
    let none = (reported.is_empty() && rule::meant(threshold, candidate).next().is_none())
        .then(|| nothing_meant(&threshold.subject, &candidate.shown));
    rule::put_in_order(threshold, &mut cases);
    let findings = candidate.lockstep.gathered(cases).into_iter().map(|(case, finding)| {
        let base = Some(figure(threshold, base.case(threshold, case)));
        Finding { base, ..finding }
    });
    let findings = rule::joined(findings.collect(), of_all.finding(threshold).or(none));
    let findings: Vec<Finding> = reported.iter().cloned().chain(findings).collect();
    let worst = findings.iter().map(|finding| finding.verdict).max();
    // Only tags that were not held are listed, so a threshold on tags without a finding is held.
    let otherwise = if matches!(threshold.subject, Subject::Tags { .. }) { Verdict::Held } else { Verdict::Unclear };
    Ruling { threshold: threshold.clone(), verdict: worst.unwrap_or(otherwise), findings }
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
