//! Instants as people and programs write them into logs and file names.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use regex::Regex;

/// The instant a line says, which says nothing else: `# 2026-11-23T10:00:00Z`, `2026-11-23 10:00:00.5`. Without an offset it
/// is taken as UTC: what is between two of them is the same.
pub(super) fn line(line: &[u8]) -> Option<Timestamp> {
    let line = line.trim_ascii();
    let line = line.strip_prefix(b"#").unwrap_or(line).trim_ascii();
    // Nearly every line is none, and is told by its first bytes.
    if !matches!(line, [b'1'..=b'9', _, _, _, b'-' | b'/', ..]) || !line.contains(&b':') {
        return None;
    }
    let text = str::from_utf8(line).ok()?.replace('/', "-");
    text.parse().ok().or_else(|| local(text.parse().ok()?))
}

/// The instant which WinDbg's `.time` says: `Debug session time: Mon Nov 23 10:00:00.000 2026 (UTC + 1:00)`.
pub(super) fn debug_session(line: &[u8]) -> Option<Timestamp> {
    let rest = str::from_utf8(line).ok()?.trim().strip_prefix("Debug session time:")?;
    let mut words = rest.split_ascii_whitespace();
    let (_, month, day, time, year) = (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.into_iter().position(|name| name == month)? + 1;
    local(format!("{year}-{month:02}-{day:0>2}T{time}").parse().ok()?)
}

/// The instant in a file's name: `poolsnap-20261123-1000.log`, `2026.11.23_10.00.00.pool.csv`, `snap-1795428000.txt`.
pub(super) fn name(name: &str) -> Option<Timestamp> {
    static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let date = r"(?:^|[^0-9])((?:19|20)[0-9]{2})[-._]?(0[1-9]|1[0-2])[-._]?(0[1-9]|[12][0-9]|3[01])";
        let time = r"(?:[-._T ]{0,3}([01][0-9]|2[0-3])[-._:h]?([0-5][0-9])(?:[-._:]?([0-5][0-9]))?)?";
        Regex::new(&format!("{date}{time}(?:[^0-9]|$)")).ok()
    });
    static UNIX: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("(?:^|[^0-9])(1[0-9]{9})(?:[^0-9]|$)").ok());
    if let Some(found) = DATE.as_ref()?.captures(name) {
        let part = |at: usize| found.get(at).map_or("00", |part| part.as_str());
        let text = format!("{}-{}-{}T{}:{}:{}", part(1), part(2), part(3), part(4), part(5), part(6));
        return local(text.parse().ok()?);
    }
    let seconds = UNIX.as_ref()?.captures(name)?.get(1)?.as_str().parse().ok()?;
    Timestamp::from_second(seconds).ok()
}

/// A time of day somewhere, taken as UTC.
pub(super) fn local(time: DateTime) -> Option<Timestamp> {
    time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(found: Option<Timestamp>) -> Option<String> {
        found.map(|found| found.to_string())
    }

    #[test]
    fn a_line_may_say_when() {
        for (text, expected) in [
            ("# 2026-11-23T10:00:00Z", Some("2026-11-23T10:00:00Z")),
            ("2026-11-23T10:00:00.25+01:00", Some("2026-11-23T09:00:00.25Z")),
            ("  2026-11-23 10:00:00  ", Some("2026-11-23T10:00:00Z")),
            ("2026/11/23 10:00:05", Some("2026-11-23T10:00:05Z")),
            ("2026-11-23", None),
            ("2026-13-23 10:00", None),
            ("1234-Nonp: 5", None),
            ("11/23/2026 10:00:00", None),
            ("", None),
        ] {
            assert_eq!(said(line(text.as_bytes())).as_deref(), expected, "{text}");
        }
        let session = b"Debug session time: Mon Nov  3 10:00:07.250 2026 (UTC + 1:00)";
        assert_eq!(said(debug_session(session)).as_deref(), Some("2026-11-03T10:00:07.25Z"));
        assert_eq!(said(debug_session(b"System Uptime: 0 days 1:00:00.000")), None);
    }

    #[test]
    fn a_name_may_say_when() {
        for (text, expected) in [
            ("poolsnap-20261123-100005.log", Some("2026-11-23T10:00:05Z")),
            ("poolsnap_2026-11-23_10-00.log", Some("2026-11-23T10:00:00Z")),
            ("2026.11.23_10.00.07_1795428007.12345.pool.csv", Some("2026-11-23T10:00:07Z")),
            ("20261123T100009Z.txt", Some("2026-11-23T10:00:09Z")),
            ("night-2026-11-23.log", Some("2026-11-23T00:00:00Z")),
            ("snap-1795428000.txt", Some("2026-11-23T10:00:00Z")),
            ("poolsnap-001.log", None),
            ("poolsnap-12345678901.log", None),
            ("20261399.log", None),
            ("poolsnap.log", None),
        ] {
            assert_eq!(said(name(text)).as_deref(), expected, "{text}");
        }
    }
}
