//! Checkpoints.

use std::io;

use poolgate::record::Storage;
use poolgate::run::drive::{Checkpoint, Phase};
use serde_json::value::RawValue;

/// A journal in memory.
struct Bytes(Vec<u8>);

impl Storage for Bytes {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.0.clone())
    }

    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()> {
        self.0.truncate(length as usize);
        self.0.extend_from_slice(line);
        Ok(())
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        self.0 = contents.to_vec();
        Ok(())
    }
}

/// Opens a checkpoint of these bytes. Then opens one with these entries and correct checksums, because a fuzzer cannot
/// guess those.
///
/// # Panics
/// When a run went back to an earlier phase.
pub fn checkpoint(bytes: &[u8]) {
    never_goes_back(bytes);
    let mut sealed = Vec::new();
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let entry: Option<&RawValue> = serde_json::from_slice(line).ok();
        match entry {
            Some(entry) => {
                let crc32c = crc32c::crc32c(entry.get().as_bytes());
                sealed.extend_from_slice(format!("{{\"entry\":{},\"crc32c\":{crc32c}}}\n", entry.get()).as_bytes());
            }
            None => sealed.extend_from_slice(line),
        }
    }
    never_goes_back(&sealed);
}

/// Opens the checkpoint with its first line only, then with one line more each time.
fn never_goes_back(bytes: &[u8]) {
    let mut last = None;
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    for end in ends.take(32).chain([bytes.len()]) {
        let phase = phase(&bytes[..end]);
        assert!(phase.is_none() || phase >= last, "from {last:?} to {phase:?}");
        last = phase.or(last);
    }
}

fn phase(bytes: &[u8]) -> Option<Phase> {
    match Checkpoint::open(Bytes(bytes.to_vec())) {
        Ok(checkpoint) => Some(checkpoint.state().phase),
        // The text of the error is escaped only when it is printed.
        Err(_) => None,
    }
}
