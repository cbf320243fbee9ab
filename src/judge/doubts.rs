//! Why a recording as a whole allows no verdict, or none that is good news.

use super::words::NO_TIMES;

const ONE_TABLE: &str = "one table cannot show growth";
use crate::scenario::Limit;

/// What is doubtful of every tag alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubts {
    /// Too few samples for a growth.
    pub(super) growth: Option<String>,
    /// Too few samples for what a tag holds at the end.
    pub(super) bytes: Option<String>,
    /// Too few samples for a rate.
    pub(super) rate: Option<String>,
    /// Not all of it could be read, so nothing held for certain.
    pub(super) damage: Option<String>,
}

impl Doubts {
    /// Why nothing can be said about this limit.
    pub(super) fn about(&self, limit: &Limit) -> Option<&str> {
        let doubt = match limit {
            Limit::MaxGrowth(_) => &self.growth,
            Limit::MaxBytes(_) => &self.bytes,
            Limit::MaxRate(_) => &self.rate,
            // One sample is due, and whether it was taken is known.
            Limit::AfterTeardown(_) => &None,
        };
        doubt.as_deref()
    }

    /// The same of a recording which is damaged, or is not.
    pub(super) fn with_damage(self, damaged: bool) -> Doubts {
        let damage = "part of the recording is damaged, and what stood there is not known";
        Doubts { damage: damaged.then(|| damage.to_owned()), ..self }
    }

    /// The same of a log without stages that has so many tables.
    pub(super) fn of_tables(self, tables: Option<u64>) -> Doubts {
        let rate = match tables {
            Some(1) => Some(ONE_TABLE.to_owned()),
            Some(2) => Some("two tables show what grew, but a rate takes three".to_owned()),
            Some(_) | None => return self,
        };
        Doubts { rate, ..self }
    }

    /// The same of a recording whose times are not all known.
    pub(super) fn with_times(self, known: bool) -> Doubts {
        match self.rate.as_deref() {
            // One table has no rate whatever is known of its time.
            Some(ONE_TABLE) => self,
            _ if known => self,
            _ => Doubts { rate: Some(NO_TIMES.to_owned()), ..self },
        }
    }
}
