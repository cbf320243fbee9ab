//! The suspected owners of broken tags, for failures and reports.
//!
//! They are looked up on the machine under test when the run is reported, and kept with the run. The module `tags`
//! defines the basis of the grades.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::judge::{Evidence, Finding, TagFigures, Verdict};
use crate::pool::{Key, Pool, Tag};
use crate::tags::{Grade, Owner};

/// The drivers that may own a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspected {
    /// The tag, without PROTECTED_POOL.
    #[schemars(with = "String")]
    pub tag: Tag,
    /// Whether many drivers allocate under this tag, so that every driver listed is a suspect only.
    pub generic: bool,
    /// The drivers, the most certain first; empty if none was found.
    pub drivers: Vec<Suspect>,
}

/// A driver that may own a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspect {
    /// The driver's file name, or a part of the kernel (`nt!mm`).
    pub driver: String,
    /// The driver's file version; null if its image was not read or has none.
    pub version: Option<String>,
    /// The vendor, from the driver's image.
    pub company: Option<String>,
    /// How certain it is that the driver allocates under the tag.
    pub grade: Grade,
    /// The evidence for this driver, strongest first.
    pub evidence: Vec<String>,
}

/// The number of drivers named in a sentence.
const NAMED: usize = 2;

impl From<&Owner> for Suspect {
    fn from(owner: &Owner) -> Suspect {
        Suspect {
            driver: owner.driver.clone(),
            version: owner.version.version.clone(),
            company: owner.version.company.clone(),
            grade: owner.grade,
            evidence: owner.evidence.iter().map(ToString::to_string).collect(),
        }
    }
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.driver)?;
        self.version.iter().try_for_each(|version| write!(f, " {version}"))?;
        self.company.iter().try_for_each(|company| write!(f, " ({company})"))?;
        write!(f, ", {}", self.grade)?;
        self.evidence.first().map_or(Ok(()), |first| write!(f, ": {first}"))
    }
}

impl fmt::Display for Suspected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.drivers.as_slice() {
            [] => f.write_str("suspected driver: none was found")?,
            drivers => {
                let named = drivers.iter().take(NAMED).map(ToString::to_string).collect::<Vec<_>>();
                write!(f, "suspected driver: {}", named.join("; or "))?;
                if drivers.len() > NAMED {
                    write!(f, "; or one of {} more", drivers.len() - NAMED)?;
                }
            }
        }
        if self.generic { f.write_str("; a tag of many drivers: a suspect only") } else { Ok(()) }
    }
}

impl Report {
    /// Returns the pool tags that need an owner, without PROTECTED_POOL: those that broke a threshold, and those that
    /// grow steadily and had no second look.
    pub fn suspicious_tags(&self) -> BTreeSet<Tag> {
        let Ok(judgement) = &self.result else { return BTreeSet::new() };
        let growing = judgement.tags.iter().filter(|tag| is_growing(tag)).map(|tag| &tag.key);
        let growing: BTreeSet<&Key> = growing.collect();
        let findings = judgement.rulings.iter().flat_map(|ruling| &ruling.findings);
        let suspicious = findings.filter_map(|finding| {
            finding.key.as_ref().filter(|key| match finding.verdict {
                Verdict::Held => false,
                Verdict::Unclear => growing.contains(key),
                Verdict::Broken => true,
            })
        });
        suspicious.filter_map(pool_tag).collect()
    }

    /// Returns the suspects of a finding's tag, if the finding accuses it and the tag was looked up.
    pub(super) fn suspected(&self, finding: &Finding) -> Option<&Suspected> {
        finding.key.as_ref().filter(|_| finding.verdict != Verdict::Held).and_then(|key| self.suspected_of(key))
    }

    /// Returns the suspects of a tag's growth.
    pub(super) fn suspected_of(&self, key: &Key) -> Option<&Suspected> {
        let tag = pool_tag(key)?;
        self.suspects.iter().find(|suspected| suspected.tag == tag)
    }
}

fn is_growing(tag: &TagFigures) -> bool {
    match &tag.evidence {
        Evidence::Trend(trend) => trend.growing,
        Evidence::TooFew { .. } | Evidence::Interrupted(_) | Evidence::Untimed => false,
    }
}

/// Returns a pool tag as in its driver's code, without PROTECTED_POOL; `None` if the key has no pool tag.
fn pool_tag(key: &Key) -> Option<Tag> {
    key.tag.pool_tag_bytes().filter(|_| key.pool.has_pool_tags() || key.pool == Pool::Unknown)?;
    Some(key.tag.unprotected().unwrap_or_else(|| key.tag.clone()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pool::Counters;

    proptest! {
        #[test]
        fn a_pool_tag_of_any_bytes_is_found(bytes: [u8; 4], session: Option<u32>, paged: bool) {
            let tag = Tag::from_pool_tag(bytes);
            let pool = if paged { Pool::Paged } else { Pool::Nonpaged };
            let key = Key { session, ..Key::new(tag.clone(), pool, Counters::Full64) };
            prop_assert_eq!(pool_tag(&key), Some(tag.unprotected().unwrap_or(tag)));
        }
    }

    #[test]
    fn only_pool_tags_have_drivers() {
        let of = |tag: Tag, pool| pool_tag(&Key::new(tag, pool, Counters::Full64));
        let plain = Tag::from_pool_tag(*b"Irp ");
        for pool in [Pool::Paged, Pool::Nonpaged, Pool::Unknown] {
            assert_eq!(of(plain.clone(), pool), Some(plain.clone()));
            assert_eq!(of(Tag::from_pool_tag(*b"Irp\xa0"), pool), Some(plain.clone()), "protected");
        }
        for (tag, pool) in
            [("dentry", Pool::Slab), ("skb", Pool::Slab), ("kmalloc-64", Pool::Unknown), ("ext4:alloc", Pool::Callsite)]
        {
            assert_eq!(of(tag.parse().unwrap(), pool), None, "{tag}");
        }
    }

    #[test]
    fn a_sentence_names_two_drivers_and_counts_the_others() {
        let suspect = |driver: &str, grade| Suspect {
            driver: driver.to_owned(),
            version: Some("1.2.3.4".to_owned()),
            company: (driver == "a.sys").then(|| "Contoso".to_owned()),
            grade,
            evidence: vec!["hands it over".to_owned(), "pooltag.txt: x".to_owned()],
        };
        let mut drivers = vec![suspect("a.sys", Grade::Certain), suspect("b.sys", Grade::Likely)];
        drivers.push(suspect("c.sys", Grade::Possible));
        let mut suspected = Suspected { tag: "MyD1".parse().unwrap(), generic: false, drivers };
        assert_eq!(
            suspected.to_string(),
            "suspected driver: a.sys 1.2.3.4 (Contoso), certain: hands it over; or b.sys 1.2.3.4, likely: hands it over; \
             or one of 1 more"
        );
        suspected.drivers.clear();
        suspected.generic = true;
        assert_eq!(suspected.to_string(), "suspected driver: none was found; a tag of many drivers: a suspect only");
    }
}
