//! Exact counts from SLUB: its per-CPU slabs and sheaves count as in use until the cache is shrunk.
//!
//! Writing 1 to `/sys/kernel/slab/<cache>/shrink` flushes them (Documentation/ABI/testing/sysfs-kernel-slab). That
//! costs a quarter of a millisecond per cache and slows the cache's users for a moment. poolgate therefore does it for
//! named caches only and at rest, never for all caches at every sample. The same folder shows whether the kernel can
//! reclaim a cache's memory.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::machine::MachineError;
use crate::pool::{Key, Tag, TagPattern};

/// The shrink switches of the caches seen so far.
#[derive(Default)]
pub(super) struct Shrinker {
    switches: Vec<(Tag, PathBuf)>,
    wanted: ShrinkSwitches,
}

/// The switches of the named caches, kept from one shrink to the next.
#[derive(Default)]
struct ShrinkSwitches {
    named: Vec<TagPattern>,
    /// The number of keys at the time of the lookup.
    known: usize,
    switches: Vec<PathBuf>,
}

impl Shrinker {
    /// Records a new cache and returns whether its memory is reclaimable. A cache without a folder (an old SLAB kernel,
    /// a fixture) can be neither shrunk nor queried. It counts as not reclaimable, so its growth is not excused.
    pub(super) fn meet(&mut self, root: &Path, name: &[u8], tag: &Tag) -> bool {
        // sysfs shows a `/` in a name as `!` (lib/kobject.c, `kobject_set_name_vargs`).
        let name: Vec<u8> = name.iter().map(|&byte| if byte == b'/' { b'!' } else { byte }).collect();
        let folder = root.join("sys/kernel/slab").join(std::ffi::OsStr::from_bytes(&name));
        let switch = folder.join("shrink");
        if switch.exists() {
            self.switches.push((tag.clone(), switch));
        }
        fs_err::read(folder.join("reclaim_account")).is_ok_and(|text| text.trim_ascii() == b"1")
    }

    /// Shrinks the caches that match `named` and returns their number.
    pub(super) fn shrink(&mut self, named: &[TagPattern], keys: &[Key]) -> Result<usize, MachineError> {
        if self.wanted.known != keys.len() || self.wanted.named != named {
            let is_named = |tag: &Tag| keys.iter().any(|key| key.tag == *tag && named.iter().any(|p| p.matches(key)));
            let switches = self.switches.iter().filter(|(tag, _)| is_named(tag));
            let switches = switches.map(|(_, switch)| switch.clone()).collect();
            self.wanted = ShrinkSwitches { named: named.to_owned(), known: keys.len(), switches };
        }
        for switch in &self.wanted.switches {
            let written = OpenOptions::new().write(true).open(switch).and_then(|mut file| file.write_all(b"1"));
            match written {
                Ok(()) => {}
                // The cache's module has been unloaded: nothing is left to shrink.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                // The same, between opening and writing (fs/kernfs/file.c, `kernfs_fop_write_iter`).
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NODEV.raw_os_error()) => {}
                Err(source) => return Err(MachineError::unwritable(&switch, source)),
            }
        }
        Ok(self.wanted.switches.len())
    }
}
