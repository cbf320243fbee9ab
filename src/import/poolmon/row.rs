//! One row of PoolMon's table. A tag is exactly four characters of any kind, spaces included (`Dh 1`, `Io  `), so it is
//! found by the text after it.
// long because the quick and the patient reading of a row must agree.

use super::super::pages;
use super::super::passed::shown;
use super::number::{Fields, SignedNumber};
use crate::pool::{Pool, Usage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PoolMonRow {
    pub(super) tag: [u8; 4],
    pub(super) pool: Pool,
    pub(super) form: Form,
    pub(super) usage: Usage,
}

/// Whether a row has changes in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A row with changes: a screen of a running PoolMon.
    Live,
    /// A row without changes: a snapshot file.
    Snapshot,
}

/// The layout of a table's rows, as far as the header shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RowLayout {
    /// There is a rule under the header: tags begin in the first column, so a space there is part of the tag.
    pub(super) ruled: bool,
    /// Text follows the numbers: the name of a driver.
    pub(super) drivers: bool,
    /// There is no column `Per Alloc`.
    pub(super) short: bool,
    /// The text is UTF-8, so each byte of a tag is a character of a code page.
    pub(super) unicode: bool,
}

/// Parses a row; `None` if the line is not one at all.
#[inline]
pub(super) fn read(line: &[u8], layout: RowLayout) -> Option<Result<PoolMonRow, String>> {
    let as_written = if layout.unicode && !line.is_ascii() { None } else { strict(line, layout) };
    let (tag, pool, figures) = match as_written {
        Some(split) => split,
        None => match pasted(line, layout)? {
            Ok(split) => split,
            Err(wrong) => return Some(Err(wrong)),
        },
    };
    let read = quick(figures).map_or_else(|| self::figures(figures, layout), |usage| Ok((Form::Snapshot, usage)));
    Some(read.map(|(form, usage)| PoolMonRow { tag, pool, form, usage }))
}

/// Parses only the tag and the pool of a row.
#[cold]
pub(super) fn tag_and_pool(line: &[u8], layout: RowLayout) -> Option<([u8; 4], Pool)> {
    let as_written = if layout.unicode && !line.is_ascii() { None } else { strict(line, layout) };
    let (tag, pool, _) = as_written.or_else(|| pasted(line, layout)?.ok())?;
    Some((tag, pool))
}

/// Parses the name of a pool at the beginning, and returns the rest.
fn pool(bytes: &[u8]) -> Option<(Pool, &[u8])> {
    let (pool, rest) = match bytes {
        [b'N', b'o', b'n', b'p', rest @ ..] => (Pool::Nonpaged, rest),
        [b'P', b'a', b'g', b'e', b'd', rest @ ..] => (Pool::Paged, rest),
        _ => return None,
    };
    rest.first().is_none_or(|next| matches!(next, b' ' | b'\t')).then_some((pool, rest))
}

type SplitRow<'a> = ([u8; 4], Pool, &'a [u8]);

/// Splits a row as PoolMon writes it: at most one space, the tag, one or two spaces, the pool.
#[inline]
fn strict(line: &[u8], layout: RowLayout) -> Option<SplitRow<'_>> {
    let tag_at = |at: usize| line.get(at..)?.first_chunk::<4>().copied();
    for at in [6, 5, 7] {
        let Some((pool, rest)) = line.get(at..).and_then(pool) else { continue };
        let spaces = |from: usize| line[from..at].iter().all(|byte| *byte == b' ');
        // PoolMon writes a space before the tag, or an additional one after it. If both are possible, it is before the
        // tag, unless a rule excludes this.
        let first = match at {
            5 => Some(0).filter(|_| spaces(4)),
            6 if line[0] == b' ' && spaces(5) && !(layout.ruled && spaces(4)) => Some(1),
            6 => Some(0).filter(|_| spaces(4)),
            _ => Some(1).filter(|_| line[0] == b' ' && spaces(5)),
        };
        if let Some(first) = first {
            return Some((tag_at(first)?, pool, rest));
        }
    }
    None
}

