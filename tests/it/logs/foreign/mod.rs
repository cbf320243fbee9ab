//! Logs of other programs: PoolMon's text in every variant, WinDbg's !poolused, poolmon-powershell's CSV.

mod linux;
mod memory;
mod mutated;
mod paste;
mod refused;
mod samples;
mod series;
mod text;
mod times;
mod totals;
mod unread;
mod verdicts;
mod verifier;
mod writer;
mod written;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use poolgate::failure::help;
use poolgate::import::{self, Imported};
use poolgate::pool::{Key, Pool, Usage};
use poolgate::record::{Event, Recording};

use super::file;

/// The rows of each sample of a recording, with its time.
type Samples = Vec<(Duration, BTreeMap<Key, Usage>)>;

fn samples(recording: &Recording) -> Samples {
    let mut samples = all_rows(recording);
    samples.iter_mut().for_each(|(_, rows)| rows.retain(|key, _| key.pool != Pool::Kernel));
    samples
}

/// The samples with the rows of pool `kernel`.
fn all_rows(recording: &Recording) -> Samples {
    let mut samples = Vec::new();
    let mut events = recording.events();
    while let Some(event) = events.next() {
        if let Event::Sample { info, snapshot } = event {
            let rows = snapshot.present();
            samples.push((info.at, rows.map(|(key, usage)| (key.clone(), usage)).collect()));
        }
    }
    samples
}

/// Reads a log of these bytes.
fn read(bytes: &[u8], every: Option<Duration>) -> Result<Imported, import::ImportError> {
    let folder = tempfile::tempdir().unwrap();
    import::read(&file(&folder, "some.log", bytes), every)
}

/// The error of a log, without its folder, and the advice.
#[track_caller]
fn wrong(bytes: &[u8]) -> (String, String) {
    let error = read(bytes, None).unwrap_err();
    let said = error.to_string();
    (said[said.find("some.log").unwrap()..].to_owned(), help(&error).unwrap_or_default())
}

/// The notes about a log.
#[track_caller]
fn notes(bytes: &[u8]) -> Vec<String> {
    let strip = |note: String| note[note.find("some.log").unwrap_or(0)..].to_owned();
    read(bytes, None).unwrap().notes.into_iter().map(strip).collect()
}

/// A log or paste from a public post.
fn field(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field").join(name)
}

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/poolmon").join(name)
}
