//! Rows of `/proc/allocinfo`: `bytes calls file:line [module] func:name` (Documentation/filesystems/proc.rst).
//!
//! The tag is `module:function`, as in live sampling: files and lines differ from build to build.

use super::row::{LinuxRow, no_number, number, words};
use crate::pool::{Counters, Pool, Usage};

/// The module name of built-in code.
const BUILT_IN: &[u8] = b"kernel";

/// Parses a row; `None` if the line does not look like one.
pub(super) fn row(text: &[u8]) -> Option<Result<LinuxRow<'static>, String>> {
    let mut words = words(text);
    let (bytes, calls, place) = (words.next()?, words.next()?, words.next()?);
    bytes.strip_prefix(b"-").unwrap_or(bytes).first().filter(|byte| byte.is_ascii_digit())?;
    place.contains(&b':').then_some(())?;
    let mut word = words.next().unwrap_or_default();
    let mut module = BUILT_IN;
    if let Some(name) = word.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")) {
        module = name;
        word = words.next().unwrap_or_default();
    }
    Some(match word.strip_prefix(b"func:").filter(|name| !name.is_empty()) {
        None => Err("has no function name".to_owned()),
        Some(function) => figures(bytes, calls).map(|usage| LinuxRow {
            name: [module, b":", function].concat().into(),
            pool: Pool::Callsite,
            counters: Counters::InUse,
            reclaimable: false,
            usage,
            held: None,
        }),
    })
}

/// Parses the figures. The kernel does not sum all CPUs at one instant, so a sum can be negative for a moment; it then
/// counts as 0.
fn figures(bytes: &[u8], calls: &[u8]) -> Result<Usage, String> {
    let read = |word: &[u8]| match word.strip_prefix(b"-") {
        Some(digits) => number(digits).map(|_| 0).ok_or_else(|| no_number(word)),
        None => number(word).ok_or_else(|| no_number(word)),
    };
    let (allocs, bytes) = (read(calls)?, read(bytes)?);
    // Calls are printed as unsigned numbers, so a negative one appears as a huge one.
    let positive = |value: u64| if i64::try_from(value).is_ok() { value } else { 0 };
    Ok(Usage { allocs: positive(allocs), frees: 0, bytes: positive(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_is_the_function_in_its_module() {
        let read = |text: &str| {
            let fields = |row: LinuxRow<'_>| {
                (String::from_utf8_lossy(&row.name).into_owned(), row.usage.allocs, row.usage.bytes)
            };
            row(text.as_bytes()).map(|row| row.map(fields))
        };
        let expected = |name: &str, allocs, bytes| Some(Ok((name.to_owned(), allocs, bytes)));
        assert_eq!(read("4096 2 mm/slub.c:12 func:alloc_slab_page"), expected("kernel:alloc_slab_page", 2, 4096));
        assert_eq!(read("64 1 fs/x.c:9 [xfs] func:f accurate:no"), expected("xfs:f", 1, 64));
        assert_eq!(read("-64 18446744073709551615 a.c:1 func:f"), expected("kernel:f", 0, 0));
        assert_eq!(read("64 1 fs/x.c:9 [xfs]"), Some(Err("has no function name".to_owned())));
        assert_eq!(read("64 x fs/x.c:9 func:f"), Some(Err("has `x` instead of a number".to_owned())));
        assert_eq!(read("what is this"), None);
    }
}
