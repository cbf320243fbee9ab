//! Growth that is known and explained: the scenario's `ignore`.
//!
//! An entry applies up to and including its last day. The day of the recording, in UTC, decides, so verdicts stay the
//! same if it is judged a year later. An expired entry only causes a warning. Entries do not change a pool's total.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::pool::{Key, Pool};
use crate::scenario::Ignore;

/// One entry of `ignore`, and its effect on a recording.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Ignored {
    /// The pattern of tag names.
    pub tag: String,
    /// The reason for ignoring its tags.
    pub because: String,
    /// The last day on which they are ignored; null if there is no end.
    pub until: Option<String>,
    /// Whether that day had passed when the recording was made, so the tags are judged.
    pub expired: bool,
    /// The tags of the recording that the pattern matches.
    pub tags: Vec<String>,
}

/// The `ignore` entries, applied to a recording made at `started`.
pub(super) fn entries(ignore: &[Ignore], started: Timestamp, keys: &[Key]) -> Vec<Ignored> {
    let today: Date = started.to_zoned_datetime(TimeZone::UTC).date();
    let entry = |ignore: &Ignore| Ignored {
        tag: ignore.tag.to_string(),
        because: ignore.because.clone(),
        until: ignore.until.map(|until| until.to_string()),
        expired: ignore.until.is_some_and(|until| until < today),
        // Whole slabs are a second figure of a tag, not another tag.
        tags: keys
            .iter()
            .filter(|key| key.pool != Pool::Slabs && ignore.tag.matches(key))
            .map(|key| key.to_string())
            .collect(),
    };
    ignore.iter().map(entry).collect()
}

/// Why `key` is ignored; `None` if it is not. `entries` correspond to `ignore` one by one.
pub(super) fn reason<'a>(ignore: &[Ignore], entries: &'a [Ignored], key: &Key) -> Option<&'a str> {
    let mut both = ignore.iter().zip(entries);
    both.find(|(ignore, entry)| !entry.expired && ignore.tag.matches(key)).map(|(_, entry)| entry.because.as_str())
}

impl Ignored {
    /// A warning about an expired entry.
    pub fn warning(&self) -> Option<String> {
        let until = self.until.as_ref().filter(|_| self.expired)?;
        Some(format!("`ignore` of {} expired on {until}, so it is judged; fix the growth, or set a new date", self.tag))
    }

    /// A note about an entry that matches no tag.
    pub fn note(&self) -> Option<String> {
        self.tags.is_empty().then(|| format!("`ignore` of {} matches no tag of this recording", self.tag))
    }
}

impl std::fmt::Display for Ignored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 4;
        write!(f, "{}", self.tags.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", "))?;
        if self.tags.len() > SHOWN {
            write!(f, " and {} more", self.tags.len() - SHOWN)?;
        }
        write!(f, ": {}", self.because)?;
        self.until.iter().try_for_each(|until| write!(f, " (until {until})"))
    }
}
