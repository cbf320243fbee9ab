//! Parses reports of objects that a slab cache still has when it is destroyed.
//!
//! With CONFIG_SLUB_DEBUG: `BUG CACHE (Not tainted): Objects remaining in CACHE on __kmem_cache_shutdown()` for each
//! slab, in old kernels `on kmem_cache_close()`, in new ones without `in CACHE`; then `Slab 0x… objects=16 used=1 …`
//! and a line `Object 0x… @offset=…` for each object, in older kernels behind `INFO: ` (mm/slub.c,
//! `list_slab_objects`). With and without it: `kmem_cache_destroy CACHE: Slab cache still has objects`, in newer
//! kernels with the caller (mm/slab_common.c). The SLAB allocator had its own wording (mm/slab.c, `slab_error`).

use super::{cache_key, objects, words};
use crate::judge::left::LeftAfterTeardown;
use crate::pool::{Key, Tag};

/// The beginning of SLUB's message.
pub(super) const REMAINING: &str = "Objects remaining";
const DESTROY: &str = "kmem_cache_destroy ";
const STILL_HAS: &str = ": Slab cache still has objects";
const CALLED_FROM: &str = " when called from ";
const SLAB_ERROR: &str = "slab error in kmem_cache_destroy(): cache `";

/// The objects that one cache still had.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::judge) struct Remaining {
    cache: String,
    /// Addresses as the kernel lists them. It may list only some, or hash them.
    addresses: Vec<String>,
    /// Objects in use, added up over the slabs.
    used: u64,
    /// The function that destroyed the cache.
    caller: Option<String>,
}

/// Collects the remaining objects of each cache from a kernel's messages.
pub(super) fn parse<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<Remaining> {
    let mut caches: Vec<Remaining> = Vec::new();
    // Index of the cache with slabs and objects being listed.
    let mut listed: Option<usize> = None;
    for text in texts {
        if let Some((cache, what)) = words::slub_bug(text) {
            listed = what.starts_with(REMAINING).then(|| place(&mut caches, cache));
        } else if let Some((cache, caller)) = destroyed(text) {
            let at = place(&mut caches, cache);
            caches[at].caller = caller.map(str::to_owned);
            listed = None;
        } else if let Some(cache) = listed {
            list(&mut caches[cache], text);
        }
    }
    caches
}

fn place(caches: &mut Vec<Remaining>, name: &str) -> usize {
    caches.iter().position(|known| known.cache == name).unwrap_or_else(|| {
        caches.push(Remaining { cache: name.to_owned(), ..Remaining::default() });
        caches.len() - 1
    })
}

/// Parses the cache, and the function that destroyed it if the message names one.
fn destroyed(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some((cache, _)) = text.strip_prefix(SLAB_ERROR).and_then(|rest| rest.split_once('\'')) {
        return Some((cache, None));
    }
    let (cache, rest) = text.strip_prefix(DESTROY)?.split_once(STILL_HAS)?;
    Some((cache, rest.strip_prefix(CALLED_FROM)))
}

/// Parses a line of a list: a slab, an object, or neither.
fn list(remaining: &mut Remaining, text: &str) {
    let text = text.strip_prefix("INFO: ").unwrap_or(text);
    if let Some(slab) = text.strip_prefix("Slab 0x") {
        let used = slab.split(' ').find_map(|word| word.strip_prefix("used=")?.parse::<u64>().ok());
        remaining.used = remaining.used.saturating_add(used.unwrap_or(0));
    } else if let Some((address, _)) = text.strip_prefix("Object ").and_then(|rest| rest.split_once(" @offset=")) {
        remaining.addresses.push(address.to_owned());
    }
}

impl Remaining {
    /// Number of objects the kernel lists. Those of full slabs are not listed, and without CONFIG_SLUB_DEBUG none is.
    pub(in crate::judge) fn count(&self) -> u64 {
        self.used.max(self.addresses.len() as u64)
    }

    pub(super) fn key(&self) -> Option<Key> {
        cache_key(&self.cache)
    }

    pub(super) fn is_of(&self, tag: &Tag) -> bool {
        self.key().is_some_and(|key| key.tag == *tag)
    }

    /// Describes the objects, and the bytes that the cache's row held after teardown.
    pub(in crate::judge) fn with_left(&self, left: LeftAfterTeardown) -> String {
        match left {
            LeftAfterTeardown::Bytes(bytes) => format!("{}; {bytes} B are left after teardown", self.in_words()),
            LeftAfterTeardown::NotSampled | LeftAfterTeardown::Gone => self.in_words(),
        }
    }

