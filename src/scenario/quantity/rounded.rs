//! Formats bytes for people, with three digits and a suitable unit. Numbers for machines stay exact.

use super::Bytes;

impl Bytes {
    /// Formats rounded bytes for people: `512 B`, `4.00 KiB`, `23.5 MiB`.
    pub fn rounded(self) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return format!("{} B", self.0);
        }
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = 0;
        // The limit is not 1024, because 1023.7 KiB would have four digits.
        while value >= 999.5 && unit + 1 < units.len() {
            value /= 1024.0;
            unit += 1;
        }
        let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
        format!("{value:.digits$} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_for_people_have_three_digits_at_most() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (23_456, "22.9 KiB"),
            (1_048_000, "1.00 MiB"),
            (123_456_789, "118 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(Bytes(bytes).rounded(), text);
        }
    }
}
