//! A length of time.

use std::fmt;

use super::split;
use crate::scenario::mistake::{MistakeText, shown};
use crate::scenario::scalar::{Scalar, scalars};

/// A length of time, to the nanosecond: `200 ms`, `15 min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(std::time::Duration);

scalars!(Duration);

impl Duration {
    /// A number of milliseconds.
    pub const fn from_millis(millis: u64) -> Duration {
        Duration(std::time::Duration::from_millis(millis))
    }

    /// A number of seconds.
    pub const fn from_secs(secs: u64) -> Duration {
        Duration(std::time::Duration::from_secs(secs))
    }

    /// Parses a duration from a command line, in the units of a scenario.
    ///
    /// # Errors
    /// The mistake and its correction.
    pub fn given(text: &str) -> Result<Duration, String> {
        Duration::read(text).map_err(|wrong| format!("{}: {}", wrong.message, wrong.help))
    }

    /// Returns the duration as the standard library's type.
    pub const fn as_std(self) -> std::time::Duration {
        self.0
    }
}

impl Scalar for Duration {
    const WHAT: &'static str = "a duration";
    const DESCRIPTION: &'static str =
        "A length of time with its unit: ms, s, min (or m), h or d; or several, as in 1h30m.";
    const PATTERN: &'static str =
        r"^([0-9]+(\.[0-9]+)? ?(ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?) ?)+$";
    const EXAMPLES: &'static [&'static str] = &["200 ms", "1 s", "15 min", "2 h"];

    fn read(text: &str) -> Result<Duration, MistakeText> {
        let mut length = std::time::Duration::ZERO;
        for part in parts(text) {
            let (number, unit) = split(part, Duration::WHAT, "30 s")?;
            let meant = meant(unit).unwrap_or(unit);
            let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == meant) else {
                return Err(unknown_unit(number.0, unit));
            };
            length += std::time::Duration::from_nanos(number.times(*nanos, Duration::WHAT, "nanoseconds")?);
        }
        Ok(Duration(length))
    }

    fn bare() -> Option<MistakeText> {
        Some(without_unit())
    }
}

/// Largest first; in nanoseconds.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400 * SECOND), ("h", 3_600 * SECOND), ("min", 60 * SECOND), ("s", SECOND), ("ms", MILLISECOND)];
const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// Splits `1h30m` into parts, each a number with its unit.
fn parts(text: &str) -> Vec<&str> {
    let text = text.trim();
    let mut begins = vec![0];
    if text.starts_with(|char: char| char.is_ascii_digit()) {
        let mut in_unit = false;
        for (at, char) in text.char_indices() {
            if in_unit && char.is_ascii_digit() {
                begins.push(at);
            }
            in_unit = char.is_alphabetic() || (in_unit && char == ' ');
        }
    }
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    begins.iter().zip(ends).map(|(begin, end)| &text[*begin..end]).collect()
}

/// Returns the unit for a longer or shorter name of it.
fn meant(unit: &str) -> Option<&'static str> {
    Some(match unit.trim_end() {
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "min",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    })
}

fn unknown_unit(number: &str, unit: &str) -> MistakeText {
    if unit.is_empty() {
        return without_unit();
    }
    let help = match meant(&unit.to_ascii_lowercase()) {
        None => "the units are ms, s, min, h and d".to_owned(),
        Some(meant) => format!("write `{number} {meant}`"),
    };
    MistakeText::new(format!("`{}` is not a unit of time", shown(unit)), "unknown unit", help)
}

fn without_unit() -> MistakeText {
    MistakeText::new("a duration needs a unit", "no unit", "write the unit: `200 ms`, `30 s` or `5 min`")
}

impl From<std::time::Duration> for Duration {
    fn from(duration: std::time::Duration) -> Duration {
        Duration(duration)
    }
}

impl fmt::Display for Duration {
    /// Formats in the largest unit with a whole number (`15 min`, `90 s`), else in milliseconds with decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.pad("0 s");
        }
        match UNITS.iter().find(|(_, unit)| nanos.is_multiple_of(u128::from(*unit))) {
            Some((name, unit)) => f.pad(&format!("{} {name}", nanos / u128::from(*unit))),
            None => {
                let (whole, rest) = (nanos / u128::from(MILLISECOND), nanos % u128::from(MILLISECOND));
                f.pad(&format!("{whole}.{} ms", format!("{rest:06}").trim_end_matches('0')))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_read_as_people_write_them() {
        for (text, millis, shown) in [
            ("0 s", 0, "0 s"),
            ("200 ms", 200, "200 ms"),
            ("1s", 1000, "1 s"),
            ("1.5 min", 90_000, "90 s"),
            ("15 min", 900_000, "15 min"),
            ("24 h", 86_400_000, "1 d"),
            ("30m", 1_800_000, "30 min"),
            ("1h30m", 5_400_000, "90 min"),
            ("1 h 30 min", 5_400_000, "90 min"),
            ("5 seconds", 5000, "5 s"),
        ] {
            assert_eq!(Duration::read(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(Duration::from_millis(millis).to_string(), shown);
        }
        assert_eq!(Duration::read("0.25 ms").unwrap().to_string(), "0.25 ms");
    }

    #[test]
    fn bad_durations_are_refused_with_the_right_form() {
        for (text, help) in [
            ("5", "write the unit: `200 ms`, `30 s` or `5 min`"),
            ("5 MIN", "write `5 min`"),
            ("1h30", "write the unit: `200 ms`, `30 s` or `5 min`"),
            ("1h 5 mo", "the units are ms, s, min, h and d"),
            ("5 us", "the units are ms, s, min, h and d"),
            ("0.0000001 ms", "write fewer decimals, or a smaller unit"),
            ("300000 d", "write a smaller number"),
        ] {
            assert_eq!(Duration::read(text).unwrap_err().help, help, "{text}");
        }
    }

    proptest! {
        #[test]
        fn durations_round_trip(nanos: u64) {
            let duration = Duration(std::time::Duration::from_nanos(nanos));
            prop_assert_eq!(Duration::read(&duration.to_string()), Ok(duration));
        }
    }
}
