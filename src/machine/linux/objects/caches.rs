//! From the tags that are to be followed to the kernel's caches: their names, and the size classes of kmalloc.
//!
//! The kernel merges caches of one size (`slab_merge`): they share one `struct kmem_cache`, which keeps its first name,
//! and the other names are links in `/sys/kernel/slab` to the same folder (mm/slub.c, `sysfs_slab_alias`). The event of
//! a kmalloc gives the size of the object and the flags of the request, but no cache. Caches with the same size and the
//! same kind of request can therefore not be separated: `kmalloc-rnd-NN-64` (CONFIG_RANDOM_KMALLOC_CACHES) and buckets
//! such as `memdup_user-64` (CONFIG_SLAB_BUCKETS) are followed together with `kmalloc-64`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::TracerError;
use super::layout::{CACHES, KIND_ACCOUNTED, KIND_DMA, KIND_NORMAL, KIND_RECLAIMABLE, NameWords, name_words};
use crate::machine::linux::line::Cache;
use crate::pool::Tag;

/// A cache to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FollowedCache {
    /// The cache, as it was asked for.
    pub(super) tag: Tag,
    /// Other caches with the same objects.
    pub(super) also: Vec<Tag>,
    /// The name that the kernel keeps.
    pub(super) name: NameWords,
    /// The objects of kmalloc that it holds.
    pub(super) class: Option<SizeClass>,
}

/// The allocations by kmalloc that use one cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SizeClass {
    /// Bytes of an object, with the room for debugging if the kernel adds any.
    pub(super) bytes: u32,
    /// The kinds of requests, as a set of `KIND_` bits.
    pub(super) kinds: u32,
}

/// The caches of a kernel.
struct KernelCaches {
    /// Bytes of an object, by name.
    listed: BTreeMap<Vec<u8>, u64>,
    folder: PathBuf,
}

/// Finds the caches that `tags` name, in the kernel with its `/proc` and `/sys` below `root`. Several names of one cache
/// become one.
pub(super) fn find_caches(root: &Path, tags: &[Tag]) -> Result<Vec<FollowedCache>, TracerError> {
    match tags.len() {
        0 => return Err(TracerError::NoCache),
        given if given > CACHES => return Err(TracerError::TooManyCaches(given)),
        _ => {}
    }
    let kernel = KernelCaches::read(root)?;
    let mut followed: Vec<FollowedCache> = Vec::new();
    for tag in tags {
        let found = kernel.find(tag)?;
        let same = |other: &&mut FollowedCache| {
            other.name == found.name || (found.class.is_some() && other.class == found.class)
        };
        match followed.iter_mut().find(same) {
            Some(other) if other.tag == *tag || other.also.contains(tag) => {}
            Some(other) => other.also.push(tag.clone()),
            None => followed.push(found),
        }
    }
    Ok(followed)
}

impl KernelCaches {
    fn read(root: &Path) -> Result<KernelCaches, TracerError> {
        let path = root.join("proc/slabinfo");
        let mut text = Vec::new();
        let read = File::open(&path).and_then(|mut file| file.read_to_end(&mut text));
        read.map_err(|source| TracerError::Unreadable { path, source })?;
        // The first two lines are headings, and have no figures.
        let lines = text.split(|&byte| byte == b'\n').filter_map(|line| Cache::parse(line).ok());
        let listed = lines.map(|cache| (cache.name.to_owned(), cache.size)).collect();
        Ok(KernelCaches { listed, folder: root.join("sys/kernel/slab") })
    }

    fn find(&self, tag: &Tag) -> Result<FollowedCache, TracerError> {
        let asked = tag.bytes();
        let mut merged = self.merged_with(&asked);
        let name = if self.listed.contains_key(&asked) {
            asked.clone()
        } else {
            let listed = merged.iter().find(|name| self.listed.contains_key(*name)).cloned();
            listed.ok_or_else(|| TracerError::UnknownCache(tag.clone()))?
        };
        let words = name_words(&name).ok_or_else(|| TracerError::LongName(tag.clone()))?;
        let class = self.class(&name);
        if let Some((_, same_size)) = &class {
            merged.extend(same_size.iter().cloned());
        }
        merged.retain(|other| *other != asked);
        let also = merged.iter().filter_map(|name| Tag::from_cache_name(name).ok()).collect();
        Ok(FollowedCache { tag: tag.clone(), also, name: words, class: class.map(|(class, _)| class) })
    }