/// Splits a row that went through a web page, a mail or a code page, so only its words are reliable.
#[cold]
fn pasted(line: &[u8], layout: RowLayout) -> Option<Result<SplitRow<'_>, String>> {
    let at = (1..line.len()).find(|at| matches!(line[at - 1], b' ' | b'\t') && pool(&line[*at..]).is_some())?;
    let (pool, rest) = pool(&line[at..])?;
    let tag = line[..at].trim_ascii();
    let numbers = rest.trim_ascii_start().first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
    if tag.is_empty() || !numbers {
        return None;
    }
    let whole = || {
        let before = pages::bytes(&line[..at], pages::OEM)?;
        strict(&[&before, &line[at..]].concat(), layout).map(|(tag, ..)| tag)
    };
    let four = whole().or_else(|| pages::tag(tag, pages::OEM, layout.unicode)).map(|tag| (tag, pool, rest));
    Some(four.ok_or_else(|| format!("has a tag that is not four characters long: `{}`", shown(tag))))
}

/// Parses the figures of a snapshot file in its own format, digits after spaces; `None` for any other line.
#[inline]
fn quick(figures: &[u8]) -> Option<Usage> {
    let mut fields = Fields(figures);
    let (allocs, frees, diff, bytes) = (fields.plain()?, fields.plain()?, fields.plain()?, fields.plain()?);
    let per_alloc = fields.plain()?;
    let checks = allocs.wrapping_sub(frees).wrapping_sub(diff) as u32 == 0 && bytes <= i64::MAX as u64;
    let checks = checks && matches_per_alloc(diff, bytes, per_alloc) && fields.0.is_empty();
    checks.then_some(Usage { allocs, frees, bytes })
}

/// Parses the figures of either form in any format. The error describes the problem.
fn figures(figures: &[u8], layout: RowLayout) -> Result<(Form, Usage), String> {
    let mut fields = Fields(figures);
    let allocs = required(&mut fields)?;
    let form = if fields.0.trim_ascii_start().starts_with(b"(") { Form::Live } else { Form::Snapshot };
    change(&mut fields, form)?;
    let frees = required(&mut fields)?;
    change(&mut fields, form)?;
    let diff = required(&mut fields)?;
    let bytes = required(&mut fields)?;
    change(&mut fields, form)?;
    let per_alloc = if layout.short { None } else { Some(required(&mut fields)?) };
    only_a_driver(fields.0, layout)?;
    let usage = checked(allocs, frees, diff, bytes)?;
    if let Some(per_alloc) = per_alloc
        && let (false, Some(count)) = (diff.negative, diff.counter())
        && !matches_per_alloc(count, usage.bytes, per_alloc.magnitude)
    {
        let is = usage.bytes.checked_div(count).unwrap_or_default();
        return Err(format!("does not add up: Bytes ÷ Diff is {is}, but Per Alloc is {}", per_alloc.magnitude));
    }
    Ok((form, usage))
}

/// Whether the columns Diff, Bytes and Per Alloc are consistent. They are not if a digit is missing or added in one of
/// them; they are for a rounded figure, and for a tag without allocations.
#[inline]
fn matches_per_alloc(diff: u64, bytes: u64, per_alloc: u64) -> bool {
    diff == 0 || bytes.abs_diff(diff.wrapping_mul(per_alloc)) <= diff.saturating_add(bytes / 64)
}

pub(in crate::import) fn required(fields: &mut Fields<'_>) -> Result<SignedNumber, String> {
    fields.number()?.ok_or_else(|| match fields.0.trim_ascii() {
        b"" => "ends before its last number".to_owned(),
        rest => format!("has `{}` instead of a number", shown(rest)),
    })
}

/// Skips the change in parentheses that a live screen has after a number.
fn change(fields: &mut Fields<'_>, form: Form) -> Result<(), String> {
    match (form, fields.takes(b'(')) {
        (Form::Snapshot, false) => Ok(()),
        (Form::Live, true) => {
            required(fields)?;
            if fields.takes(b')') { Ok(()) } else { Err("has a change without a closing parenthesis".to_owned()) }
        }
        (Form::Snapshot, true) | (Form::Live, false) => Err("has a change after only some of its numbers".to_owned()),
    }
}

