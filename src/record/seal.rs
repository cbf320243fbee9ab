//! The seal of a recording: a SHA-256 of all bytes of the file, in its last frame.
//!
//! A checksum finds damage within a frame. The seal also finds a missing frame and a frame rewritten with a right
//! checksum. It has no key, so a changed file can be sealed again. To detect that, a run's checkpoint keeps the seal
//! that `Recorder::finish` returned.

use sha2::{Digest as _, Sha256};

use super::Digest;
use super::frame::{FrameKind, Frames};
use super::varint;

/// Whether a recording is unchanged since it was closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Seal {
    /// The recording has no end: the run was cut short or is not finished.
    #[default]
    Open,
    /// An older poolgate, which wrote no seal, closed it.
    None,
    /// The file was closed and is unchanged.
    Whole(Digest),
    /// The file was changed after it was closed.
    Broken,
}

/// The hash of a file so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Sealing(Sha256);

impl Sealing {
    /// Adds bytes of the file.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the seal of an end with this encoded time.
    pub(super) fn seal(&self, time: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(time).finalize().into()
    }
}

impl Seal {
    /// Returns the seal of a whole file. `body` is the end of its first frame; `promised` is whether that frame
    /// promises a seal.
    pub(super) fn of_file(bytes: &[u8], body: usize, promised: bool) -> Seal {
        let mut at = body;
        for frame in Frames(&bytes[body..]) {
            let begins = at + frame.skipped;
            at = begins + frame.size;
            if frame.kind == Some(FrameKind::End) {
                return Seal::of_end(&bytes[..begins], frame.payload, promised, at == bytes.len());
            }
        }
        Seal::Open
    }

    /// Returns the seal of an end after the bytes `before`; `last` is whether no bytes follow.
    fn of_end(before: &[u8], payload: &[u8], promised: bool, last: bool) -> Seal {
        let mut seal = payload;
        if varint::take_time(&mut seal).is_none() {
            // `Events` does not accept such an end either.
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
