//! Reasons why a recording as a whole allows no verdict, or no verdict of held.

use super::words::NO_TIMES;

const ONE_TABLE: &str = "one table cannot show growth";
use crate::scenario::Limit;

/// Doubts that apply to every tag alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Doubts {
    /// Too few samples for a growth.
    pub(super) growth: Option<String>,
    /// Too few samples for the bytes held at the end.
    pub(super) bytes: Option<String>,
    /// Too few samples for a rate.
    pub(super) rate: Option<String>,
    /// A part of the recording could not be read, so no threshold is certainly held.
    pub(super) damage: Option<String>,
}

impl Doubts {
    /// Why this limit cannot be judged; `None` without a doubt.
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

    /// Adds the doubt of a damaged recording.
    pub(super) fn with_damage(self, damaged: bool) -> Doubts {
        let damage = "part of the recording is damaged, so its content is not known";
        Doubts { damage: damaged.then(|| damage.to_owned()), ..self }
    }

    /// Adds the doubt of a log with too few tables for a rate.
    pub(super) fn of_tables(self, tables: Option<u64>) -> Doubts {
        let rate = match tables {
            Some(1) => Some(ONE_TABLE.to_owned()),
            Some(2) => Some("two tables show growth, but a rate needs three".to_owned()),
            Some(_) | None => return self,
        };
        Doubts { rate, ..self }
    }

    /// Adds the doubt of a recording with unknown times.
    pub(super) fn with_times(self, known: bool) -> Doubts {
        match self.rate.as_deref() {
            // One table never gives a rate, even if its time is known.
            Some(ONE_TABLE) => self,
            _ if known => self,
            _ => Doubts { rate: Some(NO_TIMES.to_owned()), ..self },
        }
    }
}
