//! A threshold: the memory it applies to, and its limits.
//!
//! The words of a threshold identify it. They are the name of the JUnit test case, so they must be the same every
//! night, no matter how the YAML is formatted. Nothing is measured or judged here.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::{Amount, Bytes, GrowthLimit, Per, Rate};
use super::types::Workload;
use crate::pool::{Figure, Key, Pool, TagPattern};

/// The memory and its limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// The memory that the limits apply to.
    pub subject: Subject,
    /// The limits, at least one.
    pub limits: Vec<Limit>,
    /// The measure of the limits, if it is given. Only slab caches have more than one measure.
    pub measure: Option<Measure>,
}

/// The measure of a Linux slab cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The objects in use.
    Objects,
    /// The whole slabs of the cache, including their unused objects.
    Slabs,
}

/// The memory that a threshold applies to.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// Each tag by itself.
    Tags {
        /// The pattern of the tags.
        tag: TagPattern,
        /// The patterns of the excepted tags.
        except: Vec<TagPattern>,
        /// The pool of the tags; `None` means every pool.
        pool: Option<Pool>,
    },
    /// All memory of a pool together.
    Total(Pool),
}

/// An upper limit on the memory of a subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The largest growth, from the settled level before the workload to the one after it.
    MaxGrowth(GrowthLimit),
    /// The largest growth of the tag per iteration or hour.
    MaxRate(Rate),
    /// The most memory in use at the end, once settled.
    MaxBytes(Bytes),
    /// The most memory left after teardown.
    AfterTeardown(Bytes),
}

impl Subject {
    /// Returns whether this subject applies to `key`. `*` alone excludes memory that the kernel reclaims when it needs
    /// some: its growth is no leak, unless a pattern names the tag. Total figures of the kernel's pools belong to no
    /// driver, so they need `pool: kernel` or the exact name of the row.
    ///
    /// Each session's row of a tag is separate, so that other sessions cannot hide a session's leak. A total is the
    /// system's alone: PoolMon lists session pools separately (Microsoft Learn, "PoolMon Startup Command", `/s`), and
    /// they come and go with user sessions. A total does not count a row that is part of another.
    ///
    /// Whole slabs are never a subject by themselves: they are a second measure of a cache ([`Threshold::measure_of`]).
    pub fn means(&self, key: &Key) -> bool {
        if key.pool == Pool::Slabs && *self != Subject::Total(Pool::Slabs) {
            return false;
        }
        match self {
            Subject::Total(pool) => *pool == key.pool && key.session.is_none() && !key.is_part() && is_of_a_pool(key),
            Subject::Tags { tag, except, pool } => {
                tag.matches(key)
                    && pool.is_none_or(|pool| pool == key.pool)
                    && !except.iter().any(|except| except.matches(key))
                    && (tag.names_tags() || !key.reclaimable)
                    && (key.pool != Pool::Kernel || tag.is_literal() || (pool.is_some() && is_of_a_pool(key)))
            }
        }
    }
}

/// Returns whether a row is a tag's or a pool's total. Other figures of the kernel are not memory that can leak.
fn is_of_a_pool(key: &Key) -> bool {
    Figure::from_key(key).is_none_or(|figure| figure.total_of().is_some())
}

impl Threshold {
    /// Returns the words of the threshold: `tag MyD? nonpaged max_growth 64 KiB`.
    pub fn words(&self) -> String {
        let mut limits: Vec<String> = self.limits.iter().map(Limit::to_string).collect();
        limits.extend(self.measure.map(|measure| format!("measure {measure}")));
        format!("{} {}", self.subject, limits.join(", "))
    }

    /// Returns whether the threshold applies to `key`. A threshold with a measure applies to slab caches only.
    pub fn means(&self, key: &Key) -> bool {
        self.subject.means(key) && (self.measure.is_none() || key.pool == Pool::Slab)
    }

    /// Returns the measure of `limit` for a slab cache. Growth and rates use objects, because objects leak. The memory
    /// at the end and the total of a pool use whole slabs, because these take memory from the machine. A rate in
    /// objects counts objects.
    pub fn measure_of(&self, limit: &Limit) -> Measure {
        let by_default = match (&self.subject, limit) {
            (_, Limit::MaxRate(Rate { amount: Amount::Objects(_), .. })) => Measure::Objects,
            (Subject::Total(_), _) | (_, Limit::MaxBytes(_)) => Measure::Slabs,
            (Subject::Tags { .. }, Limit::MaxGrowth(_) | Limit::MaxRate(_) | Limit::AfterTeardown(_)) => {
                Measure::Objects
            }
        };
        self.measure.unwrap_or(by_default)
    }

