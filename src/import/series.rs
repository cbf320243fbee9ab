//! Files that form one series: their order and their times.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::ImportError;
use super::when::{self, DateOrder, NameTime, Stamp};
use crate::record::TimeSource;

/// A file of a series, and the time of its first table if the file's name or date gives it.
pub(super) type SeriesFile = (PathBuf, Option<(Timestamp, TimeSource)>);

/// The allowed difference between two sources: a file is named before its table is taken.
const SLACK: SignedDuration = SignedDuration::from_secs(60);

/// Returns the files in order of time; `texts` is the first time stamp in each. A time in the text comes first, then
/// one in the name, then the file's date, which is not used with `every`. Without any of these, the files are in order
/// of their names, with numbers compared by value.
///
/// # Errors
/// [`ImportError::Times`] if two sources contradict each other.
pub(super) fn ordered(
    files: &[PathBuf],
    texts: &[Option<Stamp>],
    every: Option<Duration>,
) -> Result<Vec<SeriesFile>, ImportError> {
    let names = named(files);
    if let Some(times) = in_text(files, texts)? {
        let parts = sorted(files, &times);
        if let Some(names) = names {
            agree(&parts, files, &names)?;
        }
        return Ok(parts.into_iter().map(|(path, _)| (path, None)).collect());
    }
    let by_order = |times: Option<Vec<Timestamp>>, source| {
        let times = times?;
        Some(sorted(files, &times).into_iter().map(|(path, at)| (path, Some((at, source)))).collect())
    };
    let instants = |names: &[NameTime]| names.iter().map(|named| named.at).collect::<Vec<_>>();
    match (every, names) {
        (Some(every), Some(names)) => {
            let parts = sorted(files, &instants(&names));
            every_agrees(&parts, &names, every)?;
            Ok(parts.into_iter().map(|(path, _)| (path, None)).collect())
        }
        (None, Some(names)) => Ok(by_order(Some(instants(&names)), TimeSource::FileName).unwrap_or_default()),
        (every, None) => {
            let dates = modified(files).filter(|_| every.is_none());
            Ok(by_order(dates, TimeSource::FileDate).unwrap_or_else(|| {
                let mut parts: Vec<SeriesFile> = files.iter().map(|file| (file.clone(), None)).collect();
                parts.sort_by(|(a, _), (b, _)| by_name(a, b));
                parts
            }))
        }
    }
}

fn sorted(files: &[PathBuf], times: &[Timestamp]) -> Vec<(PathBuf, Timestamp)> {
    let mut parts: Vec<(PathBuf, Timestamp)> = files.iter().cloned().zip(times.iter().copied()).collect();
    parts.sort_by(|(a, then), (b, now)| then.cmp(now).then_with(|| by_name(a, b)));
    parts
}

/// The times in the files' texts, if every file has one.
fn in_text(files: &[PathBuf], texts: &[Option<Stamp>]) -> Result<Option<Vec<Timestamp>>, ImportError> {
    let stamps: Option<Vec<Stamp>> = texts.iter().map(|text| text.filter(Stamp::has_date)).collect();
    let Some(stamps) = stamps else { return Ok(None) };
    let read = |order: DateOrder| stamps.iter().map(|stamp| stamp.at(order, None)).collect::<Option<Vec<Timestamp>>>();
    let [month, day] = DateOrder::ALL.map(read);
    let (Some(month), Some(day)) = (&month, &day) else { return Ok(month.or(day)) };
    let order = |times: &[Timestamp]| sorted(files, times).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    if order(month) == order(day) {
        return Ok(Some(month.clone()));
    }
    let what = "have dates that sort differently with the day first and with the month first";
    let help = "write dates as 2026-01-08, or judge each file by itself with --each";
    Err(ImportError::Times { name: name(files), what: what.to_owned(), help: help.to_owned() })
}

