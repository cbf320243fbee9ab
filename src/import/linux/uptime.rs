//! Times from lines of `uptime` between the kernel's tables, for logs without `date`.
//!
//! `uptime` prints the time of day and the machine's uptime. The uptime determines the day.

use jiff::Timestamp;

const DAY: i64 = 86_400;

/// The time and the uptime of the last line, in seconds.
#[derive(Debug, Default)]
pub(super) struct Uptimes {
    last: Option<(i64, i64)>,
}

impl Uptimes {
    /// Returns the line's time, counted from the midnight before the first `uptime` line. Returns `None` for any other
    /// line.
    pub(super) fn read(&mut self, text: &[u8]) -> Option<Timestamp> {
        let (time, up) = line(text)?;
        let at = match self.last {
            None => time,
            Some((at, before)) => {
                // The uptime is smaller after a restart. The result is then the first later instant with this time of
                // day.
                let expected = if up >= before { at + (up - before) } else { at + DAY / 2 };
                time + DAY * (expected - time + DAY / 2).div_euclid(DAY)
            }
        };
        self.last = Some((at, up));
        Timestamp::from_second(at).ok()
    }
}

/// Parses the time of day and the uptime, in seconds: ` 11:28:15 up 1 day,  2:36,  1 user,  load average: …`.
fn line(text: &[u8]) -> Option<(i64, i64)> {
    let text = str::from_utf8(text).ok().filter(|text| text.contains(" up ") && text.contains("load average"))?;
    let (time, up) = text.trim_start_matches("top - ").split_once(" up ")?;
    let mut parts = time.trim().splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let in_day = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..61).contains(&seconds);
    let mut length = 0;
    for part in up.split(',').map(str::trim) {
        let (number, unit) = part.split_once(' ').unwrap_or((part, ""));
        length += match (number.split_once(':'), unit.trim()) {
            (Some((hours, minutes)), "") => 3600 * below(hours, 100)? + 60 * below(minutes, 60)?,
            (None, "day" | "days") => DAY * below(number, 1 << 20)?,
            (None, "min" | "mins") => 60 * below(number, 1000)?,
            (None, "sec" | "secs") => below(number, 1000)?,
            _ => break,
        };
    }
    in_day.then_some((3600 * hours + 60 * minutes + seconds, length))
}

fn below(digits: &str, most: i64) -> Option<i64> {
    digits.parse().ok().filter(|value| (0..most).contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_gives_the_day() {
        let mut uptimes = Uptimes::default();
        let mut seconds = |text: &str| uptimes.read(text.as_bytes()).map(Timestamp::as_second);
        assert_eq!(seconds(" 11:28:15 up 10 min,  1 user,  load average: 0,28, 0,40, 0,27"), Some(41_295));
        assert_eq!(seconds(" 11:56:30 up 38 min,  1 user,  load average: 0,58, 0,64, 0,60"), Some(42_990));
        assert_eq!(seconds("top - 13:54:04 up  2:36,  1 user,  load average: 1"), Some(50_044));
        assert_eq!(seconds("13:54:06 up 3 days,  2:36,  1 user,  load average: 1"), Some(50_046 + 3 * DAY));
        assert_eq!(seconds("02:00:00 up 3 min,  1 user,  load average: 1"), Some(7200 + 4 * DAY), "restarted");
        assert_eq!(seconds("what is up here, load average"), None);
        assert_eq!(seconds("25:00:00 up 3 min, load average: 1"), None);
    }
}
