//! A threshold: which memory, and how much of it is too much.
//!
//! Its words are its identity: they name the JUnit test case, so they must be the same from night to night, whatever the
//! YAML looked like. Nothing is measured or judged here.

use std::fmt;

use super::quantity::{Amount, Bytes, Growth, Per, Rate};
use super::types::Workload;
use crate::pool::{Key, Pool, TagPattern};

/// Which memory, and how much of it is too much.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Which memory.
    pub subject: Subject,
    /// What it must keep to: at least one limit.
    pub limits: Vec<Limit>,
}

/// Which memory a threshold is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// Each tag by itself.
    Tags {
        /// The tags meant.
        tag: TagPattern,
        /// The tags not meant after all.
        except: Vec<TagPattern>,
        /// In this pool only; `None` is every pool.
        pool: Option<Pool>,
    },
    /// All of a pool together.
    Total(Pool),
}

/// How much is too much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// How much more the settled level after the workload may be than that before it.
    MaxGrowth(Growth),
    /// How much the tag may grow with each iteration or hour.
    MaxRate(Rate),
    /// How much may be in use at the end, once settled.
    MaxBytes(Bytes),
    /// How much may be left after teardown.
    AfterTeardown(Bytes),
}

impl Subject {
    /// Whether this is about `key`. `*` by itself leaves out memory which the kernel takes back when it needs some: its
    /// growth is no leak, unless somebody names it. What the kernel's pools hold in all is meant only where `pool: kernel`
    /// or the row's very name says so, since it is no driver's.
    ///
    /// Each session's row of a tag is a row of its own, so that no session's leak hides in the others' figures. A total is
    /// the system's alone: PoolMon lists session pools apart from it (Microsoft Learn, "PoolMon Startup Command", `/s`),
    /// and they come and go with who is logged on.
    pub fn means(&self, key: &Key) -> bool {
        match self {
            Subject::Total(pool) => *pool == key.pool && key.session.is_none(),
            Subject::Tags { tag, except, pool } => {
                tag.matches(key)
                    && pool.is_none_or(|pool| pool == key.pool)
                    && !except.iter().any(|except| except.matches(key))
                    && (tag.names_tags() || !key.reclaimable)
                    && (key.pool != Pool::Kernel || pool.is_some() || tag.is_literal())
            }
        }
    }
}

impl Threshold {
    /// The threshold's own words: `tag MyD? nonpaged max_growth 64 KiB`.
    pub fn words(&self) -> String {
        let limits: Vec<String> = self.limits.iter().map(Limit::to_string).collect();
        format!("{} {}", self.subject, limits.join(", "))
    }

    /// The default rule: no tag may leak, per iteration where `workload` counts them, else per hour.
    pub(super) fn no_leak(workload: &Workload) -> Threshold {
        #[expect(clippy::expect_used, reason = "a constant")]
        let tag = "*".parse().expect("`*` is a tag pattern");
        let per = if workload.counts_iterations() { Per::Iteration } else { Per::Hour };
        Threshold {
            subject: Subject::Tags { tag, except: Vec::new(), pool: None },
            limits: vec![Limit::MaxRate(Rate { amount: Amount::Bytes(0.0), per })],
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Total(pool) => write!(f, "total {pool}"),
            Subject::Tags { tag, except, pool } => {
                write!(f, "tag {tag}")?;
                if let Some(pool) = pool {
                    write!(f, " {pool}")?;
                }
                for (index, tag) in except.iter().enumerate() {
                    write!(f, "{}{tag}", if index == 0 { " except " } else { ", " })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::MaxGrowth(growth) => write!(f, "max_growth {growth}"),
            Limit::MaxRate(rate) => write!(f, "max_rate {rate}"),
            Limit::MaxBytes(bytes) => write!(f, "max_bytes {bytes}"),
            Limit::AfterTeardown(bytes) => write!(f, "after_teardown {bytes}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Counters, Tag};

    fn row(tag: &str, pool: Pool, session: Option<u32>) -> Key {
        Key { session, ..Key::new(tag.parse::<Tag>().unwrap(), pool, Counters::Wrapping32) }
    }

    fn tags(tag: &str, pool: Option<Pool>) -> Subject {
        Subject::Tags { tag: tag.parse().unwrap(), except: Vec::new(), pool }
    }

    #[test]
    fn what_the_kernel_holds_in_all_is_meant_only_where_it_is_named() {
        let all = row("nonpaged", Pool::Kernel, None);
        for (subject, expected) in [
            (tags("*", None), false),
            (tags("n*", None), false),
            (Subject::Total(Pool::Nonpaged), false),
            (tags("nonpaged", Some(Pool::Nonpaged)), false),
            (tags("nonpaged", None), true),
            (tags("*", Some(Pool::Kernel)), true),
            (Subject::Total(Pool::Kernel), true),
        ] {
            assert_eq!(subject.means(&all), expected, "{subject}");
        }
    }

    #[test]
    fn a_tag_means_every_session_and_a_total_means_the_system() {
        let (system, session) = (row("Gla1", Pool::Paged, None), row("Gla1", Pool::Paged, Some(1)));
        for subject in [tags("Gla1", None), tags("*", None), tags("Gla?", Some(Pool::Paged))] {
            assert!(subject.means(&system) && subject.means(&session), "{subject}");
        }
        let total = Subject::Total(Pool::Paged);
        assert!(total.means(&system) && !total.means(&session));
    }
}
