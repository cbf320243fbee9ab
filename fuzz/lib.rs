//! What every importer promises of any bytes: an error which says what is wrong, or a recording which is whole.

use std::time::Duration;

use poolgate::import;
use poolgate::record::{Event, Recording};

mod checkpoint;
mod kernel_table;
mod recording;
mod scenario;
mod tag_list;

pub use checkpoint::checkpoint;
pub use kernel_table::{Table, kernel_table};
pub use poolgate::tags;
pub use recording::recording;
pub use scenario::scenario;
pub use tag_list::tag_list;

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
        Err(error) => printable(&error.to_string()),
    }
}

/// Text for a person: nothing in it acts on a terminal, whatever the file it is about holds.
fn printable(text: &str) {
    let acts = |c: char| c.is_control() && !"\n\t\r".contains(c);
    assert!(!text.contains(acts), "text of a file reaches a terminal: {text:?}");
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
