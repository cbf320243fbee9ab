//! Counts in messages: "1 sample was", "2 samples were".

use std::fmt::Display;

/// Returns the count, followed by the words for one thing or for several.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, several: &str) -> String {
    let words = if count == N::from(1) { one } else { several };
    format!("{count} {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_thing_is_singular() {
        assert_eq!(counted(1_u64, "sample is", "samples are"), "1 sample is");
        assert_eq!(counted(0_usize, "sample is", "samples are"), "0 samples are");
        assert_eq!(counted(21_u32, "sample is", "samples are"), "21 samples are");
    }
}
