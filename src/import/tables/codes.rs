//! The identity of a row as two numbers, and a cheap hash of it: a log has millions of rows and some thousand keys.

use std::hash::Hasher;

use super::About;

/// Encodes a row's identity as numbers.
pub(super) struct Code;

impl Code {
    /// Returns a distinct code for each key of a log.
    pub(super) fn of(About { tag, pool, session, counters }: About) -> (u64, u64) {
        let session = session.map_or(0, |session| u64::from(session) + 1);
        (u64::from(u32::from_le_bytes(tag)) | (pool as u64) << 32 | (counters as u64) << 40, session)
    }
}

/// Multiplies by an odd number with well-distributed bits. The codes are already distinct, and tags are not a means of
/// attack.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Codes(u64);

impl Hasher for Codes {
    fn finish(&self) -> u64 {
        // The hash table uses the lowest and the highest bits.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, code: u64) {
        self.0 = (self.0.rotate_left(5) ^ code).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
