//! A recording written as CSV and read again.

use std::time::Duration;

use jiff::Timestamp;
use poolgate::pool::{Counters, Key, Pool, Snapshot, Tag, Usage};
use poolgate::record::{Header, Mark, Recorder, Recording, SampleInfo, Stage, Unwritten, write_csv};

use super::{imported, story};

/// A recording with every kind of row, through all stages.
fn recording() -> Recording {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.pgr");
    let header = Header::new("test", "test", "test");
    let mut recorder = Recorder::create(&path, &header).unwrap();
    let mut snapshot = Snapshot::new();
    let key = |tag: &str, pool, counters| Key::new(tag.parse().unwrap(), pool, counters);
    let keys = [
        key("MyD1", Pool::Nonpaged, Counters::Wrapping32),
        key("MyD1", Pool::Paged, Counters::Full64),
        Key { session: Some(2), ..key("MyD1", Pool::Paged, Counters::Full64) },
        key(" CM", Pool::Paged, Counters::Wrapping32),
        Key { tag: Tag::from_pool_tag(*b"\"<,\0"), ..key("x", Pool::Paged, Counters::Wrapping32) },
        key("dentry", Pool::Slab, Counters::InUse),
        Key { reclaimable: true, ..key("inode_cache", Pool::Slab, Counters::InUse) },
        key("dentry", Pool::Slabs, Counters::BytesOnly),
        key("mm/slub.c:9", Pool::Callsite, Counters::InUse),
        key("nonpaged", Pool::Kernel, Counters::InUse),
        key("Byte", Pool::Unknown, Counters::BytesOnly),
    ];
    let rows = keys.map(|key| snapshot.row(key));
    let mut at = 0;
    for (stage, samples) in
        [(Stage::LeadIn, 3), (Stage::Workload, 8), (Stage::CoolDown, 4), (Stage::SecondLook, 2), (Stage::Teardown, 1)]
    {
        recorder.mark(Duration::from_micros(at * 500_001), &Mark::Stage(stage)).unwrap();
        for sample in 0..samples {
            if stage == Stage::Workload {
                recorder.mark(Duration::from_micros(at * 500_001), &Mark::Iteration(sample)).unwrap();
            }
            for (number, row) in rows.into_iter().enumerate() {
                let allocs = (at * 3 + number as u64) * u64::from(!matches!(number, 7 | 10));
                let frees = if number < 5 { at } else { 0 };
                let usage = Usage { allocs, frees, bytes: allocs * 64 + at };
                // A tag that is absent for a while.
                snapshot.set(row, Some(usage).filter(|_| number != 3 || at > 5));
            }
            let info = SampleInfo { at: Duration::from_micros(at * 500_001), settled: at % 3 != 1, missed: 0 };
            recorder.sample(info, &snapshot).unwrap();
            at += 1;
        }
    }
    recorder.finish(Duration::from_micros((at - 1) * 500_001)).unwrap();
    Recording::open(&path).unwrap()
}

#[test]
fn with_stages_a_recording_is_the_same_again() {
    let recording = recording();
    let mut written = Vec::new();
    assert_eq!(write_csv(&recording, &mut written, true).unwrap(), Unwritten::default());
    assert_eq!(by_name(&story(&imported(&written))), by_name(&story(&recording)));
}

/// A story with the tags of each sample in order of name, because absent ones return at another place.
fn by_name(story: &str) -> Vec<Vec<&str>> {
    let mut parts: Vec<Vec<&str>> = Vec::new();
    for line in story.lines() {
        match parts.last_mut() {
            Some(part) if line.starts_with("  ") => part.push(line),
            _ => parts.push(vec![line]),
        }
    }
    parts.iter_mut().for_each(|part| part[1..].sort_unstable());
    parts
}

#[test]
fn without_stages_the_file_has_the_seven_columns_and_no_sample_after_the_first_look() {
    let mut written = Vec::new();
    let unwritten = write_csv(&recording(), &mut written, false).unwrap();
    assert_eq!(unwritten, Unwritten { teardown: 1, ..Unwritten::default() });
    let text = String::from_utf8(written).unwrap();
    assert!(text.starts_with("t_seconds,iteration,tag,pool,allocs,frees,bytes\n0.000000,,MyD1,Nonp,0,0,0\n"), "{text}");
    assert!(text.contains("\"\"\"<,\\x00\",Paged,"), "{text}");
    let story = story(&imported(text.as_bytes()));
    assert_eq!((story.matches("settled").count(), story.matches("workload").count()), (15, 1), "{story}");
}

#[test]
fn marks_that_a_csv_file_cannot_hold_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.pgr");
    let header = Header { started: Timestamp::UNIX_EPOCH, ..recording().header().clone() };
    let mut recorder = Recorder::create(&path, &header).unwrap();
    recorder.mark(Duration::ZERO, &Mark::Gap { because: "no memory".to_owned() }).unwrap();
    recorder.sample(SampleInfo { at: Duration::ZERO, settled: true, missed: 7 }, &Snapshot::new()).unwrap();
    let unwritten = |path| write_csv(&Recording::open(path).unwrap(), Vec::new(), false).unwrap();
    recorder.sync().unwrap();
    let missing = Unwritten { gaps: 1, missed: 7, ..Unwritten::default() };
    assert_eq!(unwritten(&path), Unwritten { unfinished: true, ..missing });
    recorder.finish(Duration::ZERO).unwrap();
    assert_eq!(unwritten(&path), missing);
    fs_err::write(&path, [fs_err::read(&path).unwrap().as_slice(), b"more"].concat()).unwrap();
    assert_eq!(unwritten(&path), Unwritten { changed: true, ..missing });
}
