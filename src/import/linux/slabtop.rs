//! `slabtop -o`: a summary, and rows `OBJS ACTIVE USE OBJ SIZE SLABS OBJ/SLAB CACHE SIZE NAME` (slabtop(1)).
//!
//! slabtop prints object sizes in KiB with two decimals, so a size is off by up to 5 bytes. The number of objects in a
//! slab bounds the size from above, and nearly all sizes are multiples of 8 bytes; often only one size is possible.

use super::row::{LinuxRow, no_number, number, words};
use super::slabinfo::cache;

/// A note for readers of the report.
pub(super) const ROUNDED: &str = "slabtop rounds object sizes to 0.01 KiB, so the bytes of small objects are estimates";

/// A line of the summary above the rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Summary {
    /// The number of caches.
    Caches(u64),
    /// Bytes of all objects in use.
    Size(u64),
    Other,
}

/// Parses a line of the summary.
pub(super) fn summary(text: &[u8]) -> Option<Summary> {
    let behind = |start: &[u8]| {
        let rest = text.strip_prefix(start)?;
        let mut words = words(&rest[memchr::memchr(b':', rest)? + 1..]);
        Some((words.next()?, words.nth(1)?))
    };
    if let Some((_, all)) = behind(b"Active / Total Caches") {
        return Some(number(all).map_or(Summary::Other, Summary::Caches));
    }
    if let Some((used, _)) = behind(b"Active / Total Size") {
        return Some(kib(used).map_or(Summary::Other, |kib| Summary::Size((kib * 1024.0).round() as u64)));
    }
    (text.starts_with(b"Active / Total ") || text.starts_with(b"Minimum / Average")).then_some(Summary::Other)
}

/// Parses a row; `None` if the line does not look like one.
pub(super) fn row(text: &[u8]) -> Option<Result<LinuxRow<'_>, String>> {
    let mut rest = text;
    let mut word = || {
        let at = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(at);
        rest = behind.trim_ascii_start();
        word
    };
    let (total, active, used) = (word(), word(), word());
    let is_number = |word: &[u8]| word.first().is_some_and(u8::is_ascii_digit);
    ((is_number(total) || is_number(active)) && used.ends_with(b"%")).then_some(())?;
    let (size, slabs, per_slab, held) = (word(), word(), word(), word());
    if rest.is_empty() {
        return Some(Err("ends before its name".to_owned()));
    }
    let whole = kib(held).map(|kib| (kib * 1024.0).round() as u64);
    let object = object_size(rest, size, [slabs, per_slab, held]);
    let read = object.and_then(|size| cache(rest, active, total, size.to_string().as_bytes()));
    Some(read.map(|row| LinuxRow { held: whole, ..row }))
}

/// Estimates the bytes of one object as precisely as the line allows.
fn object_size(name: &[u8], size: &[u8], [slabs, per_slab, held]: [&[u8]; 3]) -> Result<u64, String> {
    let (size, held) = (kib(size).ok_or_else(|| no_number(size))?, kib(held).ok_or_else(|| no_number(held))?);
    let read = |word: &[u8]| number(word).ok_or_else(|| no_number(word));
    let (slabs, per_slab) = (read(slabs)?, read(per_slab)?);
    let bytes = |kib: f64| (kib * 1024.0).max(0.0);
    let (least, mut most) = (bytes(size - 0.005), bytes(size + 0.005));
    // The name of a kmalloc cache contains the object size, unless debugging adds to it.
    if let Some(exact) = of_name(name).filter(|exact| (least..=most).contains(&(*exact as f64))) {
        return Ok(exact);
    }
    let objects = slabs as f64 * per_slab as f64;
    if objects > 0.0 {
        most = most.min((bytes(held) / objects).max(least));
    }
    let printed = bytes(size).min(most);
    let aligned = [(printed / 8.0).round() * 8.0, (printed / 8.0).floor() * 8.0];
    let fitting = aligned.into_iter().find(|aligned| *aligned > 0.0 && (least..=most).contains(aligned));
    Ok(fitting.unwrap_or(printed).round() as u64)
}

/// The object size in a cache name: `kmalloc-64`, `kmalloc-rcl-2k`.
fn of_name(name: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(name).ok().filter(|name| name.contains("kmalloc-"))?.rsplit('-').next()?;
    match digits.strip_suffix('k') {
        Some(digits) => digits.parse::<u64>().ok()?.checked_mul(1024),
        None => digits.parse().ok(),
    }
}

/// Parses `0.38K`, `1389144K`; some locales have a decimal comma, and some implementations print no unit.
fn kib(word: &[u8]) -> Option<f64> {
    let word = str::from_utf8(word).ok()?;
    let digits = word.strip_suffix('K').unwrap_or(word).replace(',', ".");
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    digits.parse().ok().filter(|_| plain && digits.len() < 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_the_size_that_fits_its_slab() {
        for (text, name, objects, size) in [
            ("3646503 3646503 100%    0.38K 173643       21   1389144K kmem_cache", "kmem_cache", 3_646_503, 384),
            ("3852288 3851906  99%    0.06K  60192       64    240768K kmalloc-64", "kmalloc-64", 3_851_906, 64),
            (
                "3646656 3646656 100%    0,06K  56979       64    227916K kmem_cache_node",
                "kmem_cache_node",
                3_646_656,
                64,
            ),
            ("1441760 1441675  99%    0.12K  45055       32    180220K kmalloc-128", "kmalloc-128", 1_441_675, 128),
            ("   8192    8000  98%    0.01K     16      512        64K kmalloc-8", "kmalloc-8", 8000, 8),
            ("   730    730 100%    0.05K     10       73         39 ip_fib_alias", "ip_fib_alias", 730, 48),
            ("     10      10 100%    1.06K      1       30        32K ext4_inode_cache", "ext4_inode_cache", 10, 1088),
        ] {
            let Some(Ok(read)) = row(text.trim().as_bytes()) else { panic!("{text}") };
            assert_eq!(
                LinuxRow { held: None, ..read },
                LinuxRow::cache(name.as_bytes(), objects, objects * size),
                "{text}"
            );
        }
    }

    #[test]
    fn the_size_of_a_cache_is_that_of_its_slabs() {
        let row = row(b"3646503 3646503 100%    0.38K 173643       21   1389144K kmem_cache");
        assert_eq!(row.and_then(Result::ok).and_then(|row| row.held), Some(1_389_144 * 1024));
    }

    #[test]
    fn a_summary_has_the_caches_and_the_bytes_of_all_objects() {
        let size = b"Active / Total Size (% used)       : 2394126.21K / 2416458.60K (99.1%)";
        assert_eq!(summary(size), Some(Summary::Size(2_451_585_239)));
        assert_eq!(summary(b"Active / Total Caches (% used)     : 85 / 113 (75.2%)"), Some(Summary::Caches(113)));
        assert_eq!(summary(b"Minimum / Average / Maximum Object : 0.01K / 0.16K / 18.62K"), Some(Summary::Other));
        assert_eq!(summary(b"dentry"), None);
    }

    #[test]
    fn the_mistake_in_a_row_is_described() {
        for (text, why) in [
            ("10 10 100% 1.06K 1 30 32K", "ends before its name"),
            ("10 11 110% 1.06K 1 30 32K x", "does not add up: 11 of 10 objects are in use"),
            ("10 10 100% l.06K 1 30 32K x", "has `l.06K` instead of a number"),
        ] {
            assert_eq!(row(text.as_bytes()), Some(Err(why.to_owned())), "{text}");
        }
        assert_eq!(row(b"root@host:~# slabtop -o"), None);
    }
}
