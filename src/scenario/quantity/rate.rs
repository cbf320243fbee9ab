//! Growth, and growth per iteration or hour.

use std::fmt;

use super::bytes::bytes_in;
use super::{Bytes, split};
use crate::scenario::mistake::{MistakeText, shown};
use crate::scenario::scalar::{Scalar, scalars};

/// A share of the initial level: `5 %`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

/// The largest increase from the initial level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum GrowthLimit {
    /// A number of bytes: `64 KiB`.
    Bytes(Bytes),
    /// A share of the initial level: `5 %`.
    Percent(Percent),
}

/// Growth in the course of the workload: `16 B/iteration`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// The growth in one unit.
    pub amount: Amount,
    /// The unit of time: an iteration or an hour.
    pub per: Per,
}

/// The quantity of a [`Rate`]. A measured rate is rarely a whole number, so a limit need not be one either.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A number of bytes in use.
    Bytes(f64),
    /// Allocations that are not freed yet.
    Objects(f64),
}

/// The unit of a [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// One iteration of the workload.
    Iteration,
    /// One hour, for workloads without countable iterations.
    Hour,
}

scalars!(GrowthLimit, Rate);

impl Scalar for GrowthLimit {
    const WHAT: &'static str = "a growth limit";
    const DESCRIPTION: &'static str = "Bytes with their unit (B, KiB, MiB, GiB, TiB), or a percentage.";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? ?(B|[KMGT]iB|%)$";
    const EXAMPLES: &'static [&'static str] = &["64 KiB", "0 B", "5 %"];

    fn read(text: &str) -> Result<GrowthLimit, MistakeText> {
        match split(text, GrowthLimit::WHAT, "64 KiB")? {
            (number, "%") => Ok(GrowthLimit::Percent(Percent(number.float("a percentage")?))),
            _ => Bytes::read(text).map(GrowthLimit::Bytes),
        }
    }

    fn bare() -> Option<MistakeText> {
        Some(MistakeText::new("a growth limit needs a unit", "no unit", "write the unit: `64 B`, `64 KiB` or `5 %`"))
    }
}

impl Scalar for Rate {
    const WHAT: &'static str = "a rate";
    const DESCRIPTION: &'static str = "Bytes or objects, per iteration or per hour.";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? ?(B|[KMGT]iB|objects?) ?/ ?(iteration|h)$";
    const EXAMPLES: &'static [&'static str] = &["0 B/iteration", "16 B/iteration", "1 MiB/h", "0 objects/iteration"];

    fn read(text: &str) -> Result<Rate, MistakeText> {
        let (amount, per) = text.split_once('/').ok_or_else(|| without_per(text))?;
        let (number, unit) = split(amount, Rate::WHAT, "16 B/iteration")?;
        let value = number.float(Rate::WHAT)?;
        let amount = match unit.trim_end() {
            "object" | "objects" => Amount::Objects(value),
            unit => Amount::Bytes(value * bytes_in(number, unit)? as f64),
        };
        let per = match per.trim() {
            "iteration" => Per::Iteration,
            "h" => Per::Hour,
            other => {
                let help = "write `/iteration` or `/h`";
                let message = format!("a rate cannot be per `{}`", shown(other));
                return Err(MistakeText::new(message, "neither `/iteration` nor `/h`", help));
            }
        };
        Ok(Rate { amount, per })
    }

    fn bare() -> Option<MistakeText> {
        Some(MistakeText::new(
            "a rate needs a unit",
            "no unit",
            "write `16 B/iteration`, `1 MiB/h` or `0 objects/iteration`",
        ))
    }
}

fn without_per(text: &str) -> MistakeText {
    let text = shown(text.trim());
    let help = format!("write `{text}/iteration` or `{text}/h`");
    MistakeText::new(format!("`{text}` is an amount, not a rate"), "no `/iteration` or `/h`", help)
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} %", self.0))
    }
}

impl fmt::Display for GrowthLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GrowthLimit::Bytes(bytes) => bytes.fmt(f),
            GrowthLimit::Percent(percent) => percent.fmt(f),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.amount, self.per))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            // A whole number below 2^63, so the conversion is exact.
            Amount::Bytes(bytes) if bytes.fract() == 0.0 && bytes < 9.2e18 => Bytes(bytes as u64).fmt(f),
            Amount::Bytes(bytes) => f.pad(&format!("{bytes} B")),
            Amount::Objects(1.0) => f.pad("1 object"),
            Amount::Objects(objects) => f.pad(&format!("{objects} objects")),
        }
    }
}

impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Per::Iteration => "iteration",
            Per::Hour => "h",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_and_growths_are_shown_in_their_canonical_text() {
        for (text, shown) in [
            ("16 B/iteration", "16 B/iteration"),
            ("1.5MiB / h", "1536 KiB/h"),
            ("0.5 B/iteration", "0.5 B/iteration"),
            ("0 objects/iteration", "0 objects/iteration"),
            ("1 object/h", "1 object/h"),
        ] {
            let rate = Rate::read(text).unwrap();
            assert_eq!(rate.to_string(), shown);
            assert_eq!(Rate::read(shown), Ok(rate));
        }
        for (text, shown) in [("5%", "5 %"), ("2.5 %", "2.5 %"), ("1024 B", "1 KiB")] {
            assert_eq!(GrowthLimit::read(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn bad_rates_are_refused_with_the_right_form() {
        for (text, help) in [
            ("16 B", "write `16 B/iteration` or `16 B/h`"),
            ("16 B/min", "write `/iteration` or `/h`"),
            ("16 KB/h", "write `16 KiB` (1 KiB is 1024 bytes)"),
            ("16/h", "write the unit: `64 B` or `64 KiB`"),
            ("-1 B/h", "write a rate of 0 or more, such as `16 B/iteration`"),
        ] {
            assert_eq!(Rate::read(text).unwrap_err().help, help, "{text}");
        }
    }

    proptest! {
        #[test]
        fn rates_round_trip(amount in 0.0..1e15, objects: bool, hour: bool) {
            let amount = if objects { Amount::Objects(amount) } else { Amount::Bytes(amount) };
            let rate = Rate { amount, per: if hour { Per::Hour } else { Per::Iteration } };
            prop_assert_eq!(Rate::read(&rate.to_string()), Ok(rate));
        }
    }
}
