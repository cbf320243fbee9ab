//! Recordings.

use std::sync::LazyLock;

use poolgate::judge::{Verdict, judge, second_look};
use poolgate::record::{Event, Recording, Seal};
use poolgate::scenario::{Scenario, parse};

const HEADER: &[u8] = br#"{"format":"poolgate recording","version":1,"recording":{"scenario":"s","run":"r","started":"2026-01-02T03:04:05Z","boot":"b","source":"fuzz","program":"0"}}"#;
const SEALED: &[u8] = br#"{"format":"poolgate recording","version":1,"sealed":true,"recording":{"scenario":"s","run":"r","started":"2026-01-02T03:04:05Z","boot":"b","source":"fuzz","program":"0"}}"#;
const KINDS: &[u8] = b"KWCMEHZ";
/// Parsed once, and not for each input.
static SCENARIOS: LazyLock<[Scenario; 2]> =
    LazyLock::new(|| ["iterations: 40", "duration: 1 h, count_lines: x"].map(scenario));

/// Reads bytes as a recording, and as frames with correct checksums, so that the reader of payloads is reached.
///
/// # Panics
/// When a damaged or changed recording is held.
pub fn recording(bytes: &[u8]) {
    read(bytes.to_vec());
    read([frame(b'H', HEADER), frames(bytes)].concat());
    read([frame(b'H', SEALED), frames(bytes)].concat());
}

/// Each frame is one byte for its kind, one for its length, and its payload.
fn frames(mut bytes: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    while let [kind, length, rest @ ..] = bytes {
        let (payload, behind) = rest.split_at(rest.len().min(usize::from(*length)));
        frames.extend(frame(KINDS[usize::from(*kind) % KINDS.len()], payload));
        bytes = behind;
    }
    frames
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = b"\xf7PGR".to_vec();
    frame.extend((payload.len() as u32 + 1).to_le_bytes());
    frame.push(kind);
    frame.extend(payload);
    frame.extend(crc32c::crc32c(&frame).to_le_bytes());
    frame
}

fn scenario(workload: &str) -> Scenario {
    let text = format!(
        "scenario: fuzz\nworkload: {{ run: work, {workload} }}\nteardown: [{{ run: work }}]\nthresholds:\n\
         - {{ tag: \"*\", max_rate: 0 B/h, max_growth: 1 KiB, max_bytes: 1 MiB, after_teardown: 1 KiB }}\n\
         - {{ tag: \"MyD?\", max_rate: 0 objects/iteration }}\n- {{ total: nonpaged, max_rate: 0 B/iteration }}\n"
    );
    parse("fuzz.yaml", text.as_bytes()).expect("a scenario").scenario
}

fn read(bytes: Vec<u8>) {
    let recording = match Recording::from_bytes(bytes) {
        Ok(recording) => recording,
        Err(error) => return super::printable(&error.to_string()),
    };
    let mut damaged = false;
    let mut events = recording.events();
    while let Some(event) = events.next() {
        damaged |= matches!(event, Event::Damaged { .. });
    }
    for scenario in &*SCENARIOS {
        let _ = second_look(scenario, &recording, 7);
        let Ok(judgement) = judge(scenario, &recording) else { continue };
        let sound = !damaged && *recording.sealed() != Seal::Broken;
        assert!(sound || judgement.verdict() != Verdict::Held, "held, though it was damaged or changed");
    }
}
