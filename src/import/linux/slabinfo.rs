//! Rows of `/proc/slabinfo`: `name active_objs num_objs objsize objperslab pagesperslab : tunables …`.
//!
//! Sources: Documentation/filesystems/proc.rst and mm/slab_common.c (`cache_show`). The live reader requires a whole
//! line. A log may have been pasted, so figures count only if the number after them shows that they are whole.

use memchr::memmem;

use super::row::{LinuxRow, no_number, number, words};

const TUNABLES: &[u8] = b": tunables";

/// Whether a line has the `: tunables` of a slabinfo row.
pub(super) fn is_marked(text: &[u8]) -> bool {
    !text.starts_with(b"#") && memmem::find(text, TUNABLES).is_some()
}

/// Parses a row of version 2.x; `None` if the line does not look like one.
pub(super) fn row(text: &[u8]) -> Option<Result<LinuxRow<'_>, String>> {
    let (figures, whole) = match memmem::rfind(text, TUNABLES).filter(|_| is_marked(text)) {
        Some(at) => (&text[..at], true),
        None => (text, false),
    };
    let found = if whole { named(figures, 5) } else { first(figures) };
    let Some((name, figures)) = found else {
        let damaged = whole && words(figures).count() > 2;
        return damaged.then(|| Err("does not have a name and five numbers before ` : tunables`".to_owned()));
    };
    let [active, total, size, ..] = figures[..] else { return None };
    if !whole && figures.len() < 4 {
        return Some(Err("ends at its object size, so that number may be cut off".to_owned()));
    }
    let held = held(text, &figures);
    Some(cache(plain(name), active, total, size).map(|row| LinuxRow { held, ..row }))
}

/// Bytes of a cache's slabs: `… objsize objperslab pagesperslab : tunables … : slabdata active_slabs num_slabs …`. The
/// page size is the smallest one at which a slab has room for its objects, because the kernel puts as many into a slab
/// as fit.
fn held(text: &[u8], figures: &[&[u8]]) -> Option<u64> {
    const SLABDATA: &[u8] = b": slabdata";
    let behind = &text[memmem::find(text, SLABDATA)? + SLABDATA.len()..];
    let slabs = number(words(behind).nth(1)?)?;
    let [_, _, size, objects, pages] = figures[..] else { return None };
    let (size, objects, pages) = (number(size)?, number(objects)?, number(pages)?);
    let needed = size.checked_mul(objects)?;
    let page =
        [4096, 16_384, 65_536].into_iter().find(|page| pages.checked_mul(*page).is_some_and(|slab| slab >= needed))?;
    slabs.checked_mul(pages.checked_mul(page)?).filter(|bytes| i64::try_from(*bytes).is_ok())
}

/// Removes the prefix that `grep -H` or a system log adds: `/proc/slabinfo:dentry`, `Nov 14 01:32:30 host: dentry`.
fn plain(name: &[u8]) -> &[u8] {
    let path = name.first() == Some(&b'/');
    match (memmem::rfind(name, b": "), memchr::memchr(b':', name).filter(|_| path)) {
        (Some(at), _) => name[at + 2..].trim_ascii_start(),
        (None, Some(at)) => &name[at + 1..],
        (None, None) => name,
    }
}

/// Parses a row of version 1.x: `name active_objs num_objs objsize active_slabs num_slabs pagesperslab`. Some kernels
/// add more after a colon.
pub(super) fn old_row(text: &[u8]) -> Option<Result<LinuxRow<'_>, String>> {
    let figures = memmem::find(text, b" : ").map_or(text, |at| &text[..at]);
    let (name, figures) = named(figures, 6).or_else(|| first(figures))?;
    let [active, total, size, _, ..] = figures[..] else {
        return Some(Err("ends at its object size, so that number may be cut off".to_owned()));
    };
    Some(cache(name, active, total, size))
}

/// Splits off the last `count` words. The name before them may contain spaces.
fn named(text: &[u8], count: usize) -> Option<(&[u8], Vec<&[u8]>)> {
    let mut figures = Vec::with_capacity(count);
    let mut rest = text.trim_ascii_end();
    for _ in 0..count {
        let at = rest.iter().rposition(u8::is_ascii_whitespace)?;
        figures.push(&rest[at + 1..]);
        rest = rest[..at].trim_ascii_end();
    }
    figures.reverse();
    let numbers = figures.iter().all(|word| word.first().is_some_and(u8::is_ascii_digit));
    (!rest.is_empty() && numbers).then_some((rest, figures))
}

/// Splits a line into its first word and the following words that begin with digits.
fn first(text: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let mut words = words(text);
    let name = words.next()?;
    let figures: Vec<&[u8]> = words.take_while(|word| word[0].is_ascii_digit()).collect();
    (figures.len() >= 3).then_some((name, figures))
}

