//! Parses a line that consists of a time stamp, as written by batch files, shells and PowerShell in many languages.
//!
//! The whole line must be understood, because a date inside a sentence is the time of another event.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::stamp::Stamp;
use super::tokens::{Token, tokens};
use super::words;

mod numeric;

/// In bytes; longer lines are not stamps.
const LONGEST: usize = 160;

/// Parses a line that is a stamp.
pub(super) fn read(line: &str) -> Option<Stamp> {
    let line = line.trim();
    if line.len() > LONGEST || !line.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let tokens = tokens(line)?;
    epoch(&tokens).or_else(|| Parts::default().read(&tokens)?.stamp())
}

/// Parses seconds or milliseconds since 1970, alone on a line.
fn epoch(tokens: &[Token]) -> Option<Stamp> {
    let known = |token: &&Token| !matches!(token, Token::Mark('@' | '#' | ':' | '[' | ']' | '='));
    let tokens: Vec<&Token> = tokens.iter().filter(known).collect();
    let first = tokens.iter().position(|token| matches!(token, Token::Number(..)))?;
    let is_label = |token: &&Token| matches!(token, Token::Word(word, _) if words::is_label(word));
    if !tokens[..first].iter().all(is_label) {
        return None;
    }
    let at = match tokens[first..] {
        [Token::Number(seconds, 10)] => Timestamp::from_second(i64::try_from(*seconds).ok()?),
        [Token::Number(milliseconds, 13)] => Timestamp::from_millisecond(i64::try_from(*milliseconds).ok()?),
        [Token::Number(seconds, 10), Token::Mark('.' | ','), Token::Number(fraction, digits @ 1..=9)] => {
            let nanoseconds = fraction * 10u64.pow(9 - *digits as u32);
            Timestamp::new(i64::try_from(*seconds).ok()?, nanoseconds as i32)
        }
        _ => return None,
    };
    at.ok().map(Stamp::from)
}

/// The parts found so far.
#[derive(Debug, Default)]
struct Parts {
    dates: Option<[Option<Date>; 2]>,
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    /// The possible days of the week in the line.
    weekdays: Vec<i8>,
    /// A word that is a month, or a day of the week if the month is elsewhere.
    either: Option<(i8, Vec<i8>)>,
    time: Option<Time>,
    afternoon: Option<bool>,
    offset: Option<Offset>,
    /// The last part was a time, so a zone may follow.
    at_time: bool,
    /// The last word may have a number of its own: `snapshot 3`.
    counts: bool,
}

impl Parts {
    fn read(mut self, tokens: &[Token]) -> Option<Parts> {
        let mut rest = tokens;
        while !rest.is_empty() {
            let taken = self.one(rest)?;
            rest = &rest[taken..];
        }
        Some(self)
    }

    /// Consumes the next part, and returns its number of tokens.
    fn one(&mut self, rest: &[Token]) -> Option<usize> {
        let (at_time, counts) = (std::mem::take(&mut self.at_time), std::mem::take(&mut self.counts));
        match rest {
            [Token::Mark('+'), ..] | [Token::Mark('-'), Token::Number(..), ..] if at_time || self.offset.is_some() => {
                self.offset(rest)
            }
            [Token::Mark('#'), Token::Number(..), after @ ..] if !is_of_more(after) => Some(2),
            [Token::Mark(mark), ..] => {
                (self.at_time, self.counts) = (at_time, counts && *mark == '#');
                (!mark.is_alphanumeric() && !matches!(mark, '%' | '$' | '\\')).then_some(1)
            }
            [Token::Word(word, capitals), after @ ..] => self.word(word, *capitals, after, at_time),
            [Token::Number(..), after @ ..] if counts && !is_of_more(after) => Some(1),
            [Token::Number(..), ..] => {
                self.compact(rest).or_else(|| self.date(rest)).or_else(|| self.clock(rest)).or_else(|| self.loose(rest))
            }
            [] => None,
        }
    }

