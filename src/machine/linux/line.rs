//! One line of slabinfo: one slab cache.
//!
//! `%-17s %6lu %6lu %6u %4u %4d : tunables … : slabdata …`, with every allocator and in every version 2.x
//! (mm/slab_common.c, `cache_show`). Nothing is guessed: a line that does not match is an error.

/// The fields of one line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cache<'a> {
    /// The name without its padding.
    pub(super) name: &'a [u8],
    /// Objects in use.
    pub(super) active: u64,
    /// Bytes per object.
    pub(super) size: u64,
    /// Pages of all its slabs, whether or not their objects are in use.
    pub(super) pages: u64,
}

impl<'a> Cache<'a> {
    /// Parses a line from its end: the name is the text before the five numbers in front of ` : tunables`.
    ///
    /// The kernel allows any name, also one with spaces. Only a kernel built with CONFIG_DEBUG_VM warns about them
    /// (mm/slab_common.c, `kmem_cache_sanity_check`: "It confuses parsers"). So `twin 7` must not become a `twin` with
    /// 7 objects. Spaces at the very end cannot be distinguished from the padding (`%-17s`) and are dropped. A line
    /// break in a name makes two lines, and the first one is an error.
    pub(super) fn parse(line: &'a [u8]) -> Result<Cache<'a>, &'static str> {
        let figures = memchr::memrchr_iter(b':', line)
            .find(|&at| line[at..].starts_with(b": tunables ") && line[..at].ends_with(b" "))
            .ok_or("no ` : tunables` after the figures")?;
        let (rest, behind) = line.split_at(figures);
        let slabs = num_slabs(behind).ok_or("num_slabs is not a number")?;
        let (rest, pages_per_slab) = last_number(rest).ok_or("pagesperslab is not a number")?;
        let (rest, _objects_per_slab) = last_number(rest).ok_or("objperslab is not a number")?;
        let (rest, size) = last_number(rest).ok_or("objsize is not a number")?;
        let (rest, _num_objs) = last_number(rest).ok_or("num_objs is not a number")?;
        let (rest, active) = last_number(rest).ok_or("active_objs is not a number")?;
        let pages = slabs.checked_mul(pages_per_slab).ok_or("num_slabs × pagesperslab is too large")?;
        match rest.trim_ascii_end() {
            b"" => Err("no cache name"),
            name => Ok(Cache { name, active, size, pages }),
        }
    }
}

/// Returns the second number after ` : slabdata`; `text` begins with `: tunables`. CONFIG_DEBUG_SLAB adds more after
/// it.
fn num_slabs(text: &[u8]) -> Option<u64> {
    const SLABDATA: &[u8] = b": slabdata ";
    let at = memchr::memmem::find(text, SLABDATA)? + SLABDATA.len();
    let mut items = text[at..].split(|&b| b == b' ').filter(|item| !item.is_empty());
    number(items.nth(1)?)
}

/// Returns the number after the last space, and the text before it.
fn last_number(line: &[u8]) -> Option<(&[u8], u64)> {
    let line = line.trim_ascii_end();
    let (rest, digits) = line.split_at(line.iter().rposition(|&b| b == b' ')? + 1);
    Some((rest, number(digits)?))
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |value, &digit| {
        digit.is_ascii_digit().then_some(())?;
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_all_characters_that_the_kernel_permits() {
        for name in [
            "key_jar",
            "twin 7",
            "a 1 2 3 4 5",
            "a 1 2 3 4 5 : tunables 6",
            "odd : slabdata",
            " lead",
            "#hash",
            "tab\there",
            "ext4(12:user.slice)",
            "longer_than_its_column",
        ] {
            let line = format!("{name:<17}      3     16    256   16    1 : tunables    0    0    0 : slabdata 6 7 0");
            let cache = Cache { name: name.as_bytes(), active: 3, size: 256, pages: 7 };
            assert_eq!(Cache::parse(line.as_bytes()), Ok(cache), "{line}");
        }
    }
}
