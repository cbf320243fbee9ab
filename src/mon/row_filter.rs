//! The choice of rows: PoolMon's `/i`, `/x`, `/p`, `/s` and `/e`.

use std::fmt;
use std::str::FromStr;

use crate::pool::{Key, Pool, TagPattern};

/// Chooses the rows of a screen.
#[derive(Debug, Clone, Default)]
pub(crate) struct RowFilter {
    /// Only tags that match one of these patterns; all tags if there are none.
    pub include: Vec<TagPattern>,
    /// No tags that match one of these patterns, even if `include` matches them.
    pub exclude: Vec<TagPattern>,
    /// Only tags of this pool; `None` shows all pools.
    pub pool: Option<Pool>,
    /// The owner of the pools.
    pub scope: PoolScope,
    /// Whether the rows' totals are below them.
    pub totals: bool,
}

/// The owner of the pools on the screen: the system, or sessions with pools of their own. One table never has both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum PoolScope {
    /// The system's own pools.
    #[default]
    System,
    /// All sessions; the figures of each tag are summed.
    AllSessions,
    /// The session with this number.
    Session(u32),
}

/// The text does not name a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a session: give a session number, or `all`")]
pub(crate) struct NoSession(String);

impl RowFilter {
    /// Whether the row of `key` is on the screen. The kernel's totals of its pools are not rows, because PoolMon has
    /// them in the header.
    pub(crate) fn has(&self, key: &Key) -> bool {
        let named = |patterns: &[TagPattern]| patterns.iter().any(|pattern| pattern.matches(key));
        key.pool != Pool::Kernel
            && self.scope.has(key.session)
            && self.pool.is_none_or(|pool| pool == key.pool)
            && (self.include.is_empty() || named(&self.include))
            && !named(&self.exclude)
    }
}

impl PoolScope {
    fn has(self, session: Option<u32>) -> bool {
        match self {
            PoolScope::System => session.is_none(),
            PoolScope::AllSessions => session.is_some(),
            PoolScope::Session(number) => session == Some(number),
        }
    }
}

impl fmt::Display for PoolScope {
    /// The name in PoolMon's title.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolScope::System => f.write_str("System"),
            PoolScope::AllSessions => f.write_str("All sessions"),
            PoolScope::Session(number) => write!(f, "Session {number}"),
        }
    }
}

impl FromStr for PoolScope {
    type Err = NoSession;

    /// Parses a session's number; `all` and an empty text mean all sessions.
    fn from_str(text: &str) -> Result<PoolScope, NoSession> {
        match text.trim() {
            "" | "all" => Ok(PoolScope::AllSessions),
            number => number.parse().map(PoolScope::Session).map_err(|_| NoSession(number.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Counters;

    fn key(tag: &str, pool: Pool, session: Option<u32>) -> Key {
        Key { session, ..Key::new(tag.parse().unwrap(), pool, Counters::Wrapping32) }
    }

    fn patterns(texts: &[&str]) -> Vec<TagPattern> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// Microsoft's own example: `poolmon /iAud* /iCc?? /xCcBc`.
    #[test]
    fn tags_are_included_and_excluded_as_poolmon_does() {
        let shown =
            RowFilter { include: patterns(&["Aud*", "Cc??"]), exclude: patterns(&["CcBc"]), ..RowFilter::default() };
        let has = |tag| shown.has(&key(tag, Pool::Paged, None));
        assert!(has("AudD") && has("Aud") && has("CcSc") && has("Cc"));
        assert!(!has("CcBc") && !has("audD") && !has("NtfF"));
        let all_but = RowFilter { exclude: patterns(&["Aud*"]), ..RowFilter::default() };
        assert!(all_but.has(&key("NtfF", Pool::Paged, None)) && !all_but.has(&key("AudD", Pool::Paged, None)));
    }

    #[test]
    fn sessions_and_the_system_are_never_in_one_table() {
        let rows = [None, Some(0), Some(7)].map(|session| key("Gdev", Pool::Paged, session));
        for (scope, expected) in [
            (PoolScope::System, [true, false, false]),
            (PoolScope::AllSessions, [false, true, true]),
            (PoolScope::Session(7), [false, false, true]),
        ] {
            let shown = RowFilter { scope, ..RowFilter::default() };
            assert_eq!([0, 1, 2].map(|at: usize| shown.has(&rows[at])), expected, "{scope}");
        }
    }

    #[test]
    fn a_pools_total_is_no_row() {
        assert!(!RowFilter::default().has(&Key::new("paged".parse().unwrap(), Pool::Kernel, Counters::InUse)));
    }

    #[test]
    fn one_pool_is_shown_alone() {
        let shown = RowFilter { pool: Some(Pool::Nonpaged), ..RowFilter::default() };
        assert!(shown.has(&key("Io", Pool::Nonpaged, None)) && !shown.has(&key("Io", Pool::Paged, None)));
    }

    #[test]
    fn a_session_is_a_number_or_all() {
        assert_eq!(
            ("12".parse(), "all".parse(), "".parse()),
            (Ok(PoolScope::Session(12)), Ok(PoolScope::AllSessions), Ok(PoolScope::AllSessions))
        );
        assert_eq!(
            "-1".parse::<PoolScope>().unwrap_err().to_string(),
            "`-1` is not a session: give a session number, or `all`"
        );
    }
}
