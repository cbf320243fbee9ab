//! Amounts before and after: the settled levels of a run, or the tables of a log without stages.

use std::time::Duration;

use super::super::amounts::{Amounts, Unknown};
use super::super::evidence::{Early, History};
use super::super::level::{Levels, settled};
use super::super::tables::{LogTables, Side};
use super::Measured;

impl Measured {
    /// The amounts of the tag in `row`, before and after.
    pub(in crate::judge) fn amounts(&self, row: usize, history: &History) -> Amounts {
        self.tables.as_ref().map_or_else(|| self.at_rest(history), |tables| tables.amounts(row))
    }

    /// The amounts of the sum at index `at`, before and after.
    pub(in crate::judge) fn amounts_of_sum(&self, at: usize, history: &History) -> Amounts {
        self.tables.as_ref().map_or_else(|| self.at_rest(history), |tables| tables.amounts_of_sum(at))
    }

    /// The tables, if the recording is a log without stages.
    pub(in crate::judge) fn tables(&self) -> Option<&LogTables> {
        self.tables.as_ref()
    }

    /// The rate of a series too short for the test. A log is assumed to begin after the warm-up.
    pub(in crate::judge) fn early(&self, history: &History) -> Option<Early> {
        let warm_up = if self.staged { self.clock.window().warm_up } else { 0 };
        let from = warm_up.max(history.reset().unwrap_or(0)).max(history.begun());
        self.clock.ticks().and_then(|ticks| Early::from_history(history, from, &ticks))
    }

    /// Joins this to `base` as the second table of one log, `apart` in time, if each is a single table.
    pub(in crate::judge) fn follow(&mut self, base: &Measured, apart: Duration) {
        if let (Some(before), Some(after)) = (&base.tables, &self.tables) {
            let [base, candidate] =
                [(before, &base.keys), (after, &self.keys)].map(|(tables, keys)| Side { tables, keys });
            self.tables = LogTables::joined(base, candidate, &self.sums, apart).or(self.tables.take());
        }
    }

    /// The settled levels of a run.
    fn at_rest(&self, history: &History) -> Amounts {
        let (before, after) = (history.before().samples(), history.after().samples());
        let after = if self.rested.1 == 0 {
            Err(Unknown::NotAtRestAfter)
        } else if history.is_gone() {
            Err(Unknown::Gone)
        } else {
            let bytes = settled(after.iter().map(|sample| sample.bytes as u64));
            bytes.zip(settled(after.iter().map(|sample| sample.objects))).ok_or(Unknown::NotAtRestAfter)
        };
        let levels = after.and_then(|(bytes_after, objects_after)| match (self.rested.0, history.reset()) {
            (0, _) => Err(Unknown::NotAtRestBefore),
            (_, Some(_)) => Err(Unknown::CountersReset),
            (_, None) => Ok(Levels {
                // A tag without a sample in a sampled lead-in appeared later, so it held nothing before.
                bytes_before: settled(before.iter().map(|sample| sample.bytes as u64)).unwrap_or(0),
                bytes_after,
                objects_before: settled(before.iter().map(|sample| sample.objects)).unwrap_or(0),
                objects_after,
            }),
        });
        Amounts::at_rest(levels, after.map(|(bytes, _)| bytes))
    }
}
