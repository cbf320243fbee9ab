//! Tags which leak in lockstep are one finding: one cause, of which several tags show a part.
//!
//! An I/O request that is never completed leaves an `Irp`, a `File`, and two `MyD1` behind, each time. Their objects grow in
//! ratios of small whole numbers, and where the growth is uneven, it is uneven in the same way. The root is the tag that
//! is most specific to a driver, and of several the one that grows most.

use std::collections::HashMap;

use super::case::Case;
use super::evidence::History;
use super::suspects::owner;
use super::{Finding, Verdict};
use crate::pool::{Key, Pool};

/// Ratios which are looked for, to one or the other.
const RATIOS: [f64; 4] = [1.0, 2.0, 3.0, 4.0];
/// How far from it a ratio may be, at the least and at the most, as a share.
const NEAR: (f64, f64) = (0.02, 0.1);
/// Blocks whose increments are compared.
const BLOCKS: usize = 24;
/// Increments as even as this, in objects², have nothing to compare but their rates, where those are known well.
const EVEN: f64 = 1.0;
/// How alike uneven increments must be.
const ALIKE: f64 = 0.5;

/// Which tags grow in lockstep with which.
#[derive(Debug, Clone, Default)]
pub(super) struct Lockstep {
    /// For each tag which is not alone, its group.
    groups: HashMap<Key, usize>,
}

struct Member<'a> {
    key: &'a Key,
    rate: f64,
    /// Half of the interval, as a share of the rate.
    width: f64,
    increments: Vec<f64>,
}

impl Lockstep {
    /// The groups among `cases`; `history` gives that of a case by its place.
    pub(super) fn of(cases: &[Case], history: impl Fn(usize) -> History) -> Lockstep {
        let cases = cases.iter().enumerate();
        let members: Vec<Member<'_>> = cases.filter_map(|(at, case)| member(case, || history(at))).collect();
        let mut group: Vec<usize> = (0..members.len()).collect();
        for (at, one) in members.iter().enumerate() {
            for (other_at, other) in members.iter().enumerate().skip(at + 1) {
                if one.is_in_lockstep_with(other) {
                    let (from, to) = (group[other_at], group[at]);
                    group.iter_mut().filter(|group| **group == from).for_each(|group| *group = to);
                }
            }
        }
        let together = |of: &usize| group.iter().filter(|group| *group == of).count() > 1;
        let groups = members.iter().zip(&group).filter(|(_, group)| together(group));
        Lockstep { groups: groups.map(|(member, group)| (member.key.clone(), *group)).collect() }
    }

    /// The tags in lockstep with `key`.
    pub(super) fn with<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Key> {
        let group = self.groups.get(key);
        let others = self.groups.iter().filter(move |(other, of)| Some(*of) == group && *other != key);
        others.map(|(other, _)| other)
    }

    /// Findings, with those in lockstep gathered under their root; the order is kept.
    pub(super) fn gathered(&self, told: Vec<(&Case, Verdict, String)>) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        let mut done: Vec<usize> = Vec::new();
        for (case, verdict, because) in &told {
            let group = self.groups.get(&case.key).filter(|_| *verdict != Verdict::Held);
            let Some(group) = group else {
                findings.push(finding(case, *verdict, because.clone()));
                continue;
            };
            if done.contains(group) {
                continue;
            }
            done.push(*group);
            let mut members: Vec<_> =
                told.iter().filter(|(case, _, _)| self.groups.get(&case.key) == Some(group)).collect();
            members.sort_by(|(one, verdict, _), (other, other_verdict, _)| {
                let order = other_verdict.cmp(verdict).then_with(|| owner(&one.key).cmp(&owner(&other.key)));
                order.then_with(|| growth(other).total_cmp(&growth(one))).then_with(|| one.key.cmp(&other.key))
            });
            let Some(((root, verdict, because), others)) = members.split_first() else { continue };
            let others: Vec<String> = others.iter().map(|(case, _, _)| beside(case, root)).collect();
            let because = match others.as_slice() {
                [] => because.clone(),
                some => format!("{because}; in lockstep with it: {}", some.join(", ")),
            };
            findings.push(finding(root, *verdict, because));
        }
        findings
    }
}

fn finding(case: &Case, verdict: Verdict, because: String) -> Finding {
    let key = (!case.several).then(|| case.key.clone());
    Finding { key, subject: subject(case), verdict, because, base: None }
}

/// What a finding calls a case.
pub(super) fn subject(case: &Case) -> String {
    if case.several { case.key.tag.to_string() } else { case.key.to_string() }
}

/// By how many bytes a tag grew in the first look.
fn growth(case: &Case) -> f64 {
    case.trend().map_or(f64::NEG_INFINITY, |trend| trend.growth.1)
}

/// A tag in lockstep with its root, with how many objects go with one of the root's.
fn beside(case: &Case, root: &Case) -> String {
    let rate = |case: &Case| case.trend().map_or(f64::NAN, |trend| trend.objects_a_slot().rate);
    format!("{} ({:.2} objects for each)", case.key, rate(case) / rate(root))
}

fn member(case: &Case, history: impl FnOnce() -> History) -> Option<Member<'_>> {
    // What the kernel reports of a whole pool grows with every tag in it.
    let tags = case.key.pool != Pool::Kernel;
    let trend = case.trend().filter(|_| tags && case.is_candidate())?;
    let interval = trend.objects_a_slot();
    let stretch = history().work().split(trend.window.0, BLOCKS)?;
    let increments = stretch.blocks.windows(2).map(|pair| (pair[1].objects - pair[0].objects) as f64).collect();
    let width = (interval.high - interval.rate) / interval.rate;
    (interval.rate > 0.0).then_some(Member { key: &case.key, rate: interval.rate, width, increments })
}

impl Member<'_> {
    fn is_in_lockstep_with(&self, other: &Member<'_>) -> bool {
        let ratio = (self.rate / other.rate).max(other.rate / self.rate);
        let width = self.width.hypot(other.width);
        let near = width.clamp(NEAR.0, NEAR.1);
        let whole = RATIOS.iter().any(|whole| (ratio / whole).ln().abs() <= near);
        let known = width <= NEAR.1;
        whole && self.increments.len() == other.increments.len() && self.is_alike(other, known)
    }

    /// `known` when their rates say enough by themselves. Where few objects make them uncertain, nearly half of all pairs
    /// are near one of `RATIOS` by chance.
    fn is_alike(&self, other: &Member<'_>, known: bool) -> bool {
        let centred = |increments: &[f64]| -> Vec<f64> {
            let mean = increments.iter().sum::<f64>() / increments.len() as f64;
            increments.iter().map(|increment| increment - mean).collect()
        };
        let (one, other) = (centred(&self.increments), centred(&other.increments));
        let product = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
        let (squares, others) = (product(&one, &one), product(&other, &other));
        let even = EVEN * one.len() as f64;
        if known && squares <= even && others <= even {
            return true;
        }
        // What is not uneven at all is like nothing but its equal.
        (squares > 0.0) == (others > 0.0) && product(&one, &other) >= ALIKE * (squares * others).sqrt()
    }
}
