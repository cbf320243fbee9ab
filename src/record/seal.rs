//! The seal of a recording: a SHA-256 in its end, of every byte before it.
//!
//! A checksum finds damage within a frame. The seal also finds a frame that is missing, and one that was written anew with
//! a right checksum. It has no key, so it cannot stop somebody who seals a changed file again: for that a run's checkpoint
//! keeps the seal (`Recorder::finish` returns it).

use sha2::{Digest as _, Sha256};

use super::Digest;
use super::frame::{Frames, Kind};
use super::varint;

/// Whether a recording is as it was when it was closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Seal {
    /// It has no end: the run was cut short, or is still going on.
    #[default]
    Open,
    /// It was closed by an older poolgate, which wrote no seal.
    None,
    /// It was closed, and not one byte has changed since.
    Whole(Digest),
    /// It was changed after it was closed.
    Broken,
}

/// The hash of a file so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Sealing(Sha256);

impl Sealing {
    /// More bytes of the file.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The seal of an end with this time, as it is written.
    pub(super) fn seal(&self, time: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(time).finalize().into()
    }
}

impl Seal {
    /// The seal of a whole file. `body` is where its first frame ends, `promised` whether that says that there is a seal.
    pub(super) fn of(bytes: &[u8], body: usize, promised: bool) -> Seal {
        let mut at = body;
        for frame in Frames(&bytes[body..]) {
            let begins = at + frame.skipped;
            at = begins + frame.size;
            if frame.kind == Some(Kind::End) {
                return Seal::of_end(&bytes[..begins], frame.payload, promised, at == bytes.len());
            }
        }
        Seal::Open
    }

    /// The seal of an end behind the bytes `before`; `last` when nothing follows.
    fn of_end(before: &[u8], payload: &[u8], promised: bool, last: bool) -> Seal {
        let mut seal = payload;
        if varint::take_time(&mut seal).is_none() {
            // Events take such an end for none.
            return Seal::Open;
        }
        if seal.is_empty() && !promised {
            return Seal::None;
        }
        let time = &payload[..payload.len() - seal.len()];
        let mut sealing = Sealing::default();
        sealing.add(before);
        let hash = sealing.seal(time);
        if seal == hash && last { Seal::Whole(Digest::from_hash(hash)) } else { Seal::Broken }
    }
}
