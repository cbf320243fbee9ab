//! What every importer promises of any bytes: an error which says what is wrong, or a recording which is whole.
//!
//! The layers which are fuzzed are built from their sources, without those above: poolgate as a whole has ten times as many
//! dependencies, and CI would build all of them once more.

use std::time::Duration;

use self::record::{Event, Recording};

#[path = "../src/import/mod.rs"]
#[allow(dead_code, reason = "not all of it is fuzzed")]
mod import;
#[path = "../src/pool/mod.rs"]
#[allow(dead_code, unused_imports, reason = "not all of it is fuzzed")]
mod pool;
#[path = "../src/record/mod.rs"]
#[allow(dead_code, unused_imports, reason = "not all of it is fuzzed")]
mod record;

#[path = "../src/tags/mod.rs"]
pub mod tags;

/// Reads `bytes` behind `beginning`, which says what they are.
///
/// # Panics
/// When a promise is broken.
pub fn read(beginning: &[u8], bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let to = folder.path().join("imported.pgr");
    let every = Some(Duration::from_secs(5));
    match import::write(&[beginning, bytes].concat()[..], "fuzz.log", every, &to) {
        Ok(_) => whole(&Recording::open(&to).expect("what was written opens")),
        Err(error) => assert!(!error.to_string().contains('\x1b'), "text of a file reaches a terminal: {error}"),
    }
}

/// Its samples are in the order of time, and it has an end.
fn whole(recording: &Recording) {
    let mut events = recording.events();
    let (mut last, mut ended) = (None, false);
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, .. } => {
                assert!(last.is_none_or(|last| last < info.at), "{last:?} comes before {:?}", info.at);
                last = Some(info.at);
            }
            Event::Mark { .. } => {}
            Event::Damaged { bytes } => panic!("{bytes} damaged bytes"),
            Event::End { .. } => ended = true,
        }
    }
    assert!(ended, "no end");
}
