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
    /// growth is no leak, unless somebody names it.
    pub fn means(&self, key: &Key) -> bool {
        match self {
            Subject::Total(pool) => *pool == key.pool,
            Subject::Tags { tag, except, pool } => {
                tag.matches(key)
                    && pool.is_none_or(|pool| pool == key.pool)
                    && !except.iter().any(|except| except.matches(key))
                    && (tag.names_tags() || !key.reclaimable)
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