/// Checks that the times in the files' names are as far apart as those in their texts.
fn agree(parts: &[(PathBuf, Timestamp)], files: &[PathBuf], names: &[NameTime]) -> Result<(), ImportError> {
    let name_of = |path: &Path| files.iter().position(|file| file == path).and_then(|at| names.get(at));
    for pair in parts.windows(2) {
        let [(first, then), (second, now)] = pair else { continue };
        let (Some(before), Some(after)) = (name_of(first), name_of(second)) else { continue };
        let (text, named) = (now.duration_since(*then), after.at.duration_since(before.at));
        let most = SLACK.max(after.within) + text.abs() / 20;
        if (text - named).abs() > most {
            let side = if named.is_negative() { "before" } else { "after" };
            let what = format!(
                "was written {text:#} after {} by its text, but {:#} {side} it by its name",
                first.display(),
                named.abs()
            );
            let help = "rename the files, or remove the times from their text: poolgate cannot decide between the two";
            return Err(ImportError::Times { name: second.display().to_string(), what, help: help.to_owned() });
        }
    }
    Ok(())
}

/// Checks that files with times in their names are `every` apart.
fn every_agrees(parts: &[(PathBuf, Timestamp)], names: &[NameTime], every: Duration) -> Result<(), ImportError> {
    let every = SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX);
    let within = names.iter().map(|named| named.within).max().unwrap_or_default();
    let steps = parts.windows(2).map(|pair| pair[1].1.duration_since(pair[0].1));
    let (as_said, others): (Vec<_>, Vec<_>) = steps.partition(|step| (*step - every).abs() <= within.max(every / 4));
    let Some(step) = others.first().filter(|_| others.len() > as_said.len()) else { return Ok(()) };
    let named = parts.get(1).or(parts.first()).map(|(path, _)| path.display().to_string()).unwrap_or_default();
    let what = format!("is one of several files that are {step:#} apart by their names, but {every:#} by --every");
    Err(ImportError::Times { name: named, what, help: "leave out --every, or rename the files".to_owned() })
}

/// The times in the files' names, if every file has one and they are a second or more apart.
fn named(files: &[PathBuf]) -> Option<Vec<NameTime>> {
    let named = |file: &PathBuf| when::name(&file.file_name()?.to_string_lossy());
    let names: Vec<NameTime> = files.iter().map(named).collect::<Option<_>>()?;
    are_apart(names.iter().map(|named| named.at)).then_some(names)
}

/// The files' dates, if they are a second or more apart: copied or unpacked files have the time of the copy.
fn modified(files: &[PathBuf]) -> Option<Vec<Timestamp>> {
    let modified = |file: &PathBuf| Timestamp::try_from(fs_err::metadata(file).ok()?.modified().ok()?).ok();
    let times: Vec<Timestamp> = files.iter().map(modified).collect::<Option<_>>()?;
    are_apart(times.iter().copied()).then_some(times)
}

fn are_apart(times: impl Iterator<Item = Timestamp>) -> bool {
    let mut times: Vec<Timestamp> = times.collect();
    times.sort_unstable();
    times.windows(2).all(|pair| pair[1].duration_since(pair[0]) >= SignedDuration::from_secs(1))
}

/// Compares names with their numbers by value: `snap-2` before `snap-10`.
fn by_name(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.to_string_lossy(), b.to_string_lossy());
    parts(&a).cmp(&parts(&b)).then_with(|| a.cmp(&b))
}

/// Splits a name into pairs of text and number. A number is compared by its length before its digits.
fn parts(name: &str) -> Vec<(&str, usize, &str)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let (text, behind) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
        let (number, behind) = behind.split_at(behind.find(|c: char| !c.is_ascii_digit()).unwrap_or(behind.len()));
        let number = number.trim_start_matches('0');
        parts.push((text, number.len(), number));
        rest = behind;
    }
    parts
}

