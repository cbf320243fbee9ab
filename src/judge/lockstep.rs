//! Groups tags that leak in lockstep into one finding, because they share one cause.
//!
//! An I/O request that is never completed leaves an `Irp`, a `File`, and two `MyD1` behind, each time. The numbers of
//! their objects grow in ratios of small whole numbers, and uneven growth is uneven in the same way. The root of a
//! group is the tag that is most specific to a driver; among several such tags, the one that grows most.

use std::collections::HashMap;

use super::case::Case;
use super::evidence::History;
use super::suspects::owner;
use super::{Finding, Verdict};
use crate::pool::{Key, Pool};

/// Ratios to look for, in either direction.
const RATIOS: [f64; 4] = [1.0, 2.0, 3.0, 4.0];
/// Tolerance of a ratio as a share: the least and the most.
const NEAR: (f64, f64) = (0.02, 0.1);
/// Number of blocks for comparing increments.
const BLOCKS: usize = 24;
/// The variance, in objects², up to which increments count as even. Only rates are then compared, if they are well
/// known.
const EVEN: f64 = 1.0;
/// The least correlation of uneven increments.
const ALIKE: f64 = 0.5;

/// The groups of tags that grow in lockstep.
#[derive(Debug, Clone, Default)]
pub(super) struct Lockstep {
    /// The group of each tag that is not alone.
    groups: HashMap<Key, usize>,
}

struct Member<'a> {
    key: &'a Key,
    rate: f64,
    /// Half the width of the rate's interval, as a share of the rate.
    width: f64,
    increments: Vec<f64>,
}

impl Lockstep {
    /// Finds the groups among `cases`; `history` returns the history of the case at an index.
    pub(super) fn new(cases: &[Case], history: impl Fn(usize) -> History) -> Lockstep {
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

    /// Converts to findings, each with its case, and each lockstep group under its root; keeps the order.
    pub(super) fn gathered<'a>(&self, cases: Vec<(&'a Case, Verdict, String)>) -> Vec<(&'a Case, Finding)> {
        let mut findings: Vec<(&Case, Finding)> = Vec::new();
        let mut done: Vec<usize> = Vec::new();
        for (case, verdict, because) in &cases {
            let group = self.groups.get(&case.key).filter(|_| *verdict != Verdict::Held);
            let Some(group) = group else {
                findings.push((case, finding(case, *verdict, because.clone())));
                continue;
            };
            if done.contains(group) {
                continue;
            }
            done.push(*group);
            let mut members: Vec<_> =
                cases.iter().filter(|(case, _, _)| self.groups.get(&case.key) == Some(group)).collect();
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
            findings.push((root, finding(root, *verdict, because)));
        }
        findings
    }
}

fn finding(case: &Case, verdict: Verdict, because: String) -> Finding {
    let key = (!case.several).then(|| case.key.clone());
    let subject = if case.several { case.key.tag.to_string() } else { case.key.to_string() };
    Finding { key, subject, verdict, because, base: None }
}

/// Bytes by which a tag grew over its tested window.
fn growth(case: &Case) -> f64 {
    case.trend().map_or(f64::NEG_INFINITY, |trend| trend.growth.1)
}

/// Describes a tag in lockstep with `root`, with its number of objects for each of the root's.
fn beside(case: &Case, root: &Case) -> String {
    let rate = |case: &Case| case.trend().map_or(f64::NAN, |trend| trend.objects_a_slot().rate);
    format!("{} ({:.2} objects for each)", case.key, rate(case) / rate(root))
}

fn member(case: &Case, history: impl FnOnce() -> History) -> Option<Member<'_>> {
    // The kernel's figure for a whole pool grows with every tag in it.
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

    /// `known`: the rates are precise enough by themselves. With few objects they are imprecise, and nearly half of all
    /// pairs are near one of `RATIOS` by chance.
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
        // A perfectly even series matches only another perfectly even one.
        (squares > 0.0) == (others > 0.0) && product(&one, &other) >= ALIKE * (squares * others).sqrt()
    }
}