    /// The names that the kernel merged with `name`, among them `name` itself. Empty if it is not merged.
    fn merged_with(&self, name: &[u8]) -> Vec<Vec<u8>> {
        let link = |path: &Path| path.read_link().ok();
        // sysfs shows a `/` in a name as `!`.
        let shown: Vec<u8> = name.iter().map(|&byte| if byte == b'/' { b'!' } else { byte }).collect();
        let Some(target) = link(&self.folder.join(OsString::from_vec(shown))) else { return Vec::new() };
        let Ok(entries) = self.folder.read_dir() else { return Vec::new() };
        let same = entries.flatten().filter(|entry| link(&entry.path()).as_ref() == Some(&target));
        let mut names: Vec<Vec<u8>> = same.map(|entry| entry.file_name().into_vec()).collect();
        names.sort();
        names
    }

    /// The size class of a kmalloc cache, and the other caches of the same class.
    fn class(&self, name: &[u8]) -> Option<(SizeClass, Vec<Vec<u8>>)> {
        let (family, label) = split(name)?;
        let exists = |family: &[u8], label: &[u8]| self.listed.contains_key(&[family, b"-", label].concat());
        // Only these families and the kernel's buckets have a cache for every size.
        let is_family = |family: &[u8]| exists(family, b"64") && exists(family, b"1k");
        is_family(family).then_some(())?;
        let special =
            [(&b"kmalloc-cg"[..], KIND_ACCOUNTED), (b"kmalloc-rcl", KIND_RECLAIMABLE), (b"dma-kmalloc", KIND_DMA)];
        let bytes = u32::try_from(*self.listed.get(name)?).ok()?;
        if let Some((_, kinds)) = special.iter().find(|(special, _)| *special == family) {
            return Some((SizeClass { bytes, kinds: *kinds }, Vec::new()));
        }
        // Without a cache of its own, a kind uses the normal one (include/linux/slab.h, `enum kmalloc_cache_type`).
        let borrowed = special.iter().filter(|(special, _)| !exists(special, label));
        let kinds = borrowed.fold(KIND_NORMAL, |kinds, (_, kind)| kinds | kind);
        let is_same = |other: &[u8]| {
            split(other).is_some_and(|(family, size)| {
                size == label && is_family(family) && special.iter().all(|(special, _)| *special != family)
            })
        };
        let same = self.listed.keys().filter(|other| is_same(other)).cloned();
        Some((SizeClass { bytes, kinds }, same.collect()))
    }
}

