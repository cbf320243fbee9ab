//! Tracks rows missing in the tables of an imported log.
//!
//! A table with unread rows, or with only some of the tags, is evidence for the tags it shows and for no others. So a
//! tag missing in such a table is not held, and neither is a threshold on tags that may be missing. A verdict of broken
//! stays.

use std::collections::BTreeSet;

use crate::counted::counted;
use crate::pool::{Key, Usage};
use crate::record::Incomplete;
use crate::scenario::Subject;

/// Completeness of the tables.
#[derive(Debug, Clone, Default)]
pub(super) struct Completeness {
    /// Flaws of the table that comes next.
    next: Incomplete,
    tables: u64,
    /// Tables with unread rows, or with only some of the tags.
    incomplete: u64,
    /// Tables with only some of the tags.
    partial: u64,
    /// Rows that could not be read.
    unread: u64,
    /// Tags and pools of unread rows.
    rows: BTreeSet<Key>,
    /// An unread row may be of any tag.
    any: bool,
    /// For each row, the number of incomplete tables without it.
    missing: Vec<u64>,
    /// Why a tag may be missing in tables that look complete.
    apart: Option<String>,
}

impl Completeness {
    /// Records the flaws of the next table.
    pub(super) fn mark(&mut self, table: Incomplete) {
        self.unread += table.unread;
        self.any |= (table.rows.len() as u64) < table.unread;
        self.rows.extend(table.rows.iter().cloned());
        self.next.add(table);
    }

    /// Counts a table, and the rows missing in it.
    pub(super) fn sample(&mut self, usages: &[Option<Usage>]) {
        let table = std::mem::take(&mut self.next);
        self.tables += 1;
        self.missing.resize(usages.len(), self.incomplete);
        if table.is_nothing() {
            return;
        }
        self.incomplete += 1;
        self.partial += u64::from(table.partial);
        self.missing.iter_mut().zip(usages).for_each(|(missing, usage)| *missing += u64::from(usage.is_none()));
    }

    /// Sets why tags may be missing in complete tables: they report more than the sum of their rows.
    pub(super) fn apart(self, apart: Option<String>) -> Completeness {
        Completeness { apart: apart.map(|apart| format!("{apart}, so a tag may be missing")), ..self }
    }

    /// Why a verdict on all tags is not "held"; `None` if every table shows every tag.
    pub(super) fn incomplete(&self) -> Option<String> {
        let Completeness { partial, tables, .. } = self;
        let unread = match self.unread {
            0 => None,
            unread => Some(counted(unread, "row of data could not be read", "rows of data could not be read")),
        };
        let tables = counted(*tables, "table shows", "tables show");
        let partial = (*partial > 0).then(|| format!("{partial} of {tables} only some of the tags"));
        let both: Vec<String> = unread.into_iter().chain(partial).collect();
        let known = (!both.is_empty()).then(|| both.join(" and "));
        known
            .map(|both| format!("{both}, so nothing is known of tags that are not shown"))
            .or_else(|| self.apart.clone())
    }

    /// Why a threshold on `subject` is not held, regardless of the rows that were read.
    pub(super) fn hidden_from(&self, subject: &Subject) -> Option<String> {
        let unread = || self.rows.iter().any(|key| subject.means(key));
        let hidden = match subject {
            // A total has a case of its own.
            Subject::Total(_) => false,
            Subject::Tags { tag, pool, .. } if tag.is_literal() => unread() || (self.any && pool.is_none()),
            Subject::Tags { .. } => unread() || self.any || self.partial > 0 || self.apart.is_some(),
        };
        if hidden { self.incomplete() } else { None }
    }

    /// Why the tag in `row` is not held; `None` if every incomplete table has it.
    pub(super) fn missing(&self, row: usize) -> Option<Hidden> {
        let missing = self.missing.get(row).copied().filter(|missing| *missing > 0)?;
        let itself = format!(
            "missing in {missing} of {} every tag",
            counted(self.tables, "table, which does not show", "tables, which do not show")
        );
        Some(Hidden { itself, any: self.incomplete()? })
    }

    /// Why a sum of all rows is not held; `None` if every table shows every tag.
    pub(super) fn total(&self) -> Option<Hidden> {
        self.incomplete().map(Hidden::alike)
    }
}

/// Why a tag missing in tables, or a sum of such tags, is not held.
#[derive(Debug, Clone)]
pub(super) struct Hidden {
    itself: String,
    /// The reason for any tag, so that a threshold on all tags gives it once.
    any: String,
}

impl Hidden {
    /// The same reason for every tag.
    pub(super) fn alike(any: String) -> Hidden {
        Hidden { itself: any.clone(), any }
    }

    /// The reason, for a threshold that names the tag or for one on all tags.
    pub(super) fn from(&self, named: bool) -> &str {
        if named { &self.itself } else { &self.any }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Counters, Pool};

    fn key(tag: &str, pool: Pool) -> Key {
        Key::new(tag.parse().unwrap(), pool, Counters::Wrapping32)
    }

    fn tags(tag: &str, pool: Option<Pool>) -> Subject {
        Subject::Tags { tag: tag.parse().unwrap(), except: Vec::new(), pool }
    }

    fn shown(incomplete: Incomplete) -> Completeness {
        let mut shown = Completeness::default();
        let usage = Some(Usage { allocs: 1, frees: 0, bytes: 64 });
        shown.sample(&[usage, None]);
        shown.mark(incomplete);
        shown.sample(&[usage, None, usage]);
        shown
    }

    #[test]
    fn complete_tables_hide_nothing() {
        let shown = shown(Incomplete::default());
        assert!(shown.incomplete().is_none() && shown.missing(1).is_none());
        assert_eq!(shown.hidden_from(&tags("*", None)), None);
    }

    #[test]
    fn a_partial_table_hides_the_rows_that_it_lacks() {
        let shown = shown(Incomplete { partial: true, ..Incomplete::default() });
        let reason = "1 of 2 tables show only some of the tags, so nothing is known of tags that are not shown";
        assert_eq!(shown.incomplete().as_deref(), Some(reason));
        for (subject, hidden) in [
            (tags("*", None), true),
            (tags("MyD?", None), true),
            (tags("MyD1", None), false),
            (tags("My", None), false),
        ] {
            assert_eq!(shown.hidden_from(&subject).is_some(), hidden, "{subject}");
        }
        assert!(shown.missing(0).is_none());
        assert!(shown.missing(1).is_some_and(|hidden| hidden.from(true).starts_with("missing in 1 of 2 tables")));
        assert!(shown.missing(2).is_none(), "the complete table before it had no such row");
    }

    #[test]
    fn an_unread_row_hides_its_tag_or_any() {
        let known = Incomplete { unread: 1, partial: false, rows: vec![key("MyD1", Pool::Paged)] };
        let any = Incomplete { unread: 2, ..known.clone() };
        for (subject, of_known, of_any) in [
            (tags("*", None), true, true),
            (tags("*", Some(Pool::Nonpaged)), false, true),
            (tags("MyD?", None), true, true),
            (tags("Other?", None), false, true),
            (tags("MyD1", None), true, true),
            (tags("MyD1", Some(Pool::Nonpaged)), false, false),
            (tags("Else", None), false, true),
        ] {
            assert_eq!(shown(known.clone()).hidden_from(&subject).is_some(), of_known, "{subject}");
            assert_eq!(shown(any.clone()).hidden_from(&subject).is_some(), of_any, "{subject}");
        }
        assert!(shown(any).incomplete().is_some_and(|why| why.starts_with("2 rows of data could not be read,")));
    }
}
