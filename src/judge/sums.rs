//! Series of several tags together: a pool's total, and what the tags of one driver hold in all.
//!
//! A leak which shows in k tags at once, each time in all of them, is √k times easier to see in their sum than in any of
//! them. Which tags are summed is the scenario's word (a pattern such as `MyD?`), never what was measured: sums chosen for
//! their growth would grow by that alone.

use super::evidence::{Extension, History};
use crate::pool::{Counters, Key, Pool, Tag, Usage};
use crate::record::{SecondLook, Stage};
use crate::scenario::{Limit, Scenario, Subject};

/// Several tags together.
pub(super) struct Sum {
    /// Which tags.
    pub(super) of: Subject,
    /// Their rows.
    rows: Vec<usize>,
    first: Option<Pool>,
    pub(super) history: Option<History>,
}

impl Sum {
    /// Every sum there may be in a run of `scenario`.
    pub(super) fn all(scenario: &Scenario) -> Vec<Sum> {
        let mut subjects: Vec<Subject> = Pool::ALL.map(Subject::Total).into();
        for threshold in scenario.thresholds() {
            let has_rate = threshold.limits.iter().any(|limit| matches!(limit, Limit::MaxRate(_)));
            let several =
                matches!(&threshold.subject, Subject::Tags { tag, .. } if tag.names_tags() && !tag.is_literal());
            if has_rate && several && !subjects.contains(&threshold.subject) {
                subjects.push(threshold.subject);
            }
        }
        subjects.into_iter().map(|of| Sum { of, rows: Vec::new(), first: None, history: None }).collect()
    }

    /// Looks whether the tag of a new row is one of them; `slots` are over.
    pub(super) fn meet(&mut self, row: usize, key: &Key, slots: u64) {
        if self.of.means(key) {
            self.rows.push(row);
            self.first.get_or_insert(key.pool);
            self.history.get_or_insert_with(|| History::appearing_after(Counters::InUse, slots));
        }
    }

    /// Adds a sample.
    pub(super) fn sample(&mut self, stage: Stage, keys: &[Key], usages: &[Option<Usage>]) {
        let usage = self.usage(keys, usages);
        if let Some(history) = &mut self.history {
            history.push(stage, usage);
        }
    }

    /// What they hold, as objects in use; `None` when none of them is there.
    pub(super) fn usage(&self, keys: &[Key], usages: &[Option<Usage>]) -> Option<Usage> {
        let present = self.rows.iter().filter_map(|row| Some((keys.get(*row)?, usages.get(*row).copied().flatten()?)));
        present.fold(None, |sum: Option<Usage>, (key, usage)| {
            let Usage { allocs, bytes, .. } = sum.unwrap_or_default();
            let live = key.live(usage) as u64;
            Some(Usage { allocs: allocs.wrapping_add(live), frees: 0, bytes: bytes.wrapping_add(usage.bytes) })
        })
    }

    /// The name a second look calls it by: no kernel has such a tag.
    pub(super) fn key(&self) -> Option<Key> {
        let name = match &self.of {
            Subject::Total(pool) => format!("total {pool}"),
            Subject::Tags { tag, .. } => format!("{tag} together"),
        };
        Some(Key::new(name.parse::<Tag>().ok()?, self.first?, Counters::InUse))
    }

    /// Its part in a second look, when it is one of the candidates.
    pub(super) fn extension(&self, plan: &SecondLook) -> Option<Extension> {
        let wanted = self.key().is_some_and(|key| plan.candidates.contains(&key));
        self.history.as_ref().filter(|_| wanted).map(|history| Extension::new(plan, Counters::InUse, history))
    }

    /// The rows of its tags.
    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }
}
