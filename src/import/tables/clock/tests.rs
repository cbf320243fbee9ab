//! Tests of times from stamps, from `--every`, and without any source.

use super::*;
use crate::import::when;

fn add_table(clock: &mut TableClock, stamp: Option<Stamp>) -> Result<Option<f64>, String> {
    let stamp = stamp.map(|stamp| (stamp, TimeSource::Text));
    let known = clock.table(TableStart { stamp, ..TableStart::default() }).map_err(|wrong| wrong.what)?;
    Ok(known.then(|| clock.at().as_secs_f64()))
}

fn at(clock: &mut TableClock, seconds_at: Option<i64>) -> Option<f64> {
    add_table(clock, seconds_at.map(|seconds| Timestamp::from_second(seconds).unwrap().into())).unwrap()
}

/// The times of tables with these stamps, or the error.
fn times(stamps: &[&str], every: Option<u64>) -> Result<(Vec<u64>, String), String> {
    let mut clock = TableClock::new(every.map(Duration::from_secs));
    let mut all = Vec::new();
    for stamp in stamps {
        all.push(add_table(&mut clock, when::line(stamp.as_bytes()))?.unwrap() as u64);
    }
    let (times, _) = clock.finish().map_err(|(_, wrong)| wrong.what)?;
    if let Some((from, corrected)) = times.corrected {
        all.splice(from as usize.., corrected.iter().map(Duration::as_secs));
    }
    Ok((all, times.started.unwrap_or_default().to_string()))
}

#[test]
fn tables_have_their_stamps_or_follow_at_the_usual_interval() {
    let mut clock = TableClock::new(None);
    clock.usual(Some(Duration::from_secs(5)));
    let times = [Some(1000), Some(1060), Some(1060), None, Some(1100)];
    let read: Vec<f64> = times.into_iter().map(|stamp| at(&mut clock, stamp).unwrap()).collect();
    assert_eq!(read, [0.0, 60.0, 60.000001, 65.000001, 100.000001]);
    assert_eq!(clock.note("x"), None);
    assert_eq!(clock.finish().unwrap().0.sources, [TimeSource::Text, TimeSource::Assumed]);
}

#[test]
fn a_clock_that_is_set_back_costs_one_interval() {
    let mut clock = TableClock::new(Some(Duration::from_secs(60)));
    let read: Vec<f64> = [7200, 7260, 3720, 3780].map(|stamp| at(&mut clock, Some(stamp)).unwrap()).to_vec();
    assert_eq!(read, [0.0, 60.0, 120.0, 180.0]);
    assert!(clock.note("x").is_some_and(|note| note.contains("set back 1 time;")));
}

#[test]
fn without_any_time_nothing_is_made_up() {
    let mut clock = TableClock::new(None);
    assert_eq!(at(&mut clock, None), Some(0.0));
    assert_eq!(at(&mut clock, None), None);
    let mut clock = TableClock::new(None);
    clock.usual(Some(Duration::from_secs(5)));
    assert_eq!(at(&mut clock, None), Some(0.0));
    assert!(
        !clock.table(TableStart { apart: true, ..TableStart::default() }).unwrap(),
        "something stands between the two"
    );
    assert_eq!(clock.finish().unwrap().0.sources, [TimeSource::Unknown]);
    // In a log that was cut at its beginning, the first table lacks its time.
    let mut clock = TableClock::new(None);
    clock.usual(Some(Duration::from_secs(5)));
    assert_eq!([None, Some(1000), Some(1060)].map(|stamp| at(&mut clock, stamp)), [Some(0.0), None, Some(61.0)]);
    // Times that go back once do not give an interval between tables.
    let mut clock = TableClock::new(None);
    assert_eq!([7200, 3600].map(|stamp| at(&mut clock, Some(stamp))), [Some(0.0), None]);
}

#[test]
fn the_order_of_day_and_month_is_read_from_the_whole_log() {
    let both = |stamps: &[&str]| times(stamps, None);
    let (day, january) = (86_400, "2026-01-12T15:00:00Z".to_owned());
    let days = ["12/01/2026 15:00", "13/01/2026 15:00"];
    assert_eq!(both(&days), Ok((vec![0, day], january.clone())), "there is no month 13");
    let late = ["12/01/2026 15:00", "12/01/2026 16:00", "01/02/2026 15:00", "13/02/2026 15:00"];
    assert_eq!(both(&late), Ok((vec![0, 3600, 20 * day, 32 * day], january)));
    let falling = ["10/02/2026 15:00", "11/01/2026 15:00"];
    assert_eq!(both(&falling).map(|(times, _)| times), Ok(vec![0, 30 * day]), "times rise with the month first");
    let midnight = ["01/08/2026 23:40", "01/08/2026 23:50", "01/09/2026 00:00", "01/09/2026 00:10"];
    assert_eq!(both(&midnight), Ok((vec![0, 600, 1200, 1800], "2026-01-08T23:40:00Z".to_owned())));
    let same = ["01/08/2026 15:04", "01/08/2026 17:04"];
    assert_eq!(both(&same).map(|(times, _)| times), Ok(vec![0, 7200]));
}

#[test]
fn an_ambiguous_date_is_refused_with_both_readings() {
    let daily = ["01/08/2026 15:00", "01/09/2026 15:00"];
    let what = times(&daily, None).unwrap_err();
    for reading in
        ["2026-01-09 (month first; the last table is 24h after", "2026-09-01 (day first; the last table is 744h after"]
    {
        assert!(what.contains(reading), "{what}");
    }
    assert_eq!(times(&daily, Some(86_400)).map(|(times, _)| times), Ok(vec![0, 86_400]));
    assert_eq!(times(&daily, Some(31 * 86_400)).map(|(times, _)| times), Ok(vec![0, 31 * 86_400]));
    let neither = times(&["13/01/2026 15:00", "01/13/2026 16:00"], None).unwrap_err();
    assert!(neither.contains("contradicts the dates before it"), "{neither}");
}

#[test]
fn the_given_interval_must_not_contradict_the_text() {
    let stamps = ["2026-01-08 15:00:00", "2026-01-08 15:10:02", "2026-01-08 15:20:04"];
    assert_eq!(times(&stamps, Some(600)).map(|(times, _)| times), Ok(vec![0, 602, 1204]), "the text is more exact");
    let what = times(&stamps, Some(1800)).unwrap_err();
    assert!(what.contains("10m 2s after the previous one by the times in the text, but 30m by --every"), "{what}");
}

#[test]
fn local_time_is_not_compared_with_that_of_a_zone() {
    let what = times(&["2026-01-08 15:00:00", "2026-01-08T15:00:00Z"], None).unwrap_err();
    assert!(what.contains("a time in UTC") && what.contains("an unknown zone"), "{what}");
}

#[test]
fn times_of_day_go_on_at_midnight() {
    let mut clock = TableClock::new(None);
    let read =
        ["23:50:00", "The current time is: 0:10:00.00"].map(|text| add_table(&mut clock, when::line(text.as_bytes())));
    assert_eq!(read, [Ok(Some(0.0)), Ok(Some(1200.0))]);
    let (times, _) = clock.finish().unwrap();
    assert_eq!((times.sources, times.started), (vec![TimeSource::TextTimeOfDay], None));
}