/// The name of a series: the parts that its files' names have in common, `poolsnap-*.log`.
pub(super) fn name(files: &[PathBuf]) -> String {
    let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let [first, others @ ..] = names.as_slice() else { return String::new() };
    let common =
        |a: &str, b: &str| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let shortest = |lengths: &mut dyn Iterator<Item = usize>| lengths.min().unwrap_or(first.len());
    let prefix: usize = shortest(&mut others.iter().map(|other| common(first, other)));
    let reversed = |name: &str| name.chars().rev().collect::<String>();
    let last = reversed(first);
    let suffix = shortest(&mut others.iter().map(|other| common(&last, &reversed(other)))).min(first.len() - prefix);
    // The digits next to the difference belong to the same number.
    let (prefix, suffix) =
        (first[..prefix].trim_end_matches(|c: char| c.is_ascii_digit()), &first[first.len() - suffix..]);
    format!("{prefix}*{}", suffix.trim_start_matches(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(names: &[&str]) -> Vec<PathBuf> {
        names.iter().map(PathBuf::from).collect()
    }

    fn order(names: &[&str], every: Option<Duration>) -> Vec<(String, bool)> {
        let ordered = ordered(&paths(names), &vec![None; names.len()], every).unwrap();
        ordered.into_iter().map(|(path, time)| (path.display().to_string(), time.is_some())).collect()
    }

    #[test]
    fn times_in_names_order_files() {
        let names = ["b-20261123-1000.log", "a-20261123-1200.log", "c-20261122-1200.log"];
        let expected = [names[2], names[0], names[1]].map(|name| (name.to_owned(), true));
        assert_eq!(order(&names, None), expected);
    }

    #[test]
    fn without_times_numbers_in_names_do() {
        let names = ["snap-10.log", "snap-9.log", "snap-011.log", "snap.log"];
        let expected = ["snap-9.log", "snap-10.log", "snap-011.log", "snap.log"].map(|name| (name.to_owned(), false));
        assert_eq!(order(&names, None), expected, "these files do not exist, so nothing says when they were written");
        let dated = ["snap-20261123.log", "snap-20261122.log"];
        let expected = [dated[1], dated[0]].map(|name| (name.to_owned(), false));
        assert_eq!(order(&dated, Some(Duration::from_secs(86_400))), expected, "the names agree with what is given");
        assert!(order(&["a-20261123.log", "b-20261123.log"], None).iter().all(|(_, timed)| !timed));
    }

    #[test]
    fn a_time_in_the_text_decides_and_the_name_must_agree() {
        let stamp = |text: &str| when::line(text.as_bytes());
        let ordered = |names: &[&str], texts: &[&str], every: Option<u64>| {
            let texts: Vec<_> = texts.iter().map(|text| stamp(text)).collect();
            let parts = ordered(&paths(names), &texts, every.map(Duration::from_secs));
            parts.map(|parts| parts.into_iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>())
        };
        let late_first = ["2026-01-08 17:00", "2026-01-08 15:00"];
        assert_eq!(ordered(&["a.log", "b.log"], &late_first, None).unwrap(), ["b.log", "a.log"]);
        let named = ["a-20260108-1702.log", "b-20260108-1501.log"];
        assert_eq!(ordered(&named, &late_first, None).unwrap(), [named[1], named[0]]);
        let wrong =
            ordered(&["a-20260108-1500.log", "b-20260108-1700.log"], &late_first, None).unwrap_err().to_string();
        assert!(wrong.contains("2h after b-20260108-1700.log by its text, but 2h before it by its name"), "{wrong}");
        let either = ["02/01/2026 15:00", "01/03/2026 15:00"];
        let wrong = ordered(&["a.log", "b.log"], &either, None).unwrap_err().to_string();
        assert!(wrong.contains("sort differently with the day first and with the month first"), "{wrong}");
        let wrong =
            ordered(&["s-20260108-1500.log", "s-20260108-1600.log"], &["", ""], Some(60)).unwrap_err().to_string();
        assert!(wrong.contains("1h apart by their names, but 1m by --every"), "{wrong}");
    }

    #[test]
    fn a_series_is_named_by_the_common_parts_of_its_file_names() {
        for (files, expected) in [
            (&["x/poolsnap-001.log", "x/poolsnap-012.log", "x/poolsnap-020.log"][..], "x/poolsnap-*.log"),
            (&["poolsnap-100.log", "poolsnap-1001.log"], "poolsnap-*.log"),
            (&["a.log", "b.log"], "*.log"),
            (&["é1.log", "é2.log"], "é*.log"),
            (&["aa.log", "aaa.log"], "aa*.log"),
            (&["same.log", "same.log"], "same.log*"),
        ] {
            assert_eq!(name(&paths(files)), expected, "{files:?}");
        }
    }
}