    /// Describes the objects: their number, some addresses, and the cache.
    pub(in crate::judge) fn in_words(&self) -> String {
        let objects = match self.count() {
            0 => "objects".to_owned(),
            count => format!("at least {}", objects(count, &self.addresses)),
        };
        let caller = self.caller.as_ref().map_or(String::new(), |caller| format!(" by {caller}"));
        format!("the kernel reports {objects} remaining in cache {} when it was destroyed{caller}", self.cache)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages of Linux 6.1 from public reports, without the trace between them.
    const OF_6_1: &str = "\
=============================================================================
BUG leaky (Tainted: G           OE     ): Objects remaining in leaky on __kmem_cache_shutdown()
-----------------------------------------------------------------------------
Slab 0x00000000b5a5b5a5 objects=16 used=2 fp=0x00000000c9d0efb0 flags=0xfffffc0000200(slab|node=0|zone=1)
CPU: 0 PID: 101 Comm: rmmod Tainted: G    B      OE      6.1.0 #1
Call Trace:
 slab_err+0x90/0xd0
Object 0x00000000c9d0efb0 @offset=448
Object 0x0000000015782859 @offset=896
=============================================================================
BUG leaky (Tainted: G    B      OE     ): Objects remaining in leaky on __kmem_cache_shutdown()
-----------------------------------------------------------------------------
Slab 0x00000000b5a5b5a6 objects=16 used=1 fp=0x00000000c9d0efb1 flags=0xfffffc0000200(slab|node=0|zone=1)
Object 0x00000000961185ac @offset=2240
kmem_cache_destroy leaky: Slab cache still has objects when called from leaky_exit+0x15/0x1000 [leaky]
WARNING: CPU: 0 PID: 101 at mm/slab_common.c:505 kmem_cache_destroy+0x13e/0x150";

    fn words(text: &str) -> Vec<String> {
        parse(text.lines()).iter().map(Remaining::in_words).collect()
    }

    #[test]
    fn every_slab_of_a_cache_counts() {
        let expected = "the kernel reports at least 3 objects (0x00000000c9d0efb0, 0x0000000015782859, 0x00000000961185ac) \
                        remaining in cache leaky when it was destroyed by leaky_exit+0x15/0x1000 [leaky]";
        assert_eq!(words(OF_6_1), [expected]);
        assert_eq!(parse(OF_6_1.lines())[0].count(), 3);
    }

    #[test]
    fn the_words_of_other_kernels_are_known() {
        for (text, expected) in [
            (
                // No name behind `remaining`; the slab follows its objects.
                "BUG a b (Not tainted): Objects remaining on __kmem_cache_shutdown()\nObject 0xff00 @offset=64\n\
                 Slab 0xffffea00 objects=9 used=1 fp=0x0 flags=0x200",
                "the kernel reports at least 1 object (0xff00) remaining in cache a b when it was destroyed",
            ),
            (
                "BUG tfw (Tainted: G  O   ): Objects remaining in tfw on kmem_cache_close()\n\
                 INFO: Slab 0xffffea0001f22b40 objects=16 used=7 fp=0xffff88007c8ad4d8 flags=0x1\n\
                 INFO: Object 0xffff88007c8ad4d8 @offset=448",
                "the kernel reports at least 7 objects (0xffff88007c8ad4d8) remaining in cache tfw when it was destroyed",
            ),
            (
                "kmem_cache_destroy bio-4: Slab cache still has objects\nCPU: 5 PID: 38349 Comm: python3\nObject 0x1 @offset=0",
                "the kernel reports objects remaining in cache bio-4 when it was destroyed",
            ),
            (
                "slab error in kmem_cache_destroy(): cache `ipt_netflow': Can't free all objects",
                "the kernel reports objects remaining in cache ipt_netflow when it was destroyed",
            ),
        ] {
            assert_eq!(words(text), [expected]);
        }
    }

    #[test]
    fn objects_of_other_reports_are_not_remaining() {
        let text =
            "BUG kmalloc-64 (Not tainted): Redzone overwritten\nSlab 0x1 objects=9 used=9 fp=0x0\nObject 0x1 @offset=0";
        assert_eq!(words(text), [""; 0]);
    }
}
