//! Files that were cut off, changed, padded or forged: a reader returns only recorded values, and reports missing ones.

use std::ops::Range;
use std::time::Duration;

use poolgate::pool::{Key, Usage};
use poolgate::record::{Mark, RecordError, Recording, SampleInfo, Stage};
use proptest::prelude::*;

use crate::recordings::script::{Script, Told, frame, frames, info, key, told_by, usage};

/// A few samples and marks of every kind.
pub(crate) fn small() -> (Vec<u8>, Vec<Told>) {
    let mut script = Script::new();
    script.mark(Duration::ZERO, Mark::Stage(Stage::LeadIn));
    for second in 0..12 {
        script.set(0, usage(second, second / 2, 4096 * second));
        script.set(1, usage(1000, 0, 64));
        script.set(2, (second % 3 != 0).then_some(Usage { allocs: u64::MAX, frees: second, bytes: 0 }));
        if second > 5 {
            script.set(3, usage(5, 5, 0));
        }
        script.sample(SampleInfo { settled: second % 2 == 0, missed: (second % 4) as u32, ..info(second) });
        script.mark(Duration::from_secs(second), Mark::Iteration(second));
    }
    script.mark(Duration::from_secs(12), Mark::Gap { because: "the kernel said no".into() });
    script.finish(Duration::from_secs(13))
}

/// Ten minutes with a sample per second, with new keys on the way: long enough for three whole samples.
fn ten_minutes() -> (Vec<u8>, Vec<Told>) {
    let mut script = Script::new();
    for second in 0..600 {
        for row in 0..2 + second / 100 {
            script.set(row as usize, usage(second * row, second, row));
        }
        script.sample(info(second));
    }
    script.finish(Duration::from_secs(600))
}

fn without_damage(told: &[Told]) -> Vec<&Told> {
    told.iter().filter(|event| !matches!(event, Told::Damaged(_))).collect()
}

/// Returns whether `part` is `whole` with some events left out.
fn is_subsequence(part: &[&Told], whole: &[Told]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|event| whole.any(|other| other == *event))
}

#[test]
fn a_recording_cut_anywhere_still_opens() {
    let (bytes, truth) = small();
    let header = frames(&bytes)[0].end;
    for length in header..bytes.len() {
        let told = told_by(&bytes[..length]).unwrap();
        assert!(told.len() < truth.len() && truth.starts_with(&told), "cut at {length}: {told:?}");
    }
    assert_eq!(told_by(&bytes), Some(truth));
}

#[test]
fn a_recording_cut_within_its_header_is_an_error() {
    let (bytes, _) = small();
    for length in 0..frames(&bytes)[0].end {
        let error = Recording::from_bytes(bytes[..length].to_vec()).unwrap_err();
        assert!(matches!(error, RecordError::NoHeader { .. }), "cut at {length}: {error}");
    }
}

#[test]
fn a_tail_that_is_no_frame_is_ignored() {
    let (bytes, mut truth) = small();
    let frames = frames(&bytes);
    let end = &bytes[frames[frames.len() - 1].clone()];
    let unfinished = &bytes[..bytes.len() - end.len()];
    truth.pop();
    for tail in
        [&[0; 5000][..], &[0xff; 5000], b"\xf7PGR", &end[..end.len() - 1], &[b"\xf7PGR".as_slice(), &[0; 64]].concat()]
    {
        assert_eq!(told_by(&[unfinished, tail].concat()).as_ref(), Some(&truth), "{tail:?}");
    }
}

#[test]
fn one_flipped_bit_never_gives_a_wrong_number() {
    let (bytes, truth) = small();
    let frames = frames(&bytes);
    let (header, end) = (frames[0].end, frames[frames.len() - 1].start);
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Some(told) = told_by(&flipped) else {
            assert!(bit / 8 < header, "bit {bit} made it unreadable");
            continue;
        };
        assert!(bit / 8 >= header, "bit {bit} of the header was not seen");
        let rest = without_damage(&told);
        assert!(is_subsequence(&rest, &truth), "bit {bit}: {told:?}");
        // A damaged last frame looks like one that was cut off, and is ignored.
        if bit / 8 >= end {
            assert_eq!(told, truth[..truth.len() - 1], "bit {bit}");
        } else {
            assert!(told.len() > rest.len(), "bit {bit} was not reported: {told:?}");
        }
    }
}

#[test]
fn damage_costs_no_sample_beyond_the_next_whole_one() {
    let (bytes, truth) = ten_minutes();
    let frames = frames(&bytes);
    let body = frames[0].end..frames[frames.len() - 1].start;
    for at in body.step_by(37) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let told = told_by(&damaged).unwrap();
        let rest = without_damage(&told);
        assert!(is_subsequence(&rest, &truth), "byte {at}");
        assert!(told.len() > rest.len(), "byte {at} was not reported");
        assert!(rest.len() >= truth.len() - 256, "byte {at}: {} lost", truth.len() - rest.len());
    }
}

