//! The identity of a row as two numbers, and a cheap hash of it: a log has millions of rows and some thousand keys.

use std::hash::Hasher;

use super::RowIdentity;

/// Returns a distinct code for each row of a log.
pub(super) fn code(RowIdentity { tag, pool, session, counters }: RowIdentity) -> (u64, u64) {
    let session = session.map_or(0, |session| u64::from(session) + 1);
    (u64::from(u32::from_le_bytes(tag)) | (pool as u64) << 32 | (counters as u64) << 40, session)
}

/// Multiplies by an odd number with well-distributed bits. The codes are already distinct, and tags are not a means of
/// attack.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct CodeHasher(u64);

impl Hasher for CodeHasher {
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
