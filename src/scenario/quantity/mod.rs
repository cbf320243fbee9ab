//! The quantities of a scenario: a number with its unit.
//!
//! A unit is never assumed, not even for 0, and only the units listed here are accepted. `KB` means 1000 bytes to some
//! people and 1024 to others, so it is refused. Bytes and durations are computed exactly, in integers. Each quantity
//! has one canonical text.

mod bytes;
mod duration;
mod rate;
mod rounded;

pub use bytes::Bytes;
pub use duration::Duration;
pub use rate::{Amount, GrowthLimit, Per, Percent, Rate};

use super::mistake::{MistakeText, shown};
use super::scalar::not_a;

/// Digits with at most one decimal point, without sign or exponent.
#[derive(Debug, Clone, Copy)]
struct Decimal<'a>(&'a str);

/// Splits `64 KiB` into number and unit. `what` and `example` are for the mistake.
fn split<'a>(text: &'a str, what: &str, example: &str) -> Result<(Decimal<'a>, &'a str), MistakeText> {
    let trimmed = text.trim();
    if trimmed.starts_with(['-', '−']) {
        let help = format!("write {what} of 0 or more, such as `{example}`");
        return Err(MistakeText::new(format!("`{}` is negative", shown(trimmed)), "negative", help));
    }
    let end = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let whole = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let (before, after) = number.split_once('.').unwrap_or((number, "0"));
    if !whole(before) || !whole(after) {
        return Err(not_a(what, trimmed, format!("write a number and a unit, such as `{example}`")));
    }
    Ok((Decimal(number), unit.trim_start()))
}

impl Decimal<'_> {
    /// Returns the number times `factor`, exactly. `smallest` names the unit that cannot be divided, `what` the
    /// quantity.
    fn times(self, factor: u64, what: &str, smallest: &str) -> Result<u64, MistakeText> {
        let too_large = || {
            let message = format!("`{}` is too large for {what}", shown(self.0));
            MistakeText::new(message, "too large", "write a smaller number")
        };
        let (before, after) = self.0.split_once('.').unwrap_or((self.0, ""));
        let after = after.trim_end_matches('0');
        let digits: u128 = format!("{before}{after}").parse().map_err(|_| too_large())?;
        let scale = u32::try_from(after.len()).ok().and_then(|places| 10u128.checked_pow(places));
        let (product, scale) = digits.checked_mul(u128::from(factor)).zip(scale).ok_or_else(too_large)?;
        if product % scale != 0 {
            let message = format!("`{}` is not a whole number of {smallest}", shown(self.0));
            return Err(MistakeText::new(message, "too many decimals", "write fewer decimals, or a smaller unit"));
        }
        u64::try_from(product / scale).map_err(|_| too_large())
    }

    /// Returns the number as a float, for measured quantities.
    fn float(self, what: &str) -> Result<f64, MistakeText> {
        // 2^53: every smaller whole number is exact, and no kernel has this many bytes.
        self.0.parse().ok().filter(|value| *value <= 9_007_199_254_740_992.0).ok_or_else(|| {
            let message = format!("`{}` is too large for {what}", shown(self.0));
            MistakeText::new(message, "too large", "write a smaller number")
        })
    }
}