#[test]
fn a_frame_lost_without_trace_gives_no_wrong_number() {
    let (bytes, truth) = small();
    for lost in &frames(&bytes)[1..] {
        let told = told_by(&[&bytes[..lost.start], &bytes[lost.end..]].concat()).unwrap();
        assert!(is_subsequence(&without_damage(&told), &truth), "{lost:?}: {told:?}");
        assert!(told != truth, "{lost:?}");
    }
}

#[test]
fn samples_that_depend_on_a_lost_one_are_reported_as_damage() {
    let (bytes, _) = small();
    let frames = frames(&bytes);
    let whole = frames.iter().find(|frame| bytes[frame.start + 8] == b'W').unwrap();
    let changes: usize = frames.iter().filter(|frame| bytes[frame.start + 8] == b'C').map(Range::len).sum();
    let told = told_by(&[&bytes[..whole.start], &bytes[whole.end..]].concat()).unwrap();
    let damaged = told.iter().map(|event| if let Told::Damaged(bytes) = event { *bytes } else { 0 });
    assert_eq!(damaged.sum::<u64>(), changes as u64);
    assert!(!told.iter().any(|event| matches!(event, Told::Sample(..))));
}

/// No recorder writes such a sample, so this tests files from other programs.
#[test]
fn no_sample_depends_on_an_implausible_one() {
    let (bytes, truth) = small();
    let second = frames(&bytes).into_iter().find(|frame| bytes[frame.start + 8] == b'C').unwrap();
    // Number 1, at 0, nothing missed, no flags, three rows; row 1 absent, then half a change.
    let nonsense = frame(b'C', &[1, 0, 0, 0, 3, 2, 1]);
    let told = told_by(&[&bytes[..second.start], &nonsense, &bytes[second.start..]].concat()).unwrap();
    assert!(is_subsequence(&without_damage(&told), &truth), "{told:?}");
}

#[test]
fn a_key_has_one_row_and_a_row_one_key() {
    let (bytes, _) = small();
    let header = &bytes[frames(&bytes)[0].clone()];
    let key_frame = |row: u8, key: Key| frame(b'K', &[&[row], &serde_json::to_vec(&key).unwrap()[..]].concat());
    for other in [key_frame(1, key(0)), key_frame(0, key(1))] {
        let first = key_frame(0, key(0));
        let told = told_by(&[header, &first, &other].concat()).unwrap();
        assert_eq!(told, [Told::Damaged(other.len() as u64)]);
    }
}

#[test]
fn a_damaged_mark_costs_only_itself() {
    let (bytes, mut truth) = small();
    let mark = frames(&bytes).into_iter().rfind(|frame| bytes[frame.start + 8] == b'M').unwrap();
    let mut damaged = bytes.clone();
    damaged[mark.end - 1] ^= 1;
    let last = truth.len() - 2;
    truth[last] = Told::Damaged(mark.len() as u64);
    assert_eq!(told_by(&damaged), Some(truth));
}

#[test]
fn additions_of_a_later_version_are_skipped() {
    let (bytes, truth) = small();
    let header = frames(&bytes)[0].end;
    let later = [frame(b'Z', b"news"), frame(b'M', b"\x05{\"driver_crashed\":7}")].concat();
    assert_eq!(told_by(&[&bytes[..header], &later, &bytes[header..]].concat()), Some(truth));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>) {
        told_by(&bytes);
        told_by(&[b"\xf7PGR".to_vec(), bytes].concat());
    }

    /// The frames are whole, so that the damage reaches the code that reads their payloads.
    #[test]
    fn no_payloads_make_a_reader_panic(
        payloads in proptest::collection::vec(("[HKWCME?]", proptest::collection::vec(any::<u8>(), 0..40)), 0..20),
        small_numbers in any::<bool>(),
        repeat in 0..frames(&small().0).len(),
    ) {
        let (bytes, _) = small();
        let frames = frames(&bytes);
        let mut hostile = bytes[..frames[repeat].end].to_vec();
        for (kind, mut payload) in payloads {
            if small_numbers {
                payload.iter_mut().for_each(|byte| *byte %= 16);
            }
            hostile.extend(frame(kind.as_bytes()[0], &payload));
            hostile.extend(&bytes[frames[repeat].clone()]);
        }
        told_by(&hostile);
    }

    #[test]
    fn many_changed_bytes_give_no_wrong_sample(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)
    ) {
        let (mut bytes, truth) = small();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(told) = told_by(&bytes) {
            prop_assert!(is_subsequence(&without_damage(&told), &truth));
        }
    }
}