    fn word(&mut self, word: &str, capitals: bool, after: &[Token], at_time: bool) -> Option<usize> {
        // Spanish has `p. m.`, and Greek has `μ.μ.`.
        if let ("a" | "p" | "π" | "μ", [Token::Mark('.'), Token::Word(m, _), ..]) = (word, after)
            && matches!(m.as_str(), "m" | "μ")
        {
            (self.afternoon, self.at_time) = (Some(matches!(word, "p" | "μ")), true);
            return Some(3);
        }
        if let Some(afternoon) = words::afternoon(word) {
            (self.afternoon, self.at_time) = (Some(afternoon), true);
            return Some(1);
        }
        if let Some(seconds) = words::zone(word).filter(|_| at_time) {
            // `+0000 (UTC)` contains the zone twice.
            self.offset = self.offset.or(Some(Offset::from_seconds(seconds).ok()?));
            self.at_time = true;
            return Some(1);
        }
        match (words::month(word), words::days(word)) {
            (Some(month), days) if !days.is_empty() && self.either.is_none() => self.either = Some((month, days)),
            (Some(month), _) if self.month.is_none() => self.month = Some(month),
            (_, days) if !days.is_empty() => self.weekdays = days,
            _ if words::is_label(word) => self.counts = true,
            _ if words::is_filler(word) => {}
            // An unknown zone is ignored; the time between two stamps of one zone is still known.
            _ if at_time && capitals && (3..=5).contains(&word.len()) && word.is_ascii() => {}
            _ => return None,
        }
        Some(1)
    }

    /// Handles a day or a year next to a month's name.
    fn loose(&mut self, rest: &[Token]) -> Option<usize> {
        let [Token::Number(number, length), ..] = rest else { return None };
        match length {
            4 if self.year.is_none() && is_year(*number as i16) => self.year = Some(*number as i16),
            1 | 2 if self.day.is_none() && (1..=31).contains(number) => self.day = Some(*number as i8),
            _ => return None,
        }
        Some(1)
    }

    fn has_date(&self) -> bool {
        self.dates.is_some() || self.year.is_some() || self.month.is_some()
    }

    fn stamp(mut self) -> Option<Stamp> {
        // `mar` is Tuesday in some languages, and March in others.
        if let Some((month, days)) = self.either.take() {
            match self.dates.is_some() || self.month.is_some() {
                true if self.weekdays.is_empty() => self.weekdays = days,
                true => return None,
                false => self.month = Some(month),
            }
        }
        let dates = match (self.dates, self.year, self.month, self.day) {
            (Some(dates), None, None, None) => Some(self.on_its_weekday(dates)),
            (None, Some(year), Some(month), Some(day)) => Some([Some(Date::new(year, month, day).ok()?); 2]),
            (None, None, None, None) => None,
            _ => return None,
        };
        let time = match (self.time, self.afternoon) {
            (Some(time), Some(afternoon)) => {
                let hour = match (time.hour(), afternoon) {
                    (12, false) => 0,
                    (hour @ 1..=11, true) => hour + 12,
                    (hour, _) => hour,
                };
                Some(time.with().hour(hour).build().ok()?)
            }
            (time, None) => time,
            (None, Some(_)) => return None,
        };
        (dates.is_some() || time.is_some()).then_some(Stamp { dates, time, offset: self.offset })
    }

    /// Of two readings of a date, keeps those that match the day of the week next to it.
    fn on_its_weekday(&self, dates: [Option<Date>; 2]) -> [Option<Date>; 2] {
        let fits =
            |date: Option<Date>| date.filter(|date| self.weekdays.contains(&date.weekday().to_monday_one_offset()));
        match dates.map(fits) {
            [None, None] => dates,
            [Some(date), None] | [None, Some(date)] => [Some(date); 2],
            both => both,
        }
    }
}

/// Whether a number continues: with a mark and a number, or with a unit.
fn is_of_more(after: &[Token]) -> bool {
    matches!(after, [Token::Mark('-' | '/' | '.' | ':'), Token::Number(_, 1..=2), ..] | [Token::Word(..), ..])
}

fn is_year(year: i16) -> bool {
    (1990..=2099).contains(&year)
}
