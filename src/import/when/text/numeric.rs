//! The numeric parts of a stamp: dates, times of day, offsets.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::super::tokens::Token;
use super::{Parts, is_year};

impl Parts {
    /// Parses `+01:00`, `+0100`, `-03`, `+1`.
    pub(super) fn offset(&mut self, rest: &[Token]) -> Option<usize> {
        let sign = if rest.first() == Some(&Token::Mark('-')) { -1 } else { 1 };
        let (minutes, taken) = match rest[1..] {
            [Token::Number(hours, 1..=2), Token::Mark(':'), Token::Number(minutes, 2), ..] => (hours * 60 + minutes, 4),
            [Token::Number(both, 4), ..] => (both / 100 * 60 + both % 100, 2),
            [Token::Number(minutes, 3), ..] => (minutes, 2),
            [Token::Number(hours, 1..=2), ..] => (hours * 60, 2),
            _ => return None,
        };
        let seconds = sign * i32::try_from(minutes * 60).ok()?;
        let within = (-14 * 3600..=14 * 3600).contains(&seconds) && self.time.is_some();
        // `UTC + 1:00` is one offset.
        self.offset = Some(Offset::from_seconds(seconds).ok().filter(|_| within)?);
        self.at_time = true;
        Some(taken)
    }

    /// Parses `20260108`, `20260108T150405`, `20260108150405.000000+060`.
    pub(super) fn compact(&mut self, rest: &[Token]) -> Option<usize> {
        let [Token::Number(number, length), after @ ..] = rest else { return None };
        let date = |number: u64| {
            let date = Date::new((number / 10_000) as i16, (number / 100 % 100) as i8, (number % 100) as i8).ok()?;
            Some(date).filter(|date| is_year(date.year()))
        };
        let time = |number: u64| hms(number / 10_000, number / 100 % 100, number % 100);
        if self.has_date() {
            return None;
        }
        match length {
            14 => {
                self.dates = Some([date(number / 1_000_000); 2]);
                self.time = Some(time(number % 1_000_000)?);
                self.at_time = true;
                let fraction = matches!(after, [Token::Mark('.'), Token::Number(_, 6), ..]);
                Some(if fraction { 3 } else { 1 })
            }
            8 => {
                self.dates = Some([Some(date(*number)?); 2]);
                let behind = match after {
                    [Token::Mark('-' | '_'), rest @ ..] => (2, rest),
                    [Token::Word(t, _), rest @ ..] if t == "t" => (2, rest),
                    rest => (1, rest),
                };
                let time = match behind.1 {
                    [Token::Number(number, 6), ..] => Some(time(*number)?),
                    [Token::Number(number, 4), ..] => Some(time(number * 100)?),
                    _ => None,
                };
                self.at_time = time.is_some();
                self.time = time.or(self.time);
                Some(if time.is_some() { behind.0 + 1 } else { 1 })
            }
            _ => None,
        }
    }

    /// Parses `2026-01-08`, `01/08/2026`, `8.1.2026`, `2026年1月8日`.
    pub(super) fn date(&mut self, rest: &[Token]) -> Option<usize> {
        let unit =
            |token: &Token, units: [&str; 2]| matches!(token, Token::Word(word, _) if units.contains(&word.as_str()));
        if self.has_date() {
            return None;
        }
        if let [Token::Number(y, 4), year, Token::Number(m, 1..=2), month, Token::Number(d, 1..=2), day, ..] = rest
            && unit(year, ["年", "년"])
            && unit(month, ["月", "월"])
            && unit(day, ["日", "일"])
        {
            self.dates = Some([Some(ymd(*y, *m, *d)?); 2]);
            return Some(6);
        }
        let [
            Token::Number(a, first),
            Token::Mark(mark),
            Token::Number(b, 1..=2),
            Token::Mark(again),
            Token::Number(c, last),
            ..,
        ] = rest
        else {
            return None;
        };
        if mark != again || !matches!(mark, '-' | '/' | '.') {
            return None;
        }
        self.dates = Some(match (mark, first, last) {
            (_, 4, 1..=2) => [Some(ymd(*a, *b, *c)?); 2],
            ('.', 1..=2, 4) => [Some(ymd(*c, *b, *a)?); 2],
            ('.', 1..=2, 2) if self.time.is_some() || rest.len() > 5 => [Some(ymd(2000 + c, *b, *a)?); 2],
            (_, 1..=2, 4) => {
                let both = [ymd(*c, *a, *b), ymd(*c, *b, *a)];
                both.iter().any(Option::is_some).then_some(both)?
            }
            _ => return None,
        });
        Some(5)
    }

    /// Parses `15:04`, `15:04:05.12`, `15時4分5秒`, and after a date `15.04.05`.
    pub(super) fn clock(&mut self, rest: &[Token]) -> Option<usize> {
        let unit = |token: Option<&Token>, units: [&str; 3]| matches!(token, Some(Token::Word(word, _)) if units.contains(&word.as_str()));
        let [Token::Number(hour, 1..=2), between, Token::Number(minute, 1..=2), after @ ..] = rest else { return None };
        if self.time.is_some() {
            return None;
        }
        let (second, mut taken) = match (between, after) {
            (Token::Mark(':'), [Token::Mark(':'), Token::Number(second, 2), ..]) => (*second, 5),
            (Token::Mark('.'), [Token::Mark('.'), Token::Number(second, 2), ..]) if self.has_date() => (*second, 5),
            (Token::Mark(':'), _) => (0, 3),
            (hours, [minutes, after @ ..])
                if unit(Some(hours), ["時", "时", "시"]) && unit(Some(minutes), ["分", "분", "분"]) =>
            {
                match after {
                    [Token::Number(second, 1..=2), seconds, ..] if unit(Some(seconds), ["秒", "초", "초"]) => {
                        (*second, 6)
                    }
                    _ => (0, 4),
                }
            }
            _ => return None,
        };
        let mut time = hms(*hour, *minute, second)?;
        if let (5, [Token::Mark('.' | ','), Token::Number(fraction, digits @ 1..=9), ..]) =
            (taken, rest.get(5..).unwrap_or(&[]))
        {
            let nanoseconds = fraction * 10u64.pow(9 - *digits as u32);
            time = time.with().subsec_nanosecond(i32::try_from(nanoseconds).ok()?).build().ok()?;
            taken += 2;
        }
        (self.time, self.at_time) = (Some(time), true);
        Some(taken)
    }
}

fn ymd(year: u64, month: u64, day: u64) -> Option<Date> {
    let date = Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some(date).filter(|date| is_year(date.year()))
}

fn hms(hour: u64, minute: u64, second: u64) -> Option<Time> {
    let part = |number: u64| i8::try_from(number).ok();
    Time::new(part(hour)?, part(minute)?, part(second.min(59))?, 0).ok()
}
