//! The lines of Driver Verifier's lists, in the formats of the debugger and of `verifier /query`.

use super::super::passed::shown;

/// A driver under verification.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListedDriver {
    pub(super) name: String,
    /// Whether it was loaded once and is no longer.
    pub(super) unloaded: bool,
}

/// An allocation that has not been freed yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListedAllocation {
    pub(super) tag: String,
    /// The function that allocated it, or its address.
    pub(super) caller: String,
    pub(super) bytes: u64,
}

/// The layout of a list of allocations; a tag may contain spaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::import) struct ListLayout {
    /// Whether a list of allocations has begun.
    listing: bool,
}

/// The meaning of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum VerifierLine {
    Driver(ListedDriver),
    /// Allocations in the nonpaged and in the paged pool; only one of them in the old format of `verifier /query`.
    Allocations([Option<u64>; 2]),
    Bytes([Option<u64>; 2]),
    /// Allocations follow.
    Header(ListLayout),
    Allocation(Result<ListedAllocation, String>),
    /// Counts that cannot be read.
    Unread(String),
}

/// Parses a line about pools; `None` for any other line.
pub(super) fn read(text: &str, layout: ListLayout) -> Option<VerifierLine> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("Current Pool Allocations") {
        return Some(pair(rest).map_or_else(|| unread(text), VerifierLine::Allocations));
    }
    if let Some(rest) = text.strip_prefix("Current Pool Bytes") {
        return Some(pair(rest).map_or_else(|| unread(text), VerifierLine::Bytes));
    }
    for (name, said) in [
        (
            "CurrentNonPagedPoolAllocations:",
            (|count| VerifierLine::Allocations([Some(count), None])) as fn(u64) -> VerifierLine,
        ),
        ("CurrentPagedPoolAllocations:", |count| VerifierLine::Allocations([None, Some(count)])),
        ("NonPagedPoolUsageInBytes:", |count| VerifierLine::Bytes([Some(count), None])),
        ("PagedPoolUsageInBytes:", |count| VerifierLine::Bytes([None, Some(count)])),
    ] {
        if let Some(rest) = text.strip_prefix(name) {
            return Some(number(rest.trim(), 10).map_or_else(|| unread(text), said));
        }
    }
    let is_header = text.starts_with("PoolAddress ") || (text.starts_with("Address ") && text.contains("Caller"));
    if is_header {
        return Some(VerifierLine::Header(ListLayout { listing: true }));
    }
    driver(text).map(VerifierLine::Driver).or_else(|| allocation(text, layout).map(VerifierLine::Allocation))
}

fn unread(text: &str) -> VerifierLine {
    VerifierLine::Unread(format!("has counts that cannot be read: `{}`", shown(text.as_bytes())))
}

/// Parses two counts: `: ( 0x00000001 / 0x00000000 )`, `:  (      0 /      0 )`, `  00000002    00000013` (hexadecimal
/// in the debugger).
fn pair(rest: &str) -> Option<[Option<u64>; 2]> {
    let rest = rest.trim();
    let (first, second, base) = match rest.strip_prefix(':') {
        Some(rest) => {
            let (first, second) = rest.trim().strip_prefix('(')?.strip_suffix(')')?.split_once('/')?;
            (first.trim(), second.trim(), 10)
        }
        None => {
            let (first, second) = rest.split_once(char::is_whitespace)?;
            (first, second.trim(), 16)
        }
    };
    Some([Some(number(first, base)?), Some(number(second, base)?)])
}

/// Parses a number; a prefix `0x` makes it hexadecimal.
fn number(word: &str, base: u32) -> Option<u64> {
    let (digits, base) = word.strip_prefix("0x").map_or((word, base), |digits| (digits, 16));
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = plain.then(|| u64::from_str_radix(digits, base).ok()).flatten();
    value.filter(|value| i64::try_from(*value).is_ok())
}

/// Parses the line of a driver: `nt!_VF_TARGET_DRIVER 0xffffcb84: mydrv.sys (Loaded and Unloaded)`, `MODULE: 0x84226b28
/// mydrv.sys (Loaded)`, `MODULE: mydrv.sys (load: 1 / unload: 0)`, `Name: mydrv.sys, loads: 1, unloads: 0`,
/// `fffffa8003b6f670 Loaded 000000a0 00000854 mydrv.sys`.
fn driver(text: &str) -> Option<ListedDriver> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let [address, .., paged, nonpaged, name] = words[..]
        && words.len() >= 5
        && [address, paged, nonpaged]
            .into_iter()
            .all(|word| word.len() >= 8 && number(word, 16).is_some() || is_address(word))
    {
        let state = words[1..words.len() - 3].join(" ");
        let known = matches!(
            state.as_str(),
            "Loaded" | "Unloaded" | "Loaded and Unloaded" | "Loaded & Unloaded" | "Never Loaded"
        );
        return known.then(|| ListedDriver { name: name.to_owned(), unloaded: state.contains("Unloaded") });
    }
    if let Some(rest) = text.strip_prefix("Name:") {
        let mut parts = rest.split(',').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let mut count =
            |what: &str| parts.next()?.strip_prefix(what)?.trim_start_matches(':').trim().parse::<u64>().ok();
        let (loads, unloads) = (count("loads")?, count("unloads")?);
        return Some(ListedDriver { name: name.to_owned(), unloaded: loads > 0 && unloads >= loads });
    }
    let rest = match text.strip_prefix("MODULE:") {
        Some(rest) => rest,
        None => text.strip_prefix("nt!_VF_TARGET_DRIVER")?.split_once(':')?.1,
    };
    let (name, state) = rest.trim().strip_suffix(')')?.rsplit_once('(')?;
    let name = name.split_whitespace().last()?;
    let unloaded = match state.strip_prefix("load:") {
        Some(counts) => {
            let (loads, unloads) = counts.split_once('/')?;
            let count = |text: &str| text.rsplit(':').next().and_then(|count| count.trim().parse::<u64>().ok());
            let (loads, unloads) = (count(loads)?, count(unloads)?);
            loads > 0 && unloads >= loads
        }
        None => state.contains("Unloaded"),
    };
    Some(ListedDriver { name: name.to_owned(), unloaded })
}

