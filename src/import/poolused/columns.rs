//! The columns of `!poolused`, from its header, and the numbers of a row.
//!
//! 32-bit debuggers write the description of a tag directly after the last number, and some descriptions begin with a
//! digit: `802.11`, `1394`. Numbers are aligned right, so the header shows the end of the last one.

use super::super::passed::shown;
use super::super::poolmon::number::{Fields, SignedNumber};
use super::super::poolmon::row;

/// The figures that a row has for each pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PoolUsedFigures {
    InUse,
    All,
}

/// The columns of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PoolUsedColumns {
    pub(super) counted: PoolUsedFigures,
    /// The end of each word of the header; the first word is `Tag`.
    ends: Vec<usize>,
    /// All words are separated by a single space: the text lost its columns.
    pub(super) collapsed: bool,
}

#[derive(Debug)]
pub(super) struct Numbers {
    /// Four numbers for each pool, or two.
    pub(super) all: Vec<SignedNumber>,
    /// Whether one of them is longer than its column.
    pub(super) long: bool,
}

impl PoolUsedColumns {
    /// Parses a header: `Tag Allocs Used Allocs Used`, or with frees.
    pub(super) fn from_header(line: &[u8]) -> Option<PoolUsedColumns> {
        let words = words(line);
        let text: Vec<&[u8]> = words.iter().map(|(from, to)| &line[*from..*to]).collect();
        let counted = match text.as_slice() {
            [b"Tag", b"Allocs", b"Used", b"Allocs", b"Used"] => PoolUsedFigures::InUse,
            // The header of later versions differs in a unit, but still has `Diff` twice.
            [b"Tag", words @ ..] if words.iter().filter(|word| **word == b"Diff").count() == 2 => PoolUsedFigures::All,
            _ => return None,
        };
        let collapsed = words.windows(2).all(|pair| pair[1].0 == pair[0].1 + 1);
        Some(PoolUsedColumns { counted, ends: words.iter().map(|(_, end)| *end).collect(), collapsed })
    }

    /// The count of numbers in a row.
    fn count(&self) -> usize {
        match self.counted {
            PoolUsedFigures::InUse => 4,
            PoolUsedFigures::All => 8,
        }
    }

    /// Parses the numbers of a row after its tag, which ends at `from`. Also returns the offset of their end.
    pub(super) fn numbers(&self, line: &[u8], from: usize) -> Result<(Numbers, usize), String> {
        let mut fields = Fields(line.get(from..).unwrap_or_default());
        let mut places: Vec<(usize, usize)> = Vec::new();
        let (mut all, mut long) = (Vec::new(), false);
        for column in 1..=self.count() {
            let start = line.len() - fields.0.trim_ascii_start().len();
            let last = column == self.count();
            if last {
                let (number, length) = self.last(&line[start..], start, &places)?;
                fields.0 = &line[start + length..];
                all.push(number);
            } else {
                all.push(row::required(&mut fields)?);
            }
            let end = line.len() - fields.0.len();
            long |= self.width(column).is_some_and(|width| end - start > width);
            places.push((start, end));
        }
        Ok((Numbers { all, long }, line.len() - fields.0.len()))
    }

    /// The width of a column in characters.
    fn width(&self, column: usize) -> Option<usize> {
        if self.collapsed {
            return None;
        }
        self.ends.get(column)?.checked_sub(*self.ends.get(column - 1)?)
    }

    /// Parses the last number, at `start` of the line. Text may follow directly. Also returns the number's length.
    fn last(&self, text: &[u8], start: usize, before: &[(usize, usize)]) -> Result<(SignedNumber, usize), String> {
        let mut fields = Fields(text);
        let number = row::required(&mut fields)?;
        let length = text.len() - fields.0.len();
        let glued = fields.0.first().is_some_and(|next| !next.is_ascii_whitespace());
        let digits = |length: usize| row::required(&mut Fields(&text[..length])).map(|number| (number, length));
        // A number has no leading zero, so the number is 0 and the text after it begins with a digit.
        if let [b'0', b'0'..=b'9', ..] = text {
            return digits(1);
        }
        if fields.0.first().is_none_or(|next| *next == b'\t') || fields.0.starts_with(b"UNKNOWN pooltag") {
            return Ok((number, length));
        }
        match self.end(before) {
            // The number ends with its column.
            Some(end) if start + length == end => Ok((number, length)),
            // There is an additional space before the number, so it fits its column; the text after the column is a
            // description.
            Some(end) if start + length > end && before.last().is_some_and(|(_, to)| start > to + 1) => {
                digits(end - start)
            }
            Some(end) if start + length > end => Err(format!(
                "runs beyond its last column: the number and its text cannot be separated in `{}`",
                shown(text)
            )),
            // A letter ends the number; a point or a comma may belong to either.
            _ if glued && !fields.0.first().is_some_and(|next| next.is_ascii_alphabetic()) => {
                Err(format!("has `{}`: the number and its text cannot be separated", shown(text)))
            }
            _ => Ok((number, length)),
        }
    }

