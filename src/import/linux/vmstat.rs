//! Rows of `vmstat -m`: `Cache Num Total Size Pages` (vmstat(8)): objects in use, all objects, bytes of each.

use super::row::{LinuxRow, words};
use super::slabinfo::cache;

/// Parses a row; `None` if the line does not look like one.
pub(super) fn row(text: &[u8]) -> Option<Result<LinuxRow<'_>, String>> {
    let mut words = words(text);
    let (name, figures): (&[u8], Vec<&[u8]>) = (words.next()?, words.collect());
    match figures[..] {
        [active, total, size, _] if numbers(&figures) > 1 => Some(cache(name, active, total, size)),
        [first, ..] if first[0].is_ascii_digit() => Some(Err(format!("has {} numbers instead of 4", figures.len()))),
        _ => None,
    }
}

/// The number of words that begin with a digit.
fn numbers(words: &[&[u8]]) -> usize {
    words.iter().filter(|word| word[0].is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_four_numbers() {
        let read = row(b"kmalloc-96   1470   1470     96     42");
        assert_eq!(read, Some(Ok(LinuxRow::cache(b"kmalloc-96", 1470, 1470 * 96))));
        assert!(row(b"kmalloc-96   1470   1470     96").is_some_and(|row| row.is_err()));
        assert!(row(b"kmalloc-96   147O   1470     96     42").is_some_and(|row| row.is_err()));
        assert!(row(b"kmalloc-96   O   1470     96     42").is_some_and(|row| row.is_err()));
        assert_eq!(row(b"some words here and more"), None);
        assert_eq!(row(b"some words here"), None);
    }
}
