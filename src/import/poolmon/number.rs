//! The numbers of a row, as programs print them and as people paste them.

use std::num::NonZeroU8;

use super::super::passed::shown;

/// The unread rest of a line.
#[derive(Debug, Clone, Copy)]
pub(in crate::import) struct Fields<'a>(pub(in crate::import) &'a [u8]);

/// A number with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct SignedNumber {
    pub(in crate::import) magnitude: u64,
    pub(in crate::import) negative: bool,
}

impl SignedNumber {
    /// The value modulo 2⁶⁴.
    pub(in crate::import) fn wrapping(self) -> u64 {
        if self.negative { self.magnitude.wrapping_neg() } else { self.magnitude }
    }

    /// The value as a counter. An old program may have printed a 32-bit counter as a signed number.
    pub(in crate::import) fn counter(self) -> Option<u64> {
        match (self.negative, self.magnitude) {
            (false, value) => Some(value),
            (true, value) => (value <= 1 << 31).then(|| u64::from((value as u32).wrapping_neg())),
        }
    }
}

impl<'a> Fields<'a> {
    /// Parses the next digits after spaces only. This fast path covers nearly every field of a file.
    #[inline(always)]
    pub(super) fn plain(&mut self) -> Option<u64> {
        let before = self.0.len();
        while let Some(word) = self.0.first_chunk::<8>() {
            let spaces = (u64::from_le_bytes(*word) ^ eight(b' ')).trailing_zeros() as usize / 8;
            self.0 = &self.0[spaces..];
            if spaces < 8 {
                break;
            }
        }
        while let [b' ', rest @ ..] = self.0 {
            self.0 = rest;
        }
        let first = self.0.len();
        let mut value = 0u64;
        while let Some(word) = self.0.first_chunk::<8>() {
            let (count, digits) = leading_digits(u64::from_le_bytes(*word));
            value = value.wrapping_mul(TENS[count]).wrapping_add(digits);
            self.0 = &self.0[count..];
            if count < 8 {
                return Some(value).filter(|_| first < before && fits(first - self.0.len()));
            }
        }
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.0 = rest;
        }
        Some(value).filter(|_| first < before && fits(first - self.0.len()))
    }

    /// Consumes the next character after white space if it is `character`. Returns whether it was.
    pub(in crate::import) fn takes(&mut self, character: u8) -> bool {
        let rest = self.0.trim_ascii_start();
        match rest.split_first() {
            Some((first, rest)) if *first == character => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// Parses the next number; `None` if there is none. The error describes the problem.
    pub(in crate::import) fn number(&mut self) -> Result<Option<SignedNumber>, String> {
        let text = self.0.trim_ascii_start();
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            _ => (false, text),
        };
        let mut rest = digits;
        let mut value = Some(0u64);
        let mut before = None;
        loop {
            let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            for digit in &rest[..count] {
                value = value.and_then(|value| value.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
            }
            rest = &rest[count..];
            // A group of thousands has three digits, and all groups have the same separator.
            match (count, separator(rest)) {
                (0, _) => return Ok(None),
                (1..=3, Some(found)) if before.is_none_or(|before| before == found) => {
                    before = Some(found);
                    rest = &rest[usize::from(found.0.get())..];
                }
                _ => break,
            }
        }
        let length = digits.len() - rest.len();
        let Some(magnitude) = value else {
            return Err(format!("has {}, more than fits into 64 bits", shown(&digits[..length])));
        };
        self.0 = rest;
        Ok(Some(SignedNumber { magnitude, negative }))
    }
}

/// Whether every number with `digits` digits fits into 64 bits.
fn fits(digits: usize) -> bool {
    (1..=19).contains(&digits)
}

const TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Returns how many of eight characters (the first one in the lowest byte) are leading digits, and their number. All
/// eight are processed together ("SIMD within a register", after Lemire's "Quickly parsing eight digits").
#[inline]
fn leading_digits(word: u64) -> (usize, u64) {
    // A digit becomes 0 to 9; any other byte gets its highest bit set.
    let values = word ^ eight(b'0');
    let others = (((values & eight(0x7f)) + eight(0x80 - 10)) | values) & eight(0x80);
    let count = others.trailing_zeros() as usize / 8;
    if count == 0 {
        return (0, 0);
    }
    // Shifts the digits to the end, with zeros before them; then combines them by two, four and eight.
    let digits = values << (64 - 8 * count);
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    (count, fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff)
}

/// The length of a separator in bytes, and its last byte.
type Separator = (NonZeroU8, u8);

/// The separator of thousands at the beginning, if exactly three digits follow.
fn separator(rest: &[u8]) -> Option<Separator> {
    let (length, last) = match rest {
        [mark @ (b',' | b'.' | b'\'' | 0xa0), ..] => (1, *mark),
        // The spaces U+00A0 and U+202F, and the apostrophe U+2019.
        [0xc2, mark @ 0xa0, ..] => (2, *mark),
        [0xe2, 0x80, mark @ (0xaf | 0x99), ..] => (3, *mark),
        _ => return None,
    };
    let digits = rest[length..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    Some((NonZeroU8::new(length as u8)?, last)).filter(|_| digits == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Result<Vec<i128>, String> {
        let mut fields = Fields(text.as_bytes());
        let mut all = Vec::new();
        while let Some(SignedNumber { magnitude, negative }) = fields.number()? {
            all.push(if negative { -i128::from(magnitude) } else { i128::from(magnitude) });
        }
        Ok(all)
    }

    #[test]
    fn numbers_are_read_as_people_paste_them() {
        for (text, expected) in [
            ("  6394\t-4056 0", vec![6394, -4056, 0]),
            (
                "1,579,279 1.283 12'345 1\u{a0}000 7\u{202f}654\u{202f}321",
                vec![1_579_279, 1283, 12_345, 1000, 7_654_321],
            ),
            ("18446744073709551615", vec![i128::from(u64::MAX)]),
            // A group of thousands has three digits, and all groups have one separator.
            ("1,28", vec![1]),
            ("1,234.567", vec![1234]),
        ] {
            assert_eq!(numbers(text), Ok(expected), "{text}");
        }
        assert!(numbers("5 18446744073709551616").is_err_and(|what| what.contains("18446744073709551616")));
    }

    #[test]
    fn plain_digits_are_those_behind_spaces_only() {
        let mut fields = Fields(b"  6394      4056");
        assert_eq!((fields.plain(), fields.plain(), fields.plain()), (Some(6394), Some(4056), None));
        for odd in [&b" -5"[..], b"5", b" ", b"", b" 12345678901234567890", b" x"] {
            assert_eq!(Fields(odd).plain(), None, "{odd:?}");
        }
        assert_eq!(Fields(b" 5,123").plain(), Some(5), "what follows is seen to by the caller");
    }

    #[test]
    fn digits_are_put_together_as_one_by_one() {
        for number in (0..40).flat_map(|power| [7u64.pow(power % 22), 9 * 10u64.pow(power % 19), u64::from(power)]) {
            for behind in ["", " ", "  5", ")", "x", "\u{80}1234567", "/:;<=>?@"] {
                let text = format!("          {number}{behind}");
                let mut fields = Fields(text.as_bytes());
                let expected = (number < 10_000_000_000_000_000_000).then_some(number);
                assert_eq!(fields.plain(), expected, "{text}");
                assert!(expected.is_none() || fields.0 == behind.as_bytes(), "{text}");
            }
        }
    }

    #[test]
    fn a_counter_printed_as_signed_is_one_of_32_bits() {
        let counter = |magnitude, negative| SignedNumber { magnitude, negative }.counter();
        assert_eq!(counter(294_967_296, true), Some(4_000_000_000));
        assert_eq!(counter(1 << 31, true), Some(1 << 31));
        assert_eq!(counter(1 << 32, true), None);
        assert_eq!(counter(u64::MAX, false), Some(u64::MAX));
    }
}
