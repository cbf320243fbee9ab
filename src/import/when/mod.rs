//! Parses times that people and programs write into logs and file names.

use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use regex::Regex;

mod code_pages;
mod stamp;
mod text;
mod tokens;
mod words;

pub(super) use stamp::{DateOrder, Stamp};

/// Returns the time stamp of a line that contains nothing else: `# 2026-11-23T10:00:00Z`, `Thu 11/26/2026 10:00:00.12`,
/// `Donnerstag, 26. November 2026 10:00:00`, `=== 10:00 ===`, `1795428000`.
pub(super) fn line(line: &[u8]) -> Option<Stamp> {
    let line = line.trim_ascii();
    if !line.iter().any(u8::is_ascii_digit) || line.len() > 160 {
        return None;
    }
    match str::from_utf8(line) {
        Ok(line) => text::read(line),
        Err(_) => code_pages::readings(line).find_map(|line| text::read(&line)),
    }
}

/// Returns the time in WinDbg's `.time`: `Debug session time: Mon Nov 23 10:00:00.000 2026 (UTC + 1:00)`.
pub(super) fn debug_session(line: &[u8]) -> Option<Stamp> {
    let rest = str::from_utf8(line).ok()?.trim().strip_prefix("Debug session time:")?;
    // The zone is ignored, because all times of one log have the same one.
    text::read(rest.split('(').next()?)
}

/// The time in a file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NameTime {
    pub(super) at: Timestamp,
    /// The precision: a day if the name has no time of day.
    pub(super) within: SignedDuration,
}

/// Parses the time in a file's name: `poolsnap-20261123-1000.log`, `2026.11.23_10.00.00.pool.csv`,
/// `snap-1795428000.txt`.
pub(super) fn name(name: &str) -> Option<NameTime> {
    static DATE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let date = r"(?:^|[^0-9])((?:19|20)[0-9]{2})[-._]?(0[1-9]|1[0-2])[-._]?(0[1-9]|[12][0-9]|3[01])";
        let time = r"(?:[-._T ]{0,3}([01][0-9]|2[0-3])[-._:h]?([0-5][0-9])(?:[-._:]?([0-5][0-9]))?)?";
        Regex::new(&format!("{date}{time}(?:[^0-9]|$)")).ok()
    });
    static UNIX: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("(?:^|[^0-9])(1[0-9]{9})(?:[^0-9]|$)").ok());
    if let Some(found) = DATE.as_ref()?.captures(name) {
        let part = |at: usize| found.get(at).map_or("00", |part| part.as_str());
        let text = format!("{}-{}-{}T{}:{}:{}", part(1), part(2), part(3), part(4), part(5), part(6));
        let within = match (found.get(4), found.get(6)) {
            (None, _) => SignedDuration::from_hours(24),
            (Some(_), None) => SignedDuration::from_mins(1),
            (Some(_), Some(_)) => SignedDuration::from_secs(1),
        };
        return Some(NameTime { at: local(text.parse().ok()?)?, within });
    }
    let seconds = UNIX.as_ref()?.captures(name)?.get(1)?.as_str().parse().ok()?;
    Some(NameTime { at: Timestamp::from_second(seconds).ok()?, within: SignedDuration::from_secs(1) })
}

