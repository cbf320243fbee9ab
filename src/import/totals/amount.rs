//! Amounts as counters and PowerShell print them: with a decimal point or comma, with or without separators of
//! thousands.

/// The meaning of the marks in the numbers of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// `1,284,505,600`, `1225.4`.
    Point,
    /// `1.284.505.600`, `1225,4`.
    Comma,
}

impl Marks {
    /// Determines the marks from these numbers. The error is an ambiguous number, if no other number decides.
    pub(super) fn from_numbers<'a>(numbers: impl Iterator<Item = &'a str>) -> Result<Marks, &'a str> {
        let (mut decided, mut unclear) = (None, None);
        for number in numbers {
            let found = match (number.rfind('.'), number.rfind(',')) {
                (None, None) => continue,
                (Some(point), Some(comma)) => Some(if point > comma { Marks::Point } else { Marks::Comma }),
                (Some(at), None) => one_mark(number, at, Marks::Point, Marks::Comma),
                (None, Some(at)) => one_mark(number, at, Marks::Comma, Marks::Point),
            };
            match found {
                Some(marks) => decided = decided.or(Some(marks)),
                None => unclear = unclear.or(Some(number)),
            }
        }
        match (decided, unclear) {
            (Some(marks), _) => Ok(marks),
            (None, Some(number)) => Err(number),
            (None, None) => Ok(Marks::Point),
        }
    }

    /// Parses a number with these marks.
    pub(super) fn read(self, word: &str) -> Option<f64> {
        let (thousands, decimal) = match self {
            Marks::Point => (',', '.'),
            Marks::Comma => ('.', ','),
        };
        let (whole, part) = word.split_once(decimal).unwrap_or((word, "0"));
        let mut groups = whole.split(thousands);
        let first = groups.next()?;
        let grouped = groups.all(|group| group.len() == 3);
        let fits = (1..=20).contains(&first.len()) && part.len() <= 20 && !part.is_empty() && grouped;
        let digits = whole.replace(thousands, "");
        let plain = digits.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
        (fits && plain).then(|| format!("{digits}.{part}").parse().ok()).flatten()
    }
}

/// The meaning of the marks in a number with one kind of mark, the last one at `at`; `None` if ambiguous.
fn one_mark(number: &str, at: usize, decimal: Marks, thousands: Marks) -> Option<Marks> {
    let mark = &number[at..=at];
    if number.matches(mark).count() > 1 {
        return Some(thousands);
    }
    let (before, behind) = (at, number.len() - at - 1);
    // `1,225` may be either; `0,922` and `1225,400` have no group of thousands.
    let either = behind == 3 && (1..=3).contains(&before) && !number.starts_with('0');
    (!either).then_some(decimal)
}

/// The bytes in the unit of a column's name: `NonpagedPoolMB`, `Pool Paged Bytes`, `Paged (KB)`.
pub(super) fn unit(name: &str) -> Option<f64> {
    let name = name.trim_end_matches([')', ']', ' ']);
    let units = [("gib", 30), ("mib", 20), ("kib", 10), ("gb", 30), ("mb", 20), ("kb", 10), ("bytes", 0)];
    let lower = name.to_ascii_lowercase();
    units.into_iter().find(|(unit, _)| lower.ends_with(unit)).map(|(_, bits)| f64::from(1u32 << bits))
}

/// An amount in bytes; `None` if it is more than any machine has.
pub(super) fn bytes(amount: f64, unit: f64) -> Option<u64> {
    let bytes = (amount * unit).round();
    (0.0..9.0e18).contains(&bytes).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_determined_from_all_numbers() {
        let of = |numbers: &[&'static str]| Marks::from_numbers(numbers.iter().copied());
        assert_eq!(of(&["0", "1225", "922,5"]), Ok(Marks::Comma));
        assert_eq!(of(&["1,225", "922,5"]), Ok(Marks::Comma));
        assert_eq!(of(&["1,284,505,600"]), Ok(Marks::Point));
        assert_eq!(of(&["1.284.505.600"]), Ok(Marks::Comma));
        assert_eq!(of(&["1.225,4"]), Ok(Marks::Comma));
        assert_eq!(of(&["967311360.000000"]), Ok(Marks::Point));
        assert_eq!(of(&["0,922"]), Ok(Marks::Comma));
        assert_eq!(of(&["1,225", "77"]), Err("1,225"), "it may be 1225 and 1.225");
        assert_eq!(of(&["7"]), Ok(Marks::Point));
    }

    #[test]
    fn numbers_are_read_by_their_marks() {
        for (marks, word, expected) in [
            (Marks::Comma, "922,5", Some(922.5)),
            (Marks::Comma, "1.225,25", Some(1225.25)),
            (Marks::Point, "1,284,505,600", Some(1_284_505_600.0)),
            (Marks::Point, "12,84", None),
            (Marks::Point, "1.2.3", None),
            (Marks::Point, "-5", None),
            (Marks::Point, "", None),
            (Marks::Point, "5.", None),
        ] {
            assert_eq!(marks.read(word), expected, "{word}");
        }
        assert_eq!(
            (unit("NonpagedPoolMB"), unit("Pool (KB)"), unit("Pool Bytes")),
            (Some(1048576.0), Some(1024.0), Some(1.0))
        );
        assert_eq!((unit("NonpagedPool"), bytes(1e30, 1.0), bytes(1.5, 1024.0)), (None, None, Some(1536)));
    }
}
