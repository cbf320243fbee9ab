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
    /// Parses the next digits after spaces; `None` if there are none, or if they may not fit into 64 bits.
    #[inline]
    pub(super) fn plain(&mut self) -> Option<u64> {
        let spaces = self.0.iter().take_while(|byte| **byte == b' ').count();
        let text = &self.0[spaces..];
        let (digits, rest) = text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count());
        self.0 = rest;
        // Every number with 19 digits fits.
        let fits = spaces > 0 && (1..=19).contains(&digits.len());
        fits.then(|| digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
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
    fn plain_digits_come_after_spaces_only() {
        let mut fields = Fields(b"  6394      4056");
        assert_eq!((fields.plain(), fields.plain(), fields.plain()), (Some(6394), Some(4056), None));
        assert_eq!(Fields(b" 9999999999999999999").plain(), Some(9_999_999_999_999_999_999));
        for odd in [&b" -5"[..], b"5", b" ", b"", b"\t5", b" 12345678901234567890", b" x"] {
            assert_eq!(Fields(odd).plain(), None, "{odd:?}");
        }
        assert_eq!(Fields(b" 5,123").plain(), Some(5), "the caller checks the text after it");
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
