//! A threshold: which memory, and how much of it is too much.
//!
//! Its words are its identity: they name the JUnit test case, so they must be the same from night to night, whatever the
//! YAML looked like. Nothing is measured or judged here.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::quantity::{Amount, Bytes, Growth, Per, Rate};
use super::types::Workload;
use crate::pool::{Figure, Key, Pool, TagPattern};

/// Which memory, and how much of it is too much.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Which memory.
    pub subject: Subject,
    /// What it must keep to: at least one limit.
    pub limits: Vec<Limit>,
    /// What its limits are on, where it says so. Only slab caches have both.
    pub measure: Option<Measure>,
}

/// What is measured of a Linux slab cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The objects in use.
    Objects,
    /// The whole slabs which the cache holds, their unused objects included.
    Slabs,
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
    /// and they come and go with who is logged on. Nor does a total count a row that is part of another.
    ///
    /// Whole slabs are never meant by themselves: they are a second figure of a cache ([`Threshold::measure_of`]).
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

/// Whether a row is a tag's, or a pool's total: no other figure of the kernel's is memory that somebody may leak.
fn is_of_a_pool(key: &Key) -> bool {
    Figure::of(key).is_none_or(|figure| figure.total_of().is_some())
}

impl Threshold {
    /// The threshold's own words: `tag MyD? nonpaged max_growth 64 KiB`.
    pub fn words(&self) -> String {
        let mut limits: Vec<String> = self.limits.iter().map(Limit::to_string).collect();
        limits.extend(self.measure.map(|measure| format!("measure {measure}")));
        format!("{} {}", self.subject, limits.join(", "))
    }

    /// Whether it is about `key`. One that says what to measure is about slab caches.
    pub fn means(&self, key: &Key) -> bool {
        self.subject.means(key) && (self.measure.is_none() || key.pool == Pool::Slab)
    }

    /// What `limit` is on for a slab cache. Growth and rates are of objects, since a leak is made of objects. What a cache
    /// holds at the end, and all of a pool together, is what the machine lacks: whole slabs. A rate in objects counts them.
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

    /// The default rule of a list of what an unloaded driver has not freed: nothing may be left, in `pool` or anywhere.
    pub fn nothing_left(pool: Option<Pool>) -> Threshold {
        Threshold {
            subject: Subject::Tags { tag: every_tag(), except: Vec::new(), pool },
            limits: vec![Limit::AfterTeardown(Bytes(0))],
            measure: None,
        }
    }

    /// The default rule of a log that has nothing but figures of whole pools: none of them may grow.
    pub fn no_pool_grows() -> Threshold {
        Threshold {
            subject: Subject::Tags { tag: every_tag(), except: Vec::new(), pool: Some(Pool::Kernel) },
            limits: vec![Limit::MaxRate(Rate { amount: Amount::Bytes(0.0), per: Per::Hour })],
            measure: None,
        }
    }

    /// The default rule: no tag may leak, per iteration where `workload` counts them, else per hour.
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
    fn growth_and_rates_are_of_objects_and_what_is_held_is_whole_slabs() {
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
