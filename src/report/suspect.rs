//! Whose a broken tag is, as far as that could be told: the suspected driver of failures and reports.
//!
//! Looked up on the machine under test when the run is reported, and kept with the run; see `tags` for what the grades rest on.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::judge::{Evidence, Finding, TagFigures, Verdict};
use crate::pool::{Key, Pool, Tag};
use crate::tags::{Grade, Owner};

/// The drivers which may own a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspected {
    /// The tag, without PROTECTED_POOL.
    #[schemars(with = "String")]
    pub tag: Tag,
    /// Many drivers allocate under this tag, so whoever is named is a suspect only.
    pub generic: bool,
    /// The drivers, the surest first; empty where none was found.
    pub drivers: Vec<Suspect>,
}

/// A driver which may own a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspect {
    /// Its file's name, or a part of the kernel (`nt!mm`).
    pub driver: String,
    /// Its file version; null where its image was not read, or has none.
    pub version: Option<String>,
    /// Who made it, as its image says.
    pub company: Option<String>,
    /// How sure it is that it allocates under the tag.
    pub grade: Grade,
    /// What speaks for it, strongest first.
    pub evidence: Vec<String>,
}

/// Drivers which are named in a sentence.
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
                    write!(f, "; or one of {} more, see report.json", drivers.len() - NAMED)?;
                }
            }
        }
        if self.generic { f.write_str("; a tag of many drivers: a suspect only") } else { Ok(()) }
    }
}

impl Report {
    /// The pool tags whose owners a reader wants to know, without PROTECTED_POOL: those which broke a threshold, or grow
    /// steadily and could not be looked at again.
    pub fn suspicious_tags(&self) -> BTreeSet<Tag> {
        let Ok(judgement) = &self.result else { return BTreeSet::new() };
        let growing = judgement.tags.iter().filter(|tag| is_growing(tag)).map(|tag| tag.key.to_string());
        let growing: BTreeSet<String> = growing.collect();
        let findings = judgement.rulings.iter().flat_map(|ruling| &ruling.findings);
        let suspicious = findings.filter(|finding| match finding.verdict {
            Verdict::Held => false,
            Verdict::Unclear => growing.contains(&finding.subject),
            Verdict::Broken => true,
        });
        suspicious.filter_map(|finding| tag_of(&finding.subject)).collect()
    }

    /// Who is suspected, where a finding accuses a tag that was looked up.
    pub(super) fn suspected(&self, finding: &Finding) -> Option<&Suspected> {
        let tag = tag_of(&finding.subject).filter(|_| finding.verdict != Verdict::Held)?;
        self.suspects.iter().find(|suspected| suspected.tag == tag)
    }

    /// Who is suspected of a tag's growth.
    pub(super) fn suspected_of(&self, key: &Key) -> Option<&Suspected> {
        let tag = tag_of(&key.to_string())?;
        self.suspects.iter().find(|suspected| suspected.tag == tag)
    }
}

fn is_growing(tag: &TagFigures) -> bool {
    match &tag.evidence {
        Evidence::Trend(trend) => trend.growing,
        Evidence::TooFew { .. } | Evidence::Interrupted => false,
    }
}

/// The tag of a finding's subject, `MyD1 nonpaged (protected) (session 1)`; `None` for totals, and for Linux.
fn tag_of(subject: &str) -> Option<Tag> {
    let subject = match subject.rsplit_once(" (session ") {
        Some((before, number)) if number.strip_suffix(')').is_some_and(|n| n.parse::<u32>().is_ok()) => before,
        _ => subject,
    };
    let subject = subject.strip_suffix(" (protected)").unwrap_or(subject);
    let (tag, pool) = subject.rsplit_once(' ')?;
    let is_pool = [Pool::Paged, Pool::Nonpaged, Pool::Unknown].iter().any(|known| known.to_string() == pool);
    let is_total = tag == "total";
    tag.parse::<Tag>().ok().filter(|tag| is_pool && !is_total && tag.pool_tag_bytes().is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pool::Counters;

    proptest! {
        #[test]
        fn a_tag_is_found_by_its_finding_s_subject(bytes: [u8; 4], session: Option<u32>, paged: bool) {
            let tag = Tag::from_pool_tag(bytes);
            let pool = if paged { Pool::Paged } else { Pool::Nonpaged };
            let key = Key { session, ..Key::new(tag.clone(), pool, Counters::Full64) };
            prop_assert_eq!(tag_of(&key.to_string()), Some(tag.unprotected().unwrap_or(tag)));
        }
    }

    #[test]
    fn what_is_no_pool_tag_has_no_driver() {
        for subject in
            ["total nonpaged", "dentry slab", "kmalloc-64 slab", "ext4:alloc callsite", "tags MyD? together", ""]
        {
            assert_eq!(tag_of(subject), None, "{subject}");
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
             or one of 1 more, see report.json"
        );
        suspected.drivers.clear();
        suspected.generic = true;
        assert_eq!(suspected.to_string(), "suspected driver: none was found; a tag of many drivers: a suspect only");
    }
}
