//! Encodes integers in as few bytes as possible: LEB128, with zig-zag for differences.
//!
//! Each `put` appends to a buffer. Each `take` reads from the front of a slice and advances it, and returns `None` if
//! the number is cut off or wider than 64 bits.

use std::time::Duration;

/// Size of the largest number, in bytes.
pub(super) const LONGEST: usize = 10;

/// Appends `value`: one byte below 128, at most [`LONGEST`].
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Appends the difference from `before` to `now`. Differences wrap, so each pair of values has one. Small differences
/// in both directions are short.
pub(super) fn put_difference(out: &mut Vec<u8>, before: u64, now: u64) {
    let difference = now.wrapping_sub(before) as i64;
    put(out, ((difference << 1) ^ (difference >> 63)) as u64);
}

/// Reads a difference and applies it to `before`.
pub(super) fn take_difference(bytes: &mut &[u8], before: u64) -> Option<u64> {
    let zigzag = take(bytes)?;
    let difference = (zigzag >> 1) ^ (zigzag & 1).wrapping_neg();
    Some(before.wrapping_add(difference))
}

/// Appends a time in microseconds.
pub(super) fn put_time(out: &mut Vec<u8>, time: Duration) {
    // 64 bits of microseconds are 584,000 years.
    put(out, u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
}

pub(super) fn take_time(bytes: &mut &[u8]) -> Option<Duration> {
    take(bytes).map(Duration::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_difference_round_trips(before: u64, now: u64, rest: Vec<u8>) {
            let mut out = Vec::new();
            put_difference(&mut out, before, now);
            prop_assert!(out.len() <= LONGEST);
            out.extend(&rest);
            let mut bytes = &out[..];
            prop_assert_eq!(take_difference(&mut bytes, before), Some(now));
            prop_assert_eq!(bytes, &rest[..]);
        }
    }

    #[test]
    fn small_differences_take_one_byte_in_both_directions() {
        for (before, now, byte) in [(7, 7, 0), (7, 6, 1), (7, 8, 2), (100, 36, 127), (u64::MAX, 0, 2)] {
            let mut out = Vec::new();
            put_difference(&mut out, before, now);
            assert_eq!(out, [byte], "{before} to {now}");
        }
    }

    #[test]
    fn truncated_or_oversized_bytes_are_no_number() {
        let mut largest = Vec::new();
        put(&mut largest, u64::MAX);
        assert_eq!(take(&mut &largest[..]), Some(u64::MAX));
        assert_eq!(take(&mut &largest[..9]), None);
        assert_eq!(take(&mut &[][..]), None);
        assert_eq!(take(&mut &[[0xff; 9].as_slice(), &[2]].concat()[..]), None);
        assert_eq!(take(&mut &[0x80; 11][..]), None);
    }
}
