//! The seal: every change to a closed recording is detected.

use std::time::Duration;

use poolgate::record::{Digest, Recording, Seal};
use sha2::{Digest as _, Sha256};

use crate::recordings::damage::small;
use crate::recordings::script::{Script, frame, frames, header, info, usage};

fn sealed(bytes: &[u8]) -> Seal {
    Recording::from_bytes(bytes.to_vec()).unwrap().sealed().clone()
}

/// Returns all bytes before the end, and the payload of the end.
fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = frames(bytes).pop().unwrap();
    (&bytes[..end.start], &bytes[end.start + 9..end.end - 4])
}

#[test]
fn the_seal_is_the_hash_that_finish_returns() {
    let mut script = Script::new();
    script.set(0, usage(1, 0, 16));
    script.sample(info(0));
    let path = script.folder.path().join("recording.pgr");
    let returned = script.recorder.finish(Duration::from_micros(300)).unwrap();
    let bytes = fs_err::read(&path).unwrap();
    let (before, end) = parts(&bytes);
    // 300 as a varint, then the hash.
    assert_eq!(end[..2], [0xac, 0x02]);
    let hash: [u8; 32] = Sha256::new().chain_update(before).chain_update([0xac, 0x02]).finalize().into();
    assert_eq!(end[2..], hash);
    assert_eq!(returned, Digest::from_hash(hash));
    assert_eq!(Recording::open(&path).unwrap().seal(), Some(&returned));
}

#[test]
fn a_recording_without_an_end_is_open() {
    let (bytes, _) = small();
    assert_eq!(sealed(parts(&bytes).0), Seal::Open);
}

#[test]
fn one_changed_byte_breaks_the_seal() {
    let (bytes, _) = small();
    let header = frames(&bytes)[0].end;
    for at in header..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        let seal = sealed(&changed);
        assert!(matches!(seal, Seal::Broken | Seal::Open), "byte {at}: {seal:?}");
    }
}

/// All checksums are right here, so only the seal shows the change.
#[test]
fn frames_that_are_left_out_changed_or_added_break_the_seal() {
    let (bytes, _) = small();
    let all = frames(&bytes);
    let (end, others) = all.split_last().unwrap();
    for lost in &others[1..] {
        assert_eq!(sealed(&[&bytes[..lost.start], &bytes[lost.end..]].concat()), Seal::Broken, "{lost:?}");
    }
    let added = frame(b'M', b"\x05{\"iteration\":7}");
    assert_eq!(sealed(&[&bytes[..end.start], &added, &bytes[end.start..]].concat()), Seal::Broken);
    assert_eq!(sealed(&[&bytes[..], &added].concat()), Seal::Broken);
    let mut later = parts(&bytes).1.to_vec();
    later[0] ^= 1;
    assert_eq!(sealed(&[&bytes[..end.start], &frame(b'E', &later)].concat()), Seal::Broken);
}

#[test]
fn an_end_whose_seal_was_taken_away_is_a_changed_file() {
    let (bytes, _) = small();
    let (before, payload) = parts(&bytes);
    let time = &payload[..payload.len() - 32];
    for end in [time, &payload[..payload.len() - 1], &[time, &[0; 32]].concat()] {
        assert_eq!(sealed(&[before, &frame(b'E', end)].concat()), Seal::Broken, "{} bytes", end.len());
    }
}

#[test]
fn a_file_of_an_early_version_has_no_seal() {
    let bytes = fs_err::read("tests/fixtures/recordings/v1.pgr").unwrap();
    assert_eq!(sealed(&bytes), Seal::None);
}

#[test]
fn a_recording_names_its_run_boot_and_scenario() {
    let scenario = Digest::hash(b"scenario: copy");
    let header = poolgate::record::Header { scenario_sha256: scenario.clone(), ..header() };
    let script = Script::of(&header);
    let recording = Recording::open(&script.folder.path().join("recording.pgr")).unwrap();
    let refused = |run: &str, scenario: &Digest, boot: Option<&str>| {
        let belongs = recording.belongs_to(run, scenario, boot).map_err(|error| error.to_string());
        belongs.map_err(|error| error.rsplit_once("recording.pgr ").unwrap().1.to_owned())
    };
    let run = "copy-20260102T030405Z-k3f9";
    assert_eq!(refused(run, &scenario, Some("boot 1")), Ok(()));
    assert_eq!(refused(run, &scenario, None), Ok(()));
    assert_eq!(refused(run, &Digest::default(), None), Ok(()));
    assert_eq!(
        refused("other", &scenario, None),
        Err("is of run copy-20260102T030405Z-k3f9, not of run other".to_owned())
    );
    let other = Digest::hash(b"scenario: other");
    assert_eq!(
        refused(run, &other, None),
        Err(format!("was recorded with another scenario (SHA-256 {scenario}, not {other})"))
    );
    assert_eq!(
        refused(run, &scenario, Some("boot 2")),
        Err("was recorded in boot boot 1, not in boot boot 2".to_owned())
    );
}