/// Checks that only a driver follows the bytes per allocation. These may have decimals if a person computed them.
fn only_a_driver(rest: &[u8], layout: RowLayout) -> Result<(), String> {
    let decimals = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = match rest {
        [b'.' | b',', fraction @ ..] => &fraction[decimals(fraction)..],
        _ => rest,
    };
    let rest = rest.trim_ascii();
    if layout.drivers || rest.is_empty() || rest.starts_with(b"[") || rest.starts_with(b"Unknown Driver") {
        return Ok(());
    }
    Err(format!("has `{}` after its last number", shown(rest)))
}

/// Checks that the figures are consistent. `Allocs` and `Frees` are 32-bit counters on many systems, and wrap.
pub(in crate::import) fn checked(
    allocs: SignedNumber,
    frees: SignedNumber,
    diff: SignedNumber,
    bytes: SignedNumber,
) -> Result<Usage, String> {
    let (Some(allocs), Some(frees)) = (allocs.counter(), frees.counter()) else {
        return Err("has a counter below zero".to_owned());
    };
    let is = allocs.wrapping_sub(frees);
    if is.wrapping_sub(diff.wrapping()) as u32 != 0 {
        return Err(format!(
            "does not add up: Allocs − Frees is {}, but Diff is {}",
            is as i64,
            diff.wrapping() as i64
        ));
    }
    Ok(Usage { allocs, frees, bytes: bytes_in_use(bytes)? })
}

