//! Series of several tags together: a pool's total, and the sum of one driver's tags.
//!
//! A leak that shows in k tags at once, each time in all of them, is √k times easier to see in their sum than in any of
//! them. Troughs are summed, not samples, because short peaks are absent from a trough. The scenario decides which tags
//! are summed (by a pattern such as `MyD?`), never the measurements: sums selected for their growth would grow by the
//! selection alone.

use super::evidence::{Extension, Histories, History};
use crate::pool::{Counters, Figure, Key, Pool, Tag, Usage};
use crate::record::{SecondLook, Stage};
use crate::scenario::{Limit, Scenario, Subject};

/// The series of several tags together.
pub(super) struct Sum {
    /// The tags it sums.
    pub(super) of: Subject,
    /// The rows of the tags.
    rows: Vec<usize>,
    first: Option<Pool>,
    /// The row of the pool's total as a log's tables report it.
    reported: Option<usize>,
    /// The sum over a pool, sample by sample.
    total: Option<Histories>,
}

/// A sum in a second look.
pub(super) enum Extended {
    /// A pool as a whole.
    Total(Box<Extension>),
    /// Each of the tags, by its row.
    Tags(Vec<(usize, Extension)>),
}

impl Sum {
    /// All sums that a run of `scenario` may have.
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
        subjects.into_iter().map(|of| Sum { of, rows: Vec::new(), first: None, reported: None, total: None }).collect()
    }

    /// Adds the tag of a new row if it belongs to the sum; `slots` is the number of slots so far.
    pub(super) fn meet(&mut self, row: usize, key: &Key, slots: u64) {
        if let Some(pool) = Figure::from_key(key).and_then(Figure::total_of)
            && self.is_total_of(pool)
            && key.counters == Counters::BytesOnly
        {
            self.reported = Some(row);
            self.first.get_or_insert(pool);
        }
        if self.of.means(key) {
            self.rows.push(row);
            self.first.get_or_insert(key.pool);
            if matches!(self.of, Subject::Total(_)) {
                self.total.get_or_insert_with(|| Histories::of_one(Counters::InUse, slots));
            }
        }
    }

    /// Counts a slot without a sample.
    pub(super) fn miss(&mut self) {
        self.total.iter_mut().for_each(Histories::miss);
    }

    /// The history of the sum; `None` if it has no tags.
    pub(super) fn history(&self, tags: &Histories) -> Option<History> {
        match &self.of {
            Subject::Total(_) => self.total.as_ref().map(|total| total.history(0)),
            Subject::Tags { .. } => self.rows.iter().map(|row| tags.history(*row)).reduce(|sum, one| sum.plus(&one)),
        }
    }

    /// Adds a sample to the sum over a pool; other sums are computed from the series of their tags.
    pub(super) fn sample(&mut self, stage: Stage, keys: &[Key], usages: &[Option<Usage>]) {
        if self.total.is_none() {
            return;
        }
        let usage = self.usage(keys, usages);
        self.total.iter_mut().for_each(|total| total.sample(stage, &[usage]));
    }

    /// The usage of all tags, as objects in use; `None` if none of them is present.
    pub(super) fn usage(&self, keys: &[Key], usages: &[Option<Usage>]) -> Option<Usage> {
        let present = self.rows.iter().filter_map(|row| Some((keys.get(*row)?, usages.get(*row).copied().flatten()?)));
        present.fold(None, |sum: Option<Usage>, (key, usage)| {
            let Usage { allocs, bytes, .. } = sum.unwrap_or_default();
            let live = key.live(usage) as u64;
            Some(Usage { allocs: allocs.wrapping_add(live), frees: 0, bytes: bytes.wrapping_add(usage.bytes) })
        })
    }

    /// Its name in a second look. No kernel has such a tag.
    pub(super) fn key(&self) -> Option<Key> {
        let name = match &self.of {
            Subject::Total(pool) => format!("total {pool}"),
            Subject::Tags { tag, .. } => format!("{tag} together"),
        };
        Some(Key::new(name.parse::<Tag>().ok()?, self.first?, Counters::InUse))
    }

    /// Starts its part in a second look, if it is one of the candidates.
    pub(super) fn extended(&self, plan: &SecondLook, keys: &[Key], tags: &Histories) -> Option<Extended> {
        self.key().filter(|key| plan.candidates.contains(key))?;
        match &self.of {
            Subject::Total(_) => {
                Some(Extended::Total(Box::new(Extension::new(plan, Counters::InUse, &self.history(tags)?))))
            }
            Subject::Tags { .. } => {
                let each = self.rows.iter().filter_map(|row| Some((*row, keys.get(*row)?)));
                let each = each.map(|(row, key)| (row, Extension::new(plan, key.counters, &tags.history(row))));
                Some(Extended::Tags(each.collect()))
            }
        }
    }

    /// The row of the tables' own figure for the pool, if this is a pool's total and they have one.
    pub(super) fn reported(&self) -> Option<usize> {
        self.reported
    }

    /// Whether it is the total of this pool.
    pub(super) fn is_total_of(&self, pool: Pool) -> bool {
        matches!(self.of, Subject::Total(of) if of == pool)
    }

    /// The rows of its tags.
    pub(super) fn rows(&self) -> &[usize] {
        &self.rows
    }
}

impl Extended {
    /// Adds the sample of a slot.
    pub(super) fn sample(&mut self, of: &Sum, keys: &[Key], usages: &[Option<Usage>]) {
        match self {
            Extended::Total(extension) => extension.push(of.usage(keys, usages)),
            Extended::Tags(tags) => {
                tags.iter_mut().for_each(|(row, extension)| extension.push(usages.get(*row).copied().flatten()));
            }
        }
    }

    /// The series of the sum: one for a total, else one for each tag.
    pub(super) fn extensions(&mut self) -> Vec<&mut Extension> {
        match self {
            Extended::Total(extension) => vec![extension],
            Extended::Tags(tags) => tags.iter_mut().map(|(_, extension)| extension).collect(),
        }
    }

    /// The sum of these series.
    pub(super) fn together(&self) -> Option<Extension> {
        match self {
            Extended::Total(extension) => Some((**extension).clone()),
            Extended::Tags(tags) => {
                let mut each = tags.iter().map(|(_, extension)| extension);
                let first = each.next()?.clone();
                Some(each.fold(first, |sum, one| sum.plus(one)))
            }
        }
    }
}
