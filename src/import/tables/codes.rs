//! What a row is about as two numbers, and the cheapest hash of it: a log has millions of rows and some thousand keys.

use std::hash::Hasher;

use super::About;
use crate::pool::{Counters, Pool};

/// A row's key as numbers.
pub(super) struct Code;

impl Code {
    /// Two keys of one log never have the same.
    pub(super) fn of(About { tag, pool, session, counters }: About) -> (u64, u64) {
        let pool = match pool {
            Pool::Paged => 0,
            Pool::Nonpaged => 1,
            Pool::Slab => 2,
            Pool::Callsite => 3,
            Pool::Kernel => 4,
            Pool::Unknown => 5,
        };
        let counters = match counters {
            Counters::Wrapping32 => 0,
            Counters::Full64 => 1,
            Counters::InUse => 2,
            Counters::BytesOnly => 3,
        };
        let session = session.map_or(0, |session| u64::from(session) + 1);
        (u64::from(u32::from_le_bytes(tag)) | pool << 32 | counters << 40, session)
    }
}

/// Multiplies by an odd number with bits all over: the codes are distinct already, and nobody attacks with tags.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Codes(u64);

impl Hasher for Codes {
    fn finish(&self) -> u64 {
        // A table looks at the lowest and at the highest bits.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, code: u64) {
        self.0 = (self.0.rotate_left(5) ^ code).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
