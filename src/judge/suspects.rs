//! Tags which say nothing of a driver: memory that everybody allocates under them.
//!
//! What leaks under such a tag was most likely made for somebody else, so the tag is a suspect, never the culprit. The list
//! is of tags the kernel's own routines use on behalf of their callers (pooltag.txt, Debugging Tools for Windows).

use crate::pool::Key;

const GENERIC: [&str; 9] = ["Irp", "File", "Proc", "Toke", "None", "Strg", "Thre", "Even", "MmSt"];
/// The registry's.
const REGISTRY: &str = "CM";

/// Whether a tag is everybody's.
pub fn is_generic(key: &Key) -> bool {
    let tag = key.tag.unprotected();
    let text = tag.as_ref().unwrap_or(&key.tag).as_str();
    key.pool.has_pool_tags() && (GENERIC.contains(&text) || text.starts_with(REGISTRY))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Counters, Pool, Tag};

    #[test]
    fn everybodys_tags_are_known() {
        let generic = |tag: Tag, pool| is_generic(&Key::new(tag, pool, Counters::Full64));
        for tag in ["Irp", "File", "CM25", "CMVa", "MmSt"] {
            assert!(generic(tag.parse().unwrap(), Pool::Paged), "{tag}");
        }
        for tag in ["MyD1", "irp", "FMfn", "Irpx"] {
            assert!(!generic(tag.parse().unwrap(), Pool::Paged), "{tag}");
        }
        assert!(generic(Tag::from_pool_tag(*b"Irp\xa0"), Pool::Nonpaged), "protected");
        assert!(!generic("File".parse().unwrap(), Pool::Slab), "a cache's name is its own");
    }
}
