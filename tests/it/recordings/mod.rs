//! Recorded values are read back unchanged, and damage is never mistaken for a measurement.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod script;
mod sealed;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use poolgate::pool::{Counters, Key, Pool, Snapshot, Usage};
use poolgate::record::{Header, Mark, RecordError, Recorder, Recording, SampleInfo, Stage};
use proptest::prelude::*;

use script::{Script, Told, frames, header, info, key, told, told_by, usage};

#[derive(Debug, Clone)]
enum Step {
    Set(usize, Option<Usage>),
    Sample(SampleInfo),
    Mark(Duration, Mark),
}

fn any_step() -> impl Strategy<Value = Step> {
    let count = || prop_oneof![0..5u64, any::<u64>(), Just(u64::MAX)];
    let time = || any::<u64>().prop_map(Duration::from_micros);
    let usage = (count(), count(), count()).prop_map(|(allocs, frees, bytes)| Usage { allocs, frees, bytes });
    prop_oneof![
        4 => (0..12usize, proptest::option::of(usage)).prop_map(|(row, usage)| Step::Set(row, usage)),
        2 => (time(), any::<bool>(), any::<u32>())
            .prop_map(|(at, settled, missed)| Step::Sample(SampleInfo { at, settled, missed })),
        1 => (time(), any::<u64>()).prop_map(|(at, done)| Step::Mark(at, Mark::Iteration(done))),
        1 => (time(), any::<String>()).prop_map(|(at, because)| Step::Mark(at, Mark::Gap { because })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn recorded_data_is_read_back(steps in proptest::collection::vec(any_step(), 0..60), rounds in 1..30) {
        let mut script = Script::new();
        for step in (0..rounds).flat_map(|_| steps.clone()) {
            match step {
                Step::Set(row, usage) => script.set(row, usage),
                Step::Sample(info) => script.sample(info),
                Step::Mark(at, mark) => script.mark(at, mark),
            }
        }
        let (bytes, truth) = script.finish(Duration::from_secs(1));
        let recording = Recording::from_bytes(bytes).unwrap();
        prop_assert_eq!(recording.header(), &header());
        prop_assert_eq!(told(&recording), truth);
    }

}

/// The contents of `fixtures/recordings/v1.pgr`. The file never changes, because recordings of format 1 exist on other
/// machines.
fn version_1() -> (Header, Vec<Told>) {
    let header = Header { source: "linux slabinfo".into(), ..header() };
    let cache =
        |name: &str, reclaimable| Key { reclaimable, ..Key::new(name.parse().unwrap(), Pool::Slab, Counters::InUse) };
    let (dentry, tcp) = (cache("dentry", true), cache("TCPv6", false));
    let driver = Key::new("My\\xf4D".parse().unwrap(), Pool::Nonpaged, Counters::Wrapping32);
    let sample = |millis, settled, missed, rows| {
        Told::Sample(SampleInfo { at: Duration::from_millis(millis), settled, missed }, rows)
    };
    let mark = |millis, mark| Told::Mark(Duration::from_millis(millis), mark);
    let told = vec![
        mark(0, Mark::Stage(Stage::LeadIn)),
        sample(1, true, 0, vec![(dentry.clone(), usage(1000, 0, 192_000)), (tcp.clone(), usage(0, 0, 0))]),
        mark(2, Mark::Stage(Stage::Workload)),
        sample(1001, false, 0, vec![(dentry.clone(), usage(1021, 0, 196_032)), (tcp.clone(), None)]),
        mark(1500, Mark::Iteration(1)),
        mark(2001, Mark::Gap { because: "slabinfo: line 7 is cut off".into() }),
        mark(2002, Mark::Stage(Stage::CoolDown)),
        sample(
            5001,
            true,
            3,
            vec![
                (dentry.clone(), usage(1021, 0, 196_032)),
                (tcp.clone(), usage(2, 0, 5120)),
                (driver.clone(), usage(3, 0xffff_fffe, u64::MAX)),
            ],
        ),
        mark(5002, Mark::Stage(Stage::Teardown)),
        sample(6001, true, 0, vec![(dentry, usage(990, 0, 190_080)), (tcp, usage(2, 0, 5120)), (driver, None)]),
        Told::End(Duration::from_millis(6002)),
    ];
    (header, told)
}

#[test]
fn version_1_is_readable_for_ever() {
    let recording = Recording::open(Path::new("tests/fixtures/recordings/v1.pgr")).unwrap();
    let (header, truth) = version_1();
    assert_eq!(recording.header(), &header);
    assert_eq!(told(&recording), truth);
}

#[test]
fn a_file_that_is_no_recording_is_named_as_such() {
    for bytes in [&b"\x7fELF"[..], b"Memory: 8269344K Avail", &[0; 100]] {
        let error = Recording::from_bytes(bytes.to_vec()).unwrap_err();
        assert_eq!(error.to_string(), "the data is not a poolgate recording");
    }
    let error = Recording::open(Path::new("no/such.pgr")).unwrap_err();
    assert!(error.to_string().contains("no/such.pgr"), "{error}");
}

#[test]
fn a_recording_is_never_overwritten() {
    let script = Script::new();
    let error = Recorder::create(&script.folder.path().join("recording.pgr"), &header()).unwrap_err();
    assert!(matches!(&error, RecordError::Io(error) if error.kind() == std::io::ErrorKind::AlreadyExists), "{error}");
}

#[test]
fn a_recorder_dropped_leaves_a_recording_without_an_end() {
    let mut script = Script::new();
    script.set(0, usage(1, 0, 16));
    script.sample(info(0));
    drop(script.recorder);
    let recording = Recording::open(&script.folder.path().join("recording.pgr")).unwrap();
    assert_eq!(told(&recording), script.truth);
}

#[test]
fn another_snapshot_is_refused_and_the_recording_goes_on() {
    let mut script = Script::new();
    script.set(0, usage(1, 0, 16));
    script.set(1, usage(2, 0, 32));
    script.sample(info(0));

    let mut shorter = Snapshot::new();
    shorter.row(key(0));
    let mut swapped = Snapshot::new();
    swapped.row(key(1));
    swapped.row(key(0));
    for other in [shorter, swapped] {
        let error = script.recorder.sample(info(1), &other).unwrap_err();
        assert!(matches!(error, RecordError::OtherSnapshot { recorded: 2, .. }), "{error}");
    }

    script.sample(info(2));
    let (bytes, truth) = script.finish(Duration::from_secs(3));
    assert_eq!(told_by(&bytes), Some(truth));
}

#[test]
fn a_sample_takes_no_memory_from_the_heap() {
    let mut script = Script::new();
    for second in 0..600 {
        for row in 0..500 {
            script.set(row, usage(second, row as u64, second * row as u64));
        }
        script.recorder.sample(info(second), &script.snapshot).unwrap();
    }
    let rows: Vec<_> = (0..500).map(|row| script.snapshot.row(key(row))).collect();
    let taken = allocation_counter::measure(|| {
        for second in 600..1200 {
            for (number, row) in rows.iter().enumerate() {
                script.snapshot.set(*row, usage(second, number as u64, second * number as u64));
            }
            script.recorder.sample(info(second), &script.snapshot).unwrap();
            script.recorder.mark(Duration::from_secs(second), &Mark::Iteration(second)).unwrap();
        }
        script.recorder.sync().unwrap();
    });
    assert_eq!(taken.count_total, 0);
}

/// An hour of 4,000 tags with a sample per second; one tag in twenty changes per sample: 14.4 million usages.
#[test]
fn an_hour_of_four_thousand_tags_fits_into_eight_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording.pgr");
    let mut recorder = Recorder::create(&path, &header()).unwrap();
    let mut snapshot = Snapshot::new();
    let rows: Vec<_> = (0..4000).map(|row| snapshot.row(key(row))).collect();
    let mut usages: Vec<_> =
        (0..4000).map(|row| Usage { allocs: 977 * row, frees: 976 * row, bytes: 64 * row }).collect();
    for second in 0..3600 {
        for (number, (row, usage)) in (0u64..).zip(rows.iter().zip(&mut usages)) {
            if (number * 7 + second).is_multiple_of(20) {
                let churn = number * 31 % 300;
                usage.allocs += churn + second % 3;
                usage.frees += churn;
                usage.bytes += second % 3 * 96;
            }
            snapshot.set(*row, Some(*usage));
        }
        recorder.sample(info(second), &snapshot).unwrap();
    }
    recorder.finish(Duration::from_secs(3600)).unwrap();
    let bytes = fs_err::read(&path).unwrap();
    let of =
        |kind: u8| frames(&bytes).iter().filter(|frame| bytes[frame.start + 8] == kind).map(Range::len).sum::<usize>();
    println!("{} bytes: keys {}, whole samples {}, changes {}", bytes.len(), of(b'K'), of(b'W'), of(b'C'));
    assert!(bytes.len() < 8_000_000, "{} bytes", bytes.len());
}