/// A cache with objects of `size` bytes.
pub(super) fn cache<'a>(name: &'a [u8], active: &[u8], total: &[u8], size: &[u8]) -> Result<LinuxRow<'a>, String> {
    let read = |word: &[u8]| number(word).ok_or_else(|| no_number(word));
    let (active, total, size) = (read(active)?, read(total)?, read(size)?);
    if active > total {
        return Err(format!("does not add up: {active} of {total} objects are in use"));
    }
    let bytes = active.checked_mul(size).filter(|bytes| i64::try_from(*bytes).is_ok());
    let bytes = bytes.ok_or_else(|| "has more bytes than any machine".to_owned())?;
    Ok(LinuxRow::cache(name, active, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(row: Option<Result<LinuxRow<'_>, String>>) -> Option<Result<(String, u64, u64), String>> {
        let fields =
            |row: LinuxRow<'_>| (String::from_utf8_lossy(&row.name).into_owned(), row.usage.allocs, row.usage.bytes);
        row.map(|row| row.map(fields))
    }

    fn dentry() -> Option<Result<(String, u64, u64), String>> {
        Some(Ok(("dentry".to_owned(), 3, 576)))
    }

    #[test]
    fn a_row_counts_if_its_object_size_is_whole() {
        for text in [
            "dentry  3 42 192 21 1 : tunables 0 0 0 : slabdata 2 2 0",
            "dentry  3 42 192 21 1 : tunables 120 60 8 : slabdata 2 2 0 : globalstat 1 2 : cpustat 3 4",
            "dentry 3 42 192 21 1",
            "dentry 3 42 192 2",
        ] {
            assert_eq!(read(row(text.as_bytes())), dentry(), "{text}");
        }
        assert!(row(b"dentry 3 42 192").is_some_and(|row| row.is_err()), "192 may be cut");
        assert_eq!(row(b"dentry 3 42"), None);
        let spaces = read(row(b"twin 7 3 42 192 21 1 : tunables 0 0 0 : slabdata 2 2 0"));
        assert_eq!(spaces, Some(Ok(("twin 7".to_owned(), 3, 576))));
    }

    #[test]
    fn slabs_are_held_whole_with_the_pages_of_their_kernel() {
        let held = |text: &str| row(text.as_bytes()).and_then(Result::ok).and_then(|row| row.held);
        let slabs = |figures: &str| format!("dentry {figures} : tunables 0 0 0 : slabdata 46008 46008 0");
        assert_eq!(held(&slabs("1470384 1932336 192 42 2")), Some(368_064 * 1024));
        assert_eq!(held(&slabs("5 341 192 341 1")), Some(46_008 * 65_536), "pages of 64 KiB");
        assert_eq!(held("dentry 5 341 192 21 1"), None);
    }

    #[test]
    fn text_before_a_name_is_no_part_of_it() {
        let tail = "3 42 192 21 1 : tunables 0 0 0 : slabdata 2 2 0";
        for before in ["Nov 14 01:32:30 dbg: ", "/proc/slabinfo:", ""] {
            assert_eq!(read(row(format!("{before}dentry  {tail}").as_bytes())), dentry(), "{before}");
        }
        let cgroup = read(row(format!("dentry(12:user.slice) {tail}").as_bytes()));
        assert_eq!(cgroup, Some(Ok(("dentry(12:user.slice)".to_owned(), 3, 576))));
    }

    #[test]
    fn version_1_has_other_columns_behind_the_size() {
        for text in ["dentry 3 42 192 2 3 1", "dentry 3 42 192 2 3 1 : 252 126", "dentry 3 42 192 2 3 1 :  7 8 9 : 1 2"]
        {
            assert_eq!(read(old_row(text.as_bytes())), dentry(), "{text}");
        }
        assert!(old_row(b"dentry 3 42 192").is_some_and(|row| row.is_err()));
        assert_eq!(old_row(b"kmem_cache"), None);
    }

    #[test]
    fn a_row_that_makes_no_sense_gives_the_reason() {
        for (text, why) in [
            ("d 43 42 192 21 1 : tunables 0 0 0", "does not add up: 43 of 42 objects are in use"),
            ("d 3 4O 192 21 1 : tunables 0 0 0", "has `4O` instead of a number"),
            ("d O 42 192 21 1 : tunables 0 0 0", "does not have a name and five numbers before ` : tunables`"),
            ("d 9999999999999999999 9999999999999999999 9 1 1 : tunables", "has more bytes than any machine"),
            ("d 99999999999999999999 1 9 1 1 : tunables", "has `99999999999999999999` instead of a number"),
        ] {
            assert_eq!(read(row(text.as_bytes())), Some(Err(why.to_owned())), "{text}");
        }
    }
}
