//! Tags that do not identify a driver, because many drivers allocate memory under them.
//!
//! Memory leaked under such a tag was most likely allocated for another driver, so the tag is a suspect, never the
//! culprit. The lists hold tags that the kernel's own routines use on behalf of their callers, and the defaults of the
//! driver kits (pooltag.txt, Debugging Tools for Windows).

use crate::pool::Key;

/// Tags of drivers that set none (`ntddk.h`, `wdm.h`, KMDF), of I/O requests, and of kernel objects, which any caller
/// creates.
const GENERIC: [&str; 39] = [
    "None", "Ddk", "Wdm", "FxDr", "Irp", "Irpl", "Irps", "IrpX", "Mdl", "Io", "IoNm", "IoUs", "Cont", "File", "Proc",
    "Thre", "Toke", "Even", "Sema", "Muta", "Sect", "Key", "Symb", "Dire", "Devi", "Driv", "Time", "IoCo", "ObNm",
    "ObSq", "ObDi", "ObHd", "ObSc", "SeSd", "SeAc", "Strg", "MmSt", "MmCa", "VadS",
];
/// Prefix of the registry's tags.
const REGISTRY: &str = "CM";
/// Tag prefixes of the kernel's parts, and of the components that all file access uses: cache manager, executive, file
/// system run-time, filter manager, NTFS.
const KERNEL: [&str; 16] =
    ["Mm", "Ob", "Se", "Io", "Cc", "Ke", "Ps", "Po", "Pp", "Etw", "Alp", "FSr", "FM", "Ntf", "NtF", "Ntx"];

/// How closely a tag points to one driver; the closest is the smallest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TagSpecificity {
    /// A driver, as far as the tag shows.
    Driver,
    /// A part of the kernel.
    Kernel,
    /// Any driver, because the tag is shared.
    Anyone,
}

/// Whether any driver may allocate under a tag.
pub fn is_generic(key: &Key) -> bool {
    owner(key) == TagSpecificity::Anyone
}

/// The owner of a tag.
pub(super) fn owner(key: &Key) -> TagSpecificity {
    let tag = key.tag.unprotected();
    let text = tag.as_ref().unwrap_or(&key.tag).as_str().trim_end();
    if !key.pool.has_pool_tags() {
        TagSpecificity::Driver
    } else if GENERIC.contains(&text) || text.starts_with(REGISTRY) {
        TagSpecificity::Anyone
    } else if KERNEL.iter().any(|part| text.starts_with(part)) {
        TagSpecificity::Kernel
    } else {
        TagSpecificity::Driver
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Counters, Pool, Tag};

    fn key(tag: Tag, pool: Pool) -> Key {
        Key::new(tag, pool, Counters::Full64)
    }

    #[test]
    fn shared_tags_are_known() {
        let generic = |tag: Tag, pool| is_generic(&key(tag, pool));
        for tag in [*b"Irp ", *b"File", *b"CM25", *b"CMVa", *b"MmSt", *b"Ddk ", *b"Wdm ", *b"Mdl ", *b"Io  "] {
            assert!(generic(Tag::from_pool_tag(tag), Pool::Paged), "{tag:?}");
        }
        for tag in ["MyD1", "irp", "FMfn", "Irpx", "Mdlx"] {
            assert!(!generic(tag.parse().unwrap(), Pool::Paged), "{tag}");
        }
        assert!(generic(Tag::from_pool_tag(*b"Irp\xa0"), Pool::Nonpaged), "protected");
        assert!(!generic("File".parse().unwrap(), Pool::Slab), "a cache's name is its own");
    }

    #[test]
    fn a_drivers_tag_ranks_before_the_kernels_and_before_shared_ones() {
        let order = ["MyD1", "FMfn", "Irp"].map(|tag| owner(&key(tag.parse().unwrap(), Pool::Nonpaged)));
        assert_eq!(order, [TagSpecificity::Driver, TagSpecificity::Kernel, TagSpecificity::Anyone]);
    }
}
