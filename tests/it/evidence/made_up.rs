//! Forged recordings: frames with correct checksums and contents without sense. Judging them ends, and a sealed
//! recording that is not complete is never held. The fuzz target `recording` runs the same for longer.

use poolgate::judge::{Verdict, judge, second_look};
use poolgate::record::{Recording, Seal};
use poolgate::scenario::parse;
use proptest::prelude::*;

use super::machine::{live, machine, noise};

const ALL: &str = "  - { tag: \"*\", max_rate: 0 B/iteration, max_growth: 1 KiB, max_bytes: 1 MiB }\n";

/// The kind and payload of each frame of a file.
fn frames(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        frames.push((bytes[at + 8], bytes[at + 9..at + 8 + length].to_vec()));
        at += 12 + length;
    }
    frames
}

fn file(frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    for (kind, payload) in frames {
        let begins = file.len();
        file.extend(b"\xf7PGR");
        file.extend((payload.len() as u32 + 1).to_le_bytes());
        file.push(*kind);
        file.extend(payload);
        let checksum = crc32c::crc32c(&file[begins..]);
        file.extend(checksum.to_le_bytes());
    }
    file
}

#[derive(Debug, Clone)]
enum Change {
    Byte(prop::sample::Index, prop::sample::Index, u8),
    Again(prop::sample::Index, prop::sample::Index),
    Without(prop::sample::Index),
}

fn any_change() -> impl Strategy<Value = Change> {
    let place = any::<prop::sample::Index>;
    prop_oneof![
        6 => (place(), place(), any::<u8>()).prop_map(|(frame, at, byte)| Change::Byte(frame, at, byte)),
        2 => (place(), place()).prop_map(|(from, to)| Change::Again(from, to)),
        1 => place().prop_map(Change::Without),
    ]
}

fn apply(change: &Change, frames: &mut Vec<(u8, Vec<u8>)>) {
    // The header stays, because nothing can be read without it.
    let body = frames.len() - 1;
    match change {
        Change::Byte(frame, at, byte) => {
            let (_, payload) = &mut frames[1 + frame.index(body)];
            let at = at.index(payload.len());
            payload[at] = *byte;
        }
        Change::Again(from, to) => {
            let again = frames[1 + from.index(body)].clone();
            frames.insert(1 + to.index(body), again);
        }
        Change::Without(frame) => {
            if body > 1 {
                frames.remove(1 + frame.index(body));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn judging_ends_for_any_frames(changes in proptest::collection::vec(any_change(), 1..12)) {
        thread_local! {
            static WHOLE: Vec<u8> = machine(40, ALL).tag("MyD1", |now| live(500.0 + noise(now.slot, 5))).recorded("").0;
        }
        let whole = WHOLE.with(Vec::clone);
        let mut frames = frames(&whole);
        changes.iter().for_each(|change| apply(change, &mut frames));
        let recording = Recording::from_bytes(file(&frames)).unwrap();
        for workload in ["iterations: 40", "duration: 1 h, count_lines: x"] {
            let text = format!("scenario: made-up\nworkload: {{ run: work, {workload} }}\nthresholds:\n{ALL}");
            let scenario = parse("made-up.yaml", text.as_bytes()).unwrap().scenario;
            let _ = second_look(&scenario, &recording, 7);
            if let Ok(judgement) = judge(&scenario, &recording) {
                let whole = matches!(recording.sealed(), Seal::Whole(_));
                prop_assert!(whole || judgement.verdict() != Verdict::Held);
            }
        }
    }
}