/// Parses an allocation: `0xffffcb843b87aff0  0x00000004  ebpf  0xfffff803569c53e1  mydrv!alloc+0x21`. An old list has
/// no `0x` and no symbol.
fn allocation(text: &str, layout: ListLayout) -> Option<Result<ListedAllocation, String>> {
    let (address, rest) = text.split_once(char::is_whitespace)?;
    if !layout.listing || !is_address(address) {
        return None;
    }
    let read = || {
        let (length, rest) = rest.trim_start().split_once(char::is_whitespace)?;
        let bytes = length.strip_prefix("0x").and_then(|digits| number(digits, 16))?;
        // The caller is the first address after the tag, which may contain spaces.
        let rest = rest.trim_start();
        let at = rest
            .char_indices()
            .skip(1)
            .find(|(at, c)| c.is_whitespace() && rest[*at..].split_whitespace().next().is_some_and(is_address))?
            .0;
        let tag: String = rest[..at].trim_end().chars().take(4).collect();
        let mut caller = rest[at..].split_whitespace();
        let address = caller.next()?;
        let symbol = caller.next().filter(|symbol| symbol.is_ascii()).unwrap_or(address);
        let tag = if tag.len() < 4 { format!("{tag:<4}") } else { tag };
        Some(ListedAllocation { tag, caller: symbol.to_owned(), bytes })
    };
    Some(
        read().ok_or_else(|| format!("is not an allocation with length, tag and caller: `{}`", shown(text.as_bytes()))),
    )
}

fn is_address(word: &str) -> bool {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    let digits = digits.replace('`', "");
    matches!(digits.len(), 8..=16) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_driver_shows_whether_it_is_loaded() {
        for (text, name, unloaded) in [
            ("nt!_VF_TARGET_DRIVER 0xffffcb8438730e10: mydrv.sys (Loaded and Unloaded)", "mydrv.sys", true),
            ("MODULE: 0x84226b28 MyDriver.sys (Loaded)", "MyDriver.sys", false),
            ("MODULE: SafeUpload.sys (load: 1 / unload: 0)", "SafeUpload.sys", false),
            ("MODULE: SafeUpload.sys (load: 2 / unload: 2)", "SafeUpload.sys", true),
            ("Name: winfsp-x64.sys, loads: 1, unloads: 0", "winfsp-x64.sys", false),
            ("fffffa8003b6f670 Loaded           000000a0       00000854    videoprt.sys", "videoprt.sys", false),
        ] {
            assert_eq!(
                read(text, ListLayout::default()),
                Some(VerifierLine::Driver(ListedDriver { name: name.to_owned(), unloaded })),
                "{text}"
            );
        }
        assert_eq!(read("MODULE: nothing", ListLayout::default()), None);
    }

    #[test]
    fn counts_are_decimal_or_hexadecimal_by_their_form() {
        for (text, said) in [
            ("Current Pool Allocations: ( 0x0000001f / 0x00000000 )", VerifierLine::Allocations([Some(31), Some(0)])),
            ("Current Pool Allocations:  (      31 /      0 )", VerifierLine::Allocations([Some(31), Some(0)])),
            ("Current Pool Bytes        000000a0    00000854", VerifierLine::Bytes([Some(160), Some(2132)])),
            ("CurrentPagedPoolAllocations: 31", VerifierLine::Allocations([None, Some(31)])),
            ("NonPagedPoolUsageInBytes: 4096", VerifierLine::Bytes([Some(4096), None])),
        ] {
            assert_eq!(read(text, ListLayout::default()), Some(said), "{text}");
        }
        assert!(matches!(read("Current Pool Bytes: ( ? / 0 )", ListLayout::default()), Some(VerifierLine::Unread(_))));
        assert_eq!(read("Peak Pool Bytes: ( 0x0 / 0x0 )", ListLayout::default()), None);
    }

    #[test]
    fn an_allocation_has_a_tag_and_a_caller() {
        let listing = ListLayout { listing: true };
        for (text, tag, caller, bytes) in [
            (
                "0xffffcb843b87aff0  0x00000004  ebpf  0xfffff803569c53e1  mydrv!alloc+0x21",
                "ebpf",
                "mydrv!alloc+0x21",
                4,
            ),
            ("fffff9800157efc0     0x0000003c     Vprt      fffff88002c62963", "Vprt", "fffff88002c62963", 60),
            ("0x8645a000  0x00001008  Io    0x9a3bf687  MyDriver!Dispatch", "Io  ", "MyDriver!Dispatch", 4104),
            ("0x8645a000  0x00001008  Dh 1  0x9a3bf687", "Dh 1", "0x9a3bf687", 4104),
        ] {
            let expected = ListedAllocation { tag: tag.to_owned(), caller: caller.to_owned(), bytes };
            assert_eq!(read(text, listing), Some(VerifierLine::Allocation(Ok(expected))), "{text}");
            assert_eq!(read(text, ListLayout::default()), None, "{text}");
        }
        assert!(matches!(read("0xffffcb843b87aff0  0x00", listing), Some(VerifierLine::Allocation(Err(_)))));
        assert_eq!(read("------------------  ----------  ----  ------------------", listing), None);
    }
}