/// A local time of an unknown zone, taken as UTC.
pub(super) fn local(time: DateTime) -> Option<Timestamp> {
    time.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(found: Option<Timestamp>) -> Option<String> {
        found.map(|found| found.to_string())
    }

    fn readings(text: &[u8]) -> Option<[Option<String>; 2]> {
        let stamp = line(text)?;
        Some(DateOrder::ALL.map(|order| text_of(stamp.at(order, None))))
    }

    /// The same instant in several code pages; the text does not name its page. In a single-byte page, the word for
    /// "PM" reads as line drawing.
    #[test]
    fn a_stamp_is_read_in_the_code_pages_of_consoles_and_of_windows() {
        for (bytes, page, text) in [
            (&b"\x97\xe2 08.01.2026 15:04:05,00"[..], "cp866", "Чт 08.01.2026 15:04:05,00"),
            (&b"8 \xef\xad\xa2\xa0\xe0\xef 2026 \xa3. 15:04:05"[..], "cp866", "8 января 2026 г. 15:04:05"),
            (&b"8 \xff\xed\xe2\xe0\xf0\xff 2026 \xe3. 15:04:05"[..], "cp1251", "8 января 2026 г. 15:04:05"),
            (&b"\x9ftvrtek 8. ledna 2026 15:04:05"[..], "cp852", "čtvrtek 8. ledna 2026 15:04:05"),
            (&b"\xe8tvrtek 8. ledna 2026 15:04:05"[..], "cp1250", "čtvrtek 8. ledna 2026 15:04:05"),
            (&b"8 Ocak 2026 Per\x9fembe 15:04:05"[..], "cp857", "8 Ocak 2026 Perşembe 15:04:05"),
            (
                &b"\x8f\xe2\xa3\xa7\xab\x9e, 8 \x88\x98\xa4\xa6\xac\x98\xa8\xe5\xa6\xac 2026 3:04:05 \xa3.\xa3."[..],
                "cp737",
                "Πέμπτη, 8 Ιανουαρίου 2026 3:04:05 μ.μ.",
            ),
            (&b"2026\x94N1\x8c\x8e8\x93\xfa\x96\xd8\x97j\x93\xfa 15:04:05"[..], "cp932", "2026年1月8日木曜日 15:04:05"),
            (&b"2026/01/08 (\x96\xd8) 15:04:05.00"[..], "cp932", "2026/01/08 (木) 15:04:05.00"),
            (&b"2026/01/08 \xd6\xdc\xcb\xc4 15:04:05.00"[..], "gbk", "2026/01/08 周四 15:04:05.00"),
            (&b"2026\xc4\xea1\xd4\xc28\xc8\xd5 \xcf\xc2\xce\xe7 03:04:05"[..], "gbk", "2026年1月8日 下午 03:04:05"),
            (&b"2026-01-08 \xbf\xc0\xc8\xc4 3:04:05"[..], "cp949", "2026-01-08 오후 3:04:05"),
            (
                &b"2026\xb3\xe2 1\xbf\xf9 8\xc0\xcf \xb8\xf1\xbf\xe4\xc0\xcf \xbf\xc0\xc8\xc4 3:04:05"[..],
                "cp949",
                "2026년 1월 8일 목요일 오후 3:04:05",
            ),
            (&b"2026/1/8 \xa4U\xa4\xc8 03:04:05"[..], "big5", "2026/1/8 下午 03:04:05"),
        ] {
            assert_eq!(readings(bytes), readings(text.as_bytes()), "{page} {text}");
            let instant = Some("2026-01-08T15:04:05Z".to_owned());
            assert!(readings(bytes).is_some_and(|both| both.contains(&instant)), "{page} {text}");
        }
    }

    /// 15:04:05 on Thursday, 8 January 2026, in many formats.
    #[test]
    fn a_stamp_is_read_in_the_languages_windows_is_sold_in() {
        for text in [
            "Thu 01/08/2026 15:04:05.00",
            "Thursday, January 8, 2026 3:04:05 PM",
            "Thursday, January 8, 2026 3:04:05\u{202f}PM",
            "08 January 2026 15:04:05",
            "Thursday, 8 January 2026 15:04:05",
            "Donnerstag, 8. Januar 2026 15:04:05",
            "08.01.2026 15:04:05,00",
            "Do 08.01.2026 15:04:05,00",
            "jeudi 8 janvier 2026 15:04:05",
            "jueves, 8 de enero de 2026 15:04:05",
            "jueves, 8 de enero de 2026 3:04:05 p. m.",
            "Πέμπτη, 8 Ιανουαρίου 2026 3:04:05 μ.μ.",
            "giovedì 8 gennaio 2026 15:04:05",
            "quinta-feira, 8 de janeiro de 2026 15:04:05",
            "2026年1月8日 15:04:05",
            "2026年1月8日木曜日 15:04:05",
            "2026/01/08 周四 15:04:05.00",
            "2026年1月8日 星期四 15:04:05",
            "2026年1月8日 下午 03:04:05",
            "2026년 1월 8일 목요일 오후 3:04:05",
            "2026-01-08 오후 3:04:05",
            "8 января 2026 г. 15:04:05",
            "Чт 08.01.2026 15:04:05,00",
            "czwartek, 8 stycznia 2026 15:04:05",
            "do 08-01-2026 15:04:05,00",
            "donderdag 8 januari 2026 15:04:05",
            "den 8 januari 2026 15:04:05",
            "torsdag den 8. januar 2026 15:04:05",
            "torstai 8. tammikuuta 2026 15.04.05",
            "čtvrtek 8. ledna 2026 15:04:05",
            "2026. január 8., csütörtök 15:04:05",
            "8 Ocak 2026 Perşembe 15:04:05",
            // Output of `date`.
            "Thu Jan  8 15:04:05 UTC 2026",
            "Thu Jan  8 16:04:05 CET 2026",
            "Thu 08 Jan 2026 03:04:05 PM UTC",
            "Do 8. Jan 16:04:05 CET 2026",
            "jeu. 08 janv. 2026 16:04:05 CET",
            "gio 8 gen 2026, 15:04:05, UTC",
            "czw, 8 sty 2026, 15:04:05 UTC",
            "2026年  1月  8日 木曜日 15:04:05 UTC",
            "2026. 01. 08. (목) 15:04:05 UTC",
            "Thu, 08 Jan 2026 10:04:05 -0500",
            "2026-01-08T16:04:05+01:00",
            "20260108T150405Z",
            "20260108-150405",
            "20260108150405.000000+000",
            // Text around the stamp.
            "[2026-01-08 15:04:05]",
            "=== 2026-01-08 15:04:05 ===",
            "--- snapshot 3: 2026-01-08 15:04:05 ---",
            "Time: 2026-01-08 15:04:05",
            "Date: Thu 01/08/2026 Time: 15:04:05",
            "# 2026-01-08T15:04:05Z",
            "2026-01-08 15:04:05 +0000 (UTC)",
            "1767884645",
            "1767884645000",
            "@1767884645.000",
            "08/Jan/2026:15:04:05 +0000",
        ] {
            let expected = Some("2026-01-08T15:04:05Z".to_owned());
            assert_eq!(readings(text.as_bytes()), Some([expected.clone(), expected]), "{text}");
        }
        let windows = b"jeudi 8 d\xe9cembre 2026 15:04:05";
        assert_eq!(readings(windows).and_then(|[first, _]| first).as_deref(), Some("2026-12-08T15:04:05Z"));
    }

    #[test]
    fn an_ambiguous_date_has_both_readings() {
        let both = |text: &str| readings(text.as_bytes()).unwrap().map(|at| at.unwrap_or_default());
        assert_eq!(both("01/08/2026 15:04:05.12"), ["2026-01-08T15:04:05.12Z", "2026-08-01T15:04:05.12Z"]);
        assert_eq!(both("1/8/2026 3:04:05 PM"), ["2026-01-08T15:04:05Z", "2026-08-01T15:04:05Z"]);
        assert_eq!(both("13/01/2026 15:04"), ["", "2026-01-13T15:04:00Z"]);
        assert_eq!(both("mar. 10/03/2026 15:04"), ["2026-03-10T15:04:00Z"; 2]);
        assert_eq!(both("mar 10 mar 2026 15:04"), ["2026-03-10T15:04:00Z"; 2]);
    }

    #[test]
    fn date_and_time_may_be_on_two_lines() {
        let [date, time] = ["The current date is: Thu 01/08/2026", "The current time is: 15:04:05.12"];
        let (date, time) = (line(date.as_bytes()).unwrap(), line(time.as_bytes()).unwrap());
        let at = |stamp: Stamp| text_of(stamp.at(DateOrder::DayFirst, None));
        assert_eq!(at(time.after(date)).as_deref(), Some("2026-01-08T15:04:05.12Z"));
        assert_eq!(time.after(date), date.after(time));
        assert!(!time.has_date() && date.has_date());
        let evening = line(b"11:50 PM").unwrap();
        let last = evening.at(DateOrder::DayFirst, None);
        assert_eq!(text_of(last).as_deref(), Some("1970-01-01T23:50:00Z"));
        assert_eq!(
            text_of(line(b"0:10").unwrap().at(DateOrder::DayFirst, last)).as_deref(),
            Some("1970-01-02T00:10:00Z")
        );
    }

    #[test]
    fn other_text_is_no_stamp() {
        for text in [
            "",
            "1234-Nonp: 5",
            "2026-13-23 10:00",
            "and two hours later, after the loop:",
            "System Boot Time: 1/5/2026, 10:00:00 AM",
            "On Thu, Jan 8, 2026 at 3:04 PM Jane wrote:",
            "C:\\> time /t",
            "poolmon /s0 /g",
            "version 2.1",
            "slabinfo - version: 2.1",
            "12",
            "Session 12",
            "10:99",
            "1.2.3",
            "Jan  8 15:04:05",
            "System Uptime: 0 days 1:00:00.000",
            "Last run: 2026-01-08 15:04:05",
            "2026-01-08 15:04:05 2026-01-08 16:04:05",
        ] {
            assert_eq!(line(text.as_bytes()), None, "{text}");
        }
        let session = b"Debug session time: Mon Nov  3 10:00:07.250 2026 (UTC + 1:00)";
        let at = debug_session(session).and_then(|stamp| stamp.at(DateOrder::MonthFirst, None));
        assert_eq!(text_of(at).as_deref(), Some("2026-11-03T10:00:07.25Z"));
        assert_eq!(debug_session(b"System Uptime: 0 days 1:00:00.000"), None);
    }

    #[test]
    fn a_file_name_may_have_a_time() {
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
            assert_eq!(text_of(name(text).map(|named| named.at)).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_date_is_read_as_date_prints_it() {
        for (text, expected) in [
            ("Mon Mar  4 10:00:01 UTC 2019", Some("2019-03-04T10:00:01Z")),
            ("Mon Mar 14 10:00:01 2019", Some("2019-03-14T10:00:01Z")),
            ("Mon Mar  4 01:00:01 PM CET 2019", Some("2019-03-04T12:00:01Z")),
            ("Mon Mar  4 12:00:01 AM CET 2019", Some("2019-03-03T23:00:01Z")),
            ("Mon Mar 41 10:00:01 UTC 2019", None),
            ("Mon Foo  4 10:00:01 UTC 2019", None),
            ("some words that are no date", None),
        ] {
            let at = line(text.as_bytes()).and_then(|stamp| stamp.at(DateOrder::MonthFirst, None));
            assert_eq!(at.map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }
}
