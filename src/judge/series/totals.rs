//! A pool's total: the sum of its tags' rows, or the figure that a log's tables report if rows are missing.

use super::super::completeness::{Completeness, Hidden};
use super::super::evidence::History;
use super::super::left::LeftAfterTeardown;
use super::super::sums::Sum;
use super::super::witness::POOLS;
use super::{Measured, left};

impl Measured {
    /// The history of a sum.
    pub(super) fn history_of_sum(&self, sum: &Sum) -> Option<History> {
        match self.reported(sum) {
            Some(row) => Some(self.histories.history(row)),
            None => sum.history(&self.histories),
        }
    }

    /// The bytes of several tags that are left after teardown.
    pub(in crate::judge) fn left_of_sum(&self, sum: &Sum) -> LeftAfterTeardown {
        match (self.reported(sum), &self.torn_down) {
            (_, None) => LeftAfterTeardown::NotSampled,
            (Some(row), Some(_)) => self.left_of(row),
            (None, Some(usages)) => left(sum.usage(&self.keys, usages)),
        }
    }

    /// The row of the tables' own figure for a pool, if their rows do not show every tag of it.
    pub(in crate::judge) fn reported(&self, sum: &Sum) -> Option<usize> {
        sum.reported().filter(|_| self.shown.incomplete().is_some())
    }

    /// Why missing rows prevent a total from being held.
    pub(in crate::judge) fn sum_hidden(&self, sum: &Sum) -> Option<Hidden> {
        if let Some(row) = self.reported(sum) {
            let pool = POOLS.into_iter().find(|pool| sum.is_total_of(*pool));
            let outgrown = || pool.and_then(|pool| self.witness.outgrown(pool)).map(Hidden::alike);
            return self.shown.missing(row).or_else(outgrown);
        }
        self.shown.total().or_else(|| {
            let mut contradictions = self.witness.contradictions();
            contradictions.find(|(pool, ..)| sum.is_total_of(*pool)).map(|(_, text, _)| Hidden::alike(text))
        })
    }

    /// Why the tag in `row` is not held, if tables do not show it.
    pub(in crate::judge) fn hidden(&self, row: usize) -> Option<Hidden> {
        self.shown.missing(row)
    }

    /// The rows missing in the tables of an imported log.
    pub(in crate::judge) fn shown(&self) -> Completeness {
        let drift = self.witness.contradictions().find(|(.., missing)| *missing);
        self.shown.clone().apart(drift.map(|(_, text, _)| text))
    }

    /// Contradictions between the tables' figure for a pool and their rows, if those look complete.
    pub(super) fn apart(&self) -> Vec<String> {
        let complete = self.shown.incomplete().is_none();
        self.witness.contradictions().filter(|_| complete).map(|(_, text, _)| text).collect()
    }
}
