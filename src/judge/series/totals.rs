//! A pool's total: by the rows of its tags, or by what a log's tables report of the whole pool where rows are missing.

use super::super::evidence::History;
use super::super::left::Left;
use super::super::shown::{Hidden, Shown};
use super::super::sums::Sum;
use super::super::witness::POOLS;
use super::{Measured, left};

impl Measured {
    /// What the tags of a sum did together.
    pub(super) fn history_of_sum(&self, sum: &Sum) -> Option<History> {
        match self.reported(sum) {
            Some(row) => Some(self.histories.of(row)),
            None => sum.history(&self.histories),
        }
    }

    /// What teardown left of several tags together.
    pub(in crate::judge) fn left_of_sum(&self, sum: &Sum) -> Left {
        match (self.reported(sum), &self.torn_down) {
            (_, None) => Left::NotSampled,
            (Some(row), Some(_)) => self.left_of(row),
            (None, Some(usages)) => left(sum.usage(&self.keys, usages)),
        }
    }

    /// The row of what the tables report of a whole pool, where their rows do not show every tag of it.
    pub(in crate::judge) fn reported(&self, sum: &Sum) -> Option<usize> {
        sum.reported().filter(|_| self.shown.incomplete().is_some())
    }

    /// Why a total is not held, as far as rows are missing.
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

    /// Why the tag in `row` is not held, as far as tables do not show it.
    pub(in crate::judge) fn hidden(&self, row: usize) -> Option<Hidden> {
        self.shown.missing(row)
    }

    /// Which rows the tables of an imported log do not show.
    pub(in crate::judge) fn shown(&self) -> Shown {
        let drift = self.witness.contradictions().find(|(.., missing)| *missing);
        self.shown.clone().apart(drift.map(|(_, text, _)| text))
    }

    /// What the tables report of a pool that contradicts their rows, which look complete.
    pub(super) fn apart(&self) -> Vec<String> {
        let complete = self.shown.incomplete().is_none();
        self.witness.contradictions().filter(|_| complete).map(|(_, text, _)| text).collect()
    }
}