pub(in crate::import) fn bytes_in_use(bytes: SignedNumber) -> Result<u64, String> {
    let fits = !bytes.negative && i64::try_from(bytes.magnitude).is_ok();
    fits.then_some(bytes.magnitude).ok_or_else(|| "has more bytes than any machine".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: RowLayout = RowLayout { ruled: false, drivers: false, short: false, unicode: false };

    fn row(line: &str, layout: RowLayout) -> Option<Result<(String, Pool, Form, Usage), String>> {
        let row = read(line.as_bytes(), layout)?;
        Some(row.map(|PoolMonRow { tag, pool, form, usage, .. }| {
            (String::from_utf8_lossy(&tag).into_owned(), pool, form, usage)
        }))
    }

    fn tag(line: &str, layout: RowLayout) -> String {
        row(line, layout).unwrap().unwrap().0
    }

    #[test]
    fn a_tag_is_four_characters_of_any_kind() {
        for (line, expected) in [
            (" EtwB Nonp       6394      4056      2338 163418368      69896", "EtwB"),
            (" Io   Nonp 3 1 2 64 32", "Io  "),
            (" Dh 1 Paged 3 1 2 64 32", "Dh 1"),
            ("Dh 1 Paged 3 1 2 64 32", "Dh 1"),
            ("  CM  Paged 3 1 2 64 32", " CM "),
            (" NtFA  Nonp 3 1 2 64 32", "NtFA"),
            (" @GM\u{1} Nonp 3 1 2 64 32", "@GM\u{1}"),
            // Pasted text.
            ("Io Nonp 3 1 2 64 32", "Io  "),
            ("\tIrp\tNonp\t3\t1\t2\t64\t32", "Irp "),
            ("     Thre    Nonp 3 1 2 64 32", "Thre"),
        ] {
            assert_eq!(tag(line, PLAIN), expected, "{line}");
        }
        let ruled = RowLayout { ruled: true, ..PLAIN };
        for (line, expected) in [(" CM   Paged 3 1 2 64 32", " CM "), (" Fat  Paged 3 1 2 64 32", " Fat")] {
            assert_eq!(tag(line, ruled), expected);
        }
        assert_eq!(tag(" CM   Paged 3 1 2 64 32", PLAIN), "CM  ");
        assert_eq!(tag("Strg  Paged 3 1 2 64 32", ruled), "Strg");
    }

    #[test]
    fn changes_in_parentheses_make_a_live_row() {
        let live = " NtFs Nonp      48825 (  -3)     47226 ( 12)  1599   64536 (  -128)     40";
        let usage = Usage { allocs: 48825, frees: 47226, bytes: 64536 };
        assert_eq!(row(live, PLAIN), Some(Ok(("NtFs".to_owned(), Pool::Nonpaged, Form::Live, usage))));
        let driver = format!("{live} [ntfs.sys  -  StrucSup.c]");
        assert!(row(&driver, PLAIN).unwrap().is_ok());
        assert!(row(&format!("{live}.25"), PLAIN).unwrap().is_ok());
        let other = format!("{live} 3ware driver");
        assert!(row(&other, PLAIN).unwrap().is_err());
        assert!(row(&other, RowLayout { drivers: true, ..PLAIN }).unwrap().is_ok());
        let short = RowLayout { short: true, ..PLAIN };
        assert!(row(" C2R1 Nonp      84210       2100       82110    5255040", short).unwrap().is_ok());
        assert!(row(" C2R1 Nonp      84210       2100       82110", short).unwrap().is_err());
    }

    #[test]
    fn a_row_must_add_up_also_with_wrapped_counters() {
        let usage = |line: &str| row(line, PLAIN).unwrap().map(|(_, _, _, usage)| usage);
        let wrapped = Usage { allocs: 3, frees: 4_294_967_290, bytes: 288 };
        assert_eq!(usage(" Wrap Nonp 3 4294967290 9 288 32"), Ok(wrapped));
        assert_eq!(usage(" Wrap Nonp 3 -6 9 288 32"), Ok(wrapped));
        assert_eq!(usage(" Wrap Nonp 3 4294967290 -4294967287 288 32"), Ok(wrapped));
        let more = Usage { allocs: 3, frees: 5, bytes: 0 };
        assert_eq!(usage(" Less Nonp 3 5 -2 0 0"), Ok(more));
        assert_eq!(
            usage(" Irp  Nonp 6394 4056 2339 64 32"),
            Err("does not add up: Allocs − Frees is 2338, but Diff is 2339".to_owned())
        );
    }

    #[test]
    fn bytes_must_match_per_alloc_but_for_rounding() {
        let usage = |line: &str| row(line, PLAIN).unwrap().map(|(_, _, _, usage)| usage.bytes);
        assert_eq!(usage(" EtwB Nonp 6394 4056 2338 163418368 69896"), Ok(163_418_368));
        assert_eq!(usage(" IXGB Nonp 75377 12508 62869 140890000 2240"), Ok(140_890_000));
        assert_eq!(usage(" None Nonp 5 5 0 0 0"), Ok(0));
        for (line, is, per_alloc) in [
            (" EtwB Nonp 6394 4056 2338 16341836 69896", 6989, 69896),
            (" EtwB Nonp 6394 4056 2338 163418368 6989", 69896, 6989),
            (" EtwB Nonp 6394 ( 0) 4056 ( 0) 2338 63418368 ( 0) 69896", 27125, 69896),
            (" EtwB Nonp 6394 4056 2338 163418368 18446744073709551615", 69896, u64::MAX),
        ] {
            let why = format!("does not add up: Bytes ÷ Diff is {is}, but Per Alloc is {per_alloc}");
            assert_eq!(usage(line), Err(why), "{line}");
        }
    }

    #[test]
    fn the_mistake_in_a_row_is_described() {
        for (line, expected) in [
            (" Irp  Nonp 3 1 2 64", "ends before its last number"),
            (" Irp  Nonp", "ends before its last number"),
            (" Irp  Nonp 3 1 x 64 32", "has `x 64 32` instead of a number"),
            (" Irp  Nonp 3 ( 0) 1 2 64 32", "has a change after only some of its numbers"),
            (" Irp  Nonp 3 ( 0) 1 ( 0", "has a change without a closing parenthesis"),
            (" Irp  Nonp 3 1 2 64 32 7", "has `7` after its last number"),
            (" Irp  Nonp 99999999999999999999 1 2 64 32", "has 99999999999999999999, more than fits into 64 bits"),
            (" Irp  Nonp 3 1 2 9999999999999999999 32", "has more bytes than any machine"),
            ("toolong Nonp 3 1 2 64 32", "has a tag that is not four characters long: `toolong`"),
        ] {
            assert_eq!(row(line, PLAIN), Some(Err(expected.to_owned())), "{line}");
        }
        for none in ["", " Tag  Type     Allocs", "no row at all", " Nonp", "the Paged pool", "Nonp 3 1 2 64 32"] {
            assert_eq!(row(none, PLAIN), None, "{none}");
        }
    }
}