    /// The default rule for a list of memory that an unloaded driver did not free: nothing may be left, in `pool` or in
    /// any pool.
    pub fn nothing_left(pool: Option<Pool>) -> Threshold {
        Threshold {
            subject: Subject::Tags { tag: every_tag(), except: Vec::new(), pool },
            limits: vec![Limit::AfterTeardown(Bytes(0))],
            measure: None,
        }
    }

    /// The default rule for a log that has only the totals of pools: none of them may grow.
    pub fn no_pool_grows() -> Threshold {
        Threshold {
            subject: Subject::Tags { tag: every_tag(), except: Vec::new(), pool: Some(Pool::Kernel) },
            limits: vec![Limit::MaxRate(Rate { amount: Amount::Bytes(0.0), per: Per::Hour })],
            measure: None,
        }
    }

    /// The default rule: no tag may leak, per iteration if `workload` counts iterations, else per hour.
    pub(super) fn no_leak(workload: &Workload) -> Threshold {
        let per = if workload.counts_iterations() { Per::Iteration } else { Per::Hour };
        Threshold {
            subject: Subject::Tags { tag: every_tag(), except: Vec::new(), pool: None },
            limits: vec![Limit::MaxRate(Rate { amount: Amount::Bytes(0.0), per })],
            measure: None,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Measure::Objects => "objects",
            Measure::Slabs => "slabs",
        })
    }
}

#[expect(clippy::expect_used, reason = "a constant")]
fn every_tag() -> TagPattern {
    "*".parse().expect("`*` is a tag pattern")
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
    fn the_kernels_total_is_meant_only_if_it_is_named() {
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
    fn growth_and_rates_count_objects_and_levels_count_whole_slabs() {
        for (given, expected) in [
            ("tag dentry max_growth 1 MiB, max_rate 0 B/h, max_bytes 1 MiB, after_teardown 0 B", "oosx"),
            ("total slab max_growth 1 MiB, max_rate 0 B/h, max_bytes 1 MiB", "sss"),
            ("total slab max_rate 2 objects/h", "o"),
            ("tag dentry max_growth 1 MiB, max_bytes 1 MiB, measure slabs", "ss"),
            ("total slab max_growth 1 MiB, max_bytes 1 MiB, measure objects", "oo"),
        ] {
            let threshold = Threshold::given("test", given).unwrap();
            assert_eq!(threshold.words(), given);
            let letter = |limit| if threshold.measure_of(limit) == Measure::Objects { 'o' } else { 's' };
            let measures: String = threshold.limits.iter().map(letter).collect();
            assert_eq!(measures, expected.replace('x', "o"), "{given}");
        }
    }

    #[test]
    fn whole_slabs_are_no_tag_and_no_pool_of_a_thresholds() {
        let slabs = Key::new("dentry".parse().unwrap(), Pool::Slabs, Counters::BytesOnly);
        for subject in
            [tags("*", None), tags("dentry", None), tags("dentry", Some(Pool::Slabs)), Subject::Total(Pool::Slab)]
        {
            assert!(!subject.means(&slabs), "{subject}");
        }
        assert!(Subject::Total(Pool::Slabs).means(&slabs));
        let asked = Threshold::given("test", "tag * max_bytes 1 MiB, measure slabs").unwrap();
        assert!(asked.means(&row("dentry", Pool::Slab, None)) && !asked.means(&row("MyD1", Pool::Paged, None)));
    }

    #[test]
    fn a_total_counts_no_memory_twice() {
        let total = Subject::Total(Pool::Kernel);
        assert!(total.means(&row("Slab", Pool::Kernel, None)) && !total.means(&row("SUnreclaim", Pool::Kernel, None)));
        assert!(tags("SUnreclaim", None).means(&row("SUnreclaim", Pool::Kernel, None)));
        assert!(Subject::Total(Pool::Slab).means(&row("KernelStack", Pool::Slab, None)));
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
