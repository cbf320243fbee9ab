//! The history of a row's Bytes over the last screens: whether it grows, and a sparkline.

/// The maximum number of screens in a history.
pub(super) const LENGTH: usize = 48;

/// Whether Bytes grows. The known values are split into three equal parts, and the minimum of each part must be higher
/// than that of the previous one. Memory that is allocated and freed again has no rising minima, so this finds the tags
/// that Microsoft's Example 9 finds by eye. The result is a hint, not a verdict; `poolgate run` and `judge` give
/// verdicts.
pub(crate) fn growing(history: &[Option<u64>]) -> bool {
    let known: Vec<u64> = history.iter().copied().flatten().collect();
    let part = known.len() / 3;
    if part == 0 {
        return false;
    }
    // If the values do not divide evenly, the oldest ones are left out.
    let parts = known[known.len() - 3 * part..].chunks(part);
    let troughs: Vec<u64> = parts.filter_map(|part| part.iter().copied().min()).collect();
    troughs.is_sorted_by(|before, after| before < after)
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last `width` values as bars from the lowest to the highest, with a blank for a missing row.
pub(crate) fn sparkline(history: &[Option<u64>], width: usize) -> String {
    let last = &history[history.len().saturating_sub(width)..];
    let known = || last.iter().copied().flatten();
    let (low, high) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
    let range = u128::from((high - low).max(1));
    let bar = |value: &Option<u64>| match value {
        Some(value) => BARS[(u128::from(value - low) * 7 / range) as usize],
        None => ' ',
    };
    last.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[u64]) -> Vec<Option<u64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn only_rising_troughs_are_growth() {
        for (values, expected) in [
            (&[1, 2, 3][..], true),
            (&[1, 2], false),
            (&[], false),
            (&[5, 5, 5], false),
            (&[1, 2, 2], false),
            (&[3, 2, 1], false),
            // A sawtooth that returns to its first value, and one that does not.
            (&[1, 9, 1, 9, 1, 9, 1, 9, 1], false),
            (&[1, 9, 2, 9, 3, 9, 4, 9, 5], true),
            // One step up, then flat.
            (&[1, 1, 1, 1, 1, 1, 1, 8, 8], false),
        ] {
            assert_eq!(growing(&known(values)), expected, "{values:?}");
        }
    }

    #[test]
    fn a_screen_without_the_row_is_no_zero() {
        assert!(growing(&[Some(1), None, Some(2), None, Some(3)]));
        assert_eq!(sparkline(&[Some(10), None, Some(17)], 8), "▁ █");
    }

    #[test]
    fn bars_go_from_the_lowest_to_the_highest() {
        assert_eq!(sparkline(&known(&[0, 1, 2, 3, 4, 5, 6, 7]), 8), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&known(&[4096, 4096]), 8), "▁▁");
        assert_eq!(sparkline(&known(&[0, u64::MAX]), 8), "▁█");
        assert_eq!(sparkline(&known(&[1, 1, 2]), 2), "▁█");
        assert_eq!(sparkline(&[], 8), "");
    }
}