/// The family and the size of a name such as `kmalloc-cg-1k`.
fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = name.iter().rposition(|&byte| byte == b'-')?;
    let (family, label) = (&name[..at], &name[at + 1..]);
    let digits = label.strip_suffix(b"k").or(label.strip_suffix(b"M")).unwrap_or(label);
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit)).then_some((family, label))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A kernel with these caches (name, bytes of an object) and links to merged ones.
    fn kernel(caches: &[(&str, u64)], links: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let mut text = "slabinfo - version: 2.1\n# name            <active_objs> …\n".to_owned();
        for (name, bytes) in caches {
            text += &format!("{name:<17} 1 2 {bytes} 16 1 : tunables 0 0 0 : slabdata 1 1 0\n");
        }
        fs_err::create_dir_all(root.path().join("proc")).unwrap();
        fs_err::write(root.path().join("proc/slabinfo"), text).unwrap();
        let folder = root.path().join("sys/kernel/slab");
        fs_err::create_dir_all(&folder).unwrap();
        for (name, target) in links {
            symlink(target, folder.join(name)).unwrap();
        }
        root
    }

    fn tags(names: &[&str]) -> Vec<Tag> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn found(root: &tempfile::TempDir, names: &[&str]) -> Vec<FollowedCache> {
        find_caches(root.path(), &tags(names)).unwrap()
    }

    fn refused(root: &tempfile::TempDir, names: &[&str]) -> String {
        find_caches(root.path(), &tags(names)).unwrap_err().to_string()
    }

    const KMALLOC: [(&str, u64); 10] = [
        ("key_jar", 256),
        ("kmalloc-64", 64),
        ("kmalloc-1k", 1024),
        ("kmalloc-cg-64", 64),
        ("kmalloc-cg-1k", 1024),
        ("kmalloc-rcl-64", 64),
        ("kmalloc-rcl-1k", 1024),
        ("memdup_user-64", 64),
        ("memdup_user-1k", 1024),
        ("scsi-64", 64),
    ];

    #[test]
    fn a_cache_of_its_own_is_found_by_its_name() {
        let found = found(&kernel(&KMALLOC, &[]), &["key_jar"]);
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].also, found[0].class), (&Vec::new(), None));
        assert_eq!(Some(found[0].name), name_words(b"key_jar"));
    }

    #[test]
    fn a_merged_cache_is_followed_under_the_name_that_the_kernel_keeps() {
        let links = [("key_jar", ":0000256"), ("biovec-16", ":0000256"), ("other", ":0000064")];
        let root = kernel(&KMALLOC, &links);
        let by_alias = found(&root, &["biovec-16"]);
        assert_eq!(Some(by_alias[0].name), name_words(b"key_jar"));
        assert_eq!((by_alias[0].tag.as_str(), &by_alias[0].also), ("biovec-16", &tags(&["key_jar"])));
        // Both names are one cache.
        let both = found(&root, &["key_jar", "biovec-16"]);
        assert_eq!((both.len(), &both[0].also), (1, &tags(&["biovec-16"])));
    }

    #[test]
    fn size_classes_follow_the_kernels_choice_of_a_cache() {
        let root = kernel(&KMALLOC, &[]);
        let class = |name: &str| found(&root, &[name])[0].class.map(|class| (class.bytes, class.kinds));
        // Nothing is requested from a cache for DMA here, so such requests use the normal cache.
        assert_eq!(class("kmalloc-64"), Some((64, KIND_NORMAL | KIND_DMA)));
        assert_eq!(class("kmalloc-cg-1k"), Some((1024, KIND_ACCOUNTED)));
        assert_eq!(class("kmalloc-rcl-64"), Some((64, KIND_RECLAIMABLE)));
        assert_eq!(class("scsi-64"), None);
        let plain = kernel(&[("kmalloc-64", 128), ("kmalloc-1k", 1024)], &[]);
        let all = KIND_NORMAL | KIND_ACCOUNTED | KIND_RECLAIMABLE | KIND_DMA;
        assert_eq!(found(&plain, &["kmalloc-64"])[0].class, Some(SizeClass { bytes: 128, kinds: all }));
    }

    #[test]
    fn caches_that_share_a_size_class_are_named() {
        let root = kernel(&KMALLOC, &[]);
        assert_eq!(found(&root, &["kmalloc-64"])[0].also, tags(&["memdup_user-64"]));
        assert_eq!(found(&root, &["memdup_user-64"])[0].also, tags(&["kmalloc-64"]));
        assert_eq!(found(&root, &["memdup_user-64", "kmalloc-64"]).len(), 1);
        assert_eq!(found(&root, &["kmalloc-cg-64"])[0].also, tags(&[]));
    }

    #[test]
    fn other_requests_are_refused_with_a_reason() {
        let root = kernel(&[("key_jar", 256), (&"long".repeat(16), 64)], &[]);
        assert_eq!(refused(&root, &[]), "no slab cache was given to follow");
        let nine = ["key_jar"; 9];
        assert_eq!(refused(&root, &nine), "9 slab caches were given to follow, and 8 at once are possible");
        assert_eq!(refused(&root, &["key_jar", "nothing"]), "this kernel has no slab cache nothing");
        assert!(refused(&root, &[&"long".repeat(16)]).ends_with("is longer than 63 bytes"));
        let nowhere = tempfile::tempdir().unwrap();
        assert!(refused(&nowhere, &["key_jar"]).starts_with("cannot read "));
    }
}
