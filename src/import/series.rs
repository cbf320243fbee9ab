//! Files which are one series: in which order they were written, and when.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::when;

/// The files in the order of time, each with its time. Where they are `every` so far apart, or nothing else says when they
/// were written, their order is that of their names, numbers in them counted as such.
pub(super) fn ordered(files: &[PathBuf], every: Option<Duration>) -> Vec<(PathBuf, Option<Timestamp>)> {
    let times = match every {
        Some(_) => None,
        None => tell_apart(files, named).or_else(|| tell_apart(files, modified)),
    };
    let mut ordered: Vec<(PathBuf, Option<Timestamp>)> = match times {
        Some(times) => files.iter().cloned().zip(times.into_iter().map(Some)).collect(),
        None => files.iter().cloned().map(|file| (file, None)).collect(),
    };
    ordered.sort_by(|(a, then), (b, now)| then.cmp(now).then_with(|| by_name(a, b)));
    ordered
}

/// The times of all files, if all have one and they are apart: files which were copied or unpacked have those of the copy.
fn tell_apart(files: &[PathBuf], time: impl Fn(&Path) -> Option<Timestamp>) -> Option<Vec<Timestamp>> {
    let times: Vec<Timestamp> = files.iter().map(|file| time(file)).collect::<Option<_>>()?;
    let mut sorted = times.clone();
    sorted.sort_unstable();
    let apart = sorted.windows(2).all(|pair| pair[1].duration_since(pair[0]) >= SignedDuration::from_secs(1));
    apart.then_some(times)
}

fn named(file: &Path) -> Option<Timestamp> {
    when::name(&file.file_name()?.to_string_lossy())
}

fn modified(file: &Path) -> Option<Timestamp> {
    Timestamp::try_from(fs_err::metadata(file).ok()?.modified().ok()?).ok()
}

/// Names in the order which people mean: `snap-2` before `snap-10`.
fn by_name(a: &Path, b: &Path) -> Ordering {
    let (a, b) = (a.to_string_lossy(), b.to_string_lossy());
    parts(&a).cmp(&parts(&b)).then_with(|| a.cmp(&b))
}

/// The parts of a name: what is not digits, then a number, which is ordered by its length before its digits.
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

/// What a series is called: what its files' names have in common, `poolsnap-*.log`.
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
    // The digits in which they differ are all of a number.
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
        let ordered = ordered(&paths(names), every).into_iter();
        ordered.map(|(path, time)| (path.display().to_string(), time.is_some())).collect()
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
        assert_eq!(order(&dated, Some(Duration::from_secs(60))), expected, "the distance given is what counts");
        assert!(order(&["a-20261123.log", "b-20261123.log"], None).iter().all(|(_, timed)| !timed));
    }

    #[test]
    fn a_series_is_called_by_what_its_files_have_in_common() {
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
