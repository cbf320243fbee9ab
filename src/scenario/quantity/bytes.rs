//! A number of bytes.

use std::fmt;

use super::{Decimal, split};
use crate::scenario::mistake::{MistakeText, shown};
use crate::scenario::scalar::{Scalar, scalars};

/// A number of bytes: `64 KiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

scalars!(Bytes);

impl Scalar for Bytes {
    const WHAT: &'static str = "a number of bytes";
    const DESCRIPTION: &'static str = "A number of bytes with its unit: B, KiB, MiB, GiB or TiB. 1 KiB is 1024 B.";
    const PATTERN: &'static str = r"^[0-9]+(\.[0-9]+)? ?(B|[KMGT]iB)$";
    const EXAMPLES: &'static [&'static str] = &["0 B", "64 KiB", "1.5 MiB"];

    fn read(text: &str) -> Result<Bytes, MistakeText> {
        let (number, unit) = split(text, Bytes::WHAT, "64 KiB")?;
        Ok(Bytes(number.times(bytes_in(number, unit)?, Bytes::WHAT, "bytes")?))
    }

    fn bare() -> Option<MistakeText> {
        Some(without_unit())
    }
}

/// Returns the size of `unit` in bytes; `number` is for the mistake.
pub(super) fn bytes_in(number: Decimal<'_>, unit: &str) -> Result<u64, MistakeText> {
    if let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) {
        return Ok(*bytes);
    }
    let meant = match unit.to_ascii_lowercase().as_str() {
        "" => return Err(without_unit()),
        "b" | "byte" | "bytes" => "B",
        "k" | "kb" | "kib" => "KiB",
        "m" | "mb" | "mib" => "MiB",
        "g" | "gb" | "gib" => "GiB",
        "t" | "tb" | "tib" => "TiB",
        _ => "",
    };
    let help = match UNITS.iter().find(|(name, _)| *name == meant) {
        None => "the units are B, KiB (1024 bytes), MiB, GiB and TiB".to_owned(),
        Some((name, 1)) => format!("write `{} {name}`", number.0),
        Some((name, bytes)) => format!("write `{} {name}` (1 {name} is {bytes} bytes)", number.0),
    };
    Err(MistakeText::new(format!("`{}` is not a unit of bytes", shown(unit)), "unknown unit", help))
}

/// The units and their bytes, the largest first.
const UNITS: [(&str, u64); 5] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

fn without_unit() -> MistakeText {
    MistakeText::new("a number of bytes needs a unit", "no unit", "write the unit: `64 B` or `64 KiB`")
}

impl fmt::Display for Bytes {
    /// Formats in the largest unit with a whole number: `64 KiB`, `1536 B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = UNITS.iter().find(|(_, bytes)| self.0 != 0 && self.0.is_multiple_of(*bytes));
        let (name, bytes) = exact.unwrap_or(&("B", 1));
        f.pad(&format!("{} {name}", self.0 / bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bytes_read_as_people_write_them() {
        for (text, bytes, shown) in [
            ("0 B", 0, "0 B"),
            ("64 KiB", 65_536, "64 KiB"),
            ("64KiB", 65_536, "64 KiB"),
            ("1.5 MiB", 1_572_864, "1536 KiB"),
            ("1536 B", 1536, "1536 B"),
            ("1.0 B", 1, "1 B"),
            ("2048 GiB", 2 << 40, "2 TiB"),
        ] {
            assert_eq!(Bytes::read(text), Ok(Bytes(bytes)), "{text}");
            assert_eq!(Bytes(bytes).to_string(), shown);
        }
    }

    #[test]
    fn bad_byte_counts_are_refused_with_the_right_form() {
        for (text, message, help) in [
            ("64", "a number of bytes needs a unit", "write the unit: `64 B` or `64 KiB`"),
            ("64 KB", "`KB` is not a unit of bytes", "write `64 KiB` (1 KiB is 1024 bytes)"),
            ("5 bytes", "`bytes` is not a unit of bytes", "write `5 B`"),
            ("5 s", "`s` is not a unit of bytes", "the units are B, KiB (1024 bytes), MiB, GiB and TiB"),
            ("-1 B", "`-1 B` is negative", "write a number of bytes of 0 or more, such as `64 KiB`"),
            ("1.3 B", "`1.3` is not a whole number of bytes", "write fewer decimals, or a smaller unit"),
            ("16777216 TiB", "`16777216` is too large for a number of bytes", "write a smaller number"),
            (&"9".repeat(40), "a number of bytes needs a unit", "write the unit: `64 B` or `64 KiB`"),
            ("", "`` is not a number of bytes", "write a number and a unit, such as `64 KiB`"),
            ("1e3 B", "`e3 B` is not a unit of bytes", "the units are B, KiB (1024 bytes), MiB, GiB and TiB"),
            ("1..2 B", "`1..2 B` is not a number of bytes", "write a number and a unit, such as `64 KiB`"),
        ] {
            let wrong = Bytes::read(text).unwrap_err();
            assert_eq!((wrong.message.as_str(), wrong.help.as_str()), (message, help), "{text}");
        }
    }

    proptest! {
        #[test]
        fn bytes_round_trip(bytes: u64) {
            prop_assert_eq!(Bytes::read(&Bytes(bytes).to_string()), Ok(Bytes(bytes)));
        }
    }
}