    /// The end of the last number, if the earlier ones are in their columns: a wide number shifts the later ones.
    fn end(&self, before: &[(usize, usize)]) -> Option<usize> {
        if self.collapsed {
            return None;
        }
        let mut moved = 0;
        for ((_, to), end) in before.iter().zip(self.ends.get(1..)?) {
            let by = to.checked_sub(*end)?;
            if by < moved {
                return None;
            }
            moved = by;
        }
        Some(self.ends.last()? + moved)
    }
}

/// The beginning and the end of each word.
fn words(line: &[u8]) -> Vec<(usize, usize)> {
    let mut words = Vec::new();
    let mut begun = None;
    for (at, byte) in line.iter().chain(b" ").enumerate() {
        match (byte.is_ascii_whitespace(), begun) {
            (false, None) => begun = Some(at),
            (true, Some(from)) => {
                words.push((from, at));
                begun = None;
            }
            (true, None) | (false, Some(_)) => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = " Tag    Allocs     Used    Allocs     Used";

    /// Parses the numbers of a row after a tag of four characters.
    fn numbers(header: &str, row: &str) -> Result<(Vec<u64>, String, bool), String> {
        let columns = PoolUsedColumns::from_header(header.as_bytes()).unwrap();
        let (Numbers { all, long }, end) = columns.numbers(row.as_bytes(), 5)?;
        Ok((all.iter().map(|number| number.magnitude).collect(), row[end..].to_owned(), long))
    }

    #[test]
    fn a_header_shows_the_figures_of_its_rows() {
        let counted = |line: &[u8]| PoolUsedColumns::from_header(line).map(|columns| columns.counted);
        assert_eq!(counted(b"Tag    Allocs     Used    Allocs     Used"), Some(PoolUsedFigures::InUse));
        let all = b" Tag    Allocs    Frees     Diff     Used   Allocs    Frees     Diff     Used";
        assert_eq!(counted(all), Some(PoolUsedFigures::All));
        assert_eq!(counted(b"Tag  Type Allocs"), None);
    }

    #[test]
    fn text_behind_the_last_number_may_begin_with_a_digit() {
        for (row, last, text) in [
            (" Nwi1         1      520         7  2577936802.11 driver", 2_577_936, "802.11 driver"),
            (" 1394         1      520         7      5201394 bus", 520, "1394 bus"),
            (" 1394         1      520         0        01394 bus", 0, "1394 bus"),
            (" 3war         1      520         7  25779363ware", 2_577_936, "3ware"),
            (" 1394         1      520         7      520UNKNOWN pooltag", 520, "UNKNOWN pooltag"),
            (" 1394         1      520         7      520\t1394 bus", 520, "\t1394 bus"),
            // A number that is longer than its column shifts the later ones.
            (" Big1         1 1234567890         7  2577936802.11 driver", 2_577_936, "802.11 driver"),
        ] {
            let long = row.starts_with(" Big1");
            let (all, behind, warned) = numbers(HEADER, row).unwrap();
            assert_eq!((all[3], behind.as_str(), warned), (last, text, long), "{row}");
        }
    }

    #[test]
    fn ambiguous_rows_are_not_read() {
        for row in [
            " Full         1      520         7 12345678802.11 driver",
            " Full         1      520         7 123456781394 bus",
            " Coll 1 520 7 2577936802.11 driver",
        ] {
            assert!(numbers(HEADER, row).is_err_and(|why| why.contains("cannot be separated")), "{row}");
        }
        let wide = numbers(HEADER, " Full         1      520         7 1234567890\tnothing glued").unwrap();
        assert_eq!((wide.0[3], wide.2), (1_234_567_890, true));
        let unknown = numbers(HEADER, " Full         1      520         7 1234567890UNKNOWN pooltag 'Full'").unwrap();
        assert_eq!((unknown.0[3], unknown.2), (1_234_567_890, true));
    }
}
