//! Reads a whole kernel table into a reusable buffer.
//!
//! A table can grow while it is read. The kernel then returns the required size, which may be too small again by the
//! next call. The new buffer is therefore a quarter larger, and after some attempts the read fails. A table with fewer
//! rows than its own count is never used.

use super::System;
use super::class::{Class, NtStatus};
use super::error::PoolTagsError;

/// The largest number of attempts at a read.
pub(super) const TRIES: usize = 10;
/// The largest buffer, in bytes: enough for over a million rows; real tables have a few thousand.
pub(super) const MOST: usize = 64 << 20;
/// The first buffer, in bytes: enough for a usual table of class 22 on x64.
const FIRST: usize = 160 << 10;
/// The alignment that the kernel requires of a buffer (STATUS_DATATYPE_MISALIGNMENT), in bytes.
const ALIGNED: usize = 8;

#[derive(Debug, Default)]
pub(in crate::machine::windows) struct QueryBuffer {
    buffer: Vec<u8>,
    /// The size of the last whole table, in bytes.
    length: usize,
}

impl QueryBuffer {
    /// Reads the table, again if needed, until `whole` accepts it.
    pub(in crate::machine::windows) fn read(
        &mut self,
        system: &mut impl System,
        class: Class,
        whole: impl Fn(&[u8]) -> bool,
    ) -> Result<(), PoolTagsError> {
        if self.buffer.is_empty() {
            self.make_room(FIRST);
        }
        let (mut asked_for_privileges, mut failed) = (false, PoolTagsError::Torn(class));
        for _ in 0..TRIES {
            let room = self.room();
            let (status, length) = system.query(class, room);
            match status {
                NtStatus::SUCCESS if room.get(..length).is_some_and(&whole) => {
                    self.length = length;
                    return Ok(());
                }
                NtStatus::SUCCESS => failed = PoolTagsError::Torn(class),
                NtStatus::INFO_LENGTH_MISMATCH => {
                    let had = room.len();
                    if had == MOST {
                        return Err(PoolTagsError::TooLarge(class));
                    }
                    let needed = length.clamp(had, MOST);
                    self.make_room((needed + needed / 4).min(MOST));
                    failed = PoolTagsError::Growing(class);
                }
                NtStatus::ACCESS_DENIED | NtStatus::PRIVILEGE_NOT_HELD if !asked_for_privileges => {
                    system.enable_privileges();
                    asked_for_privileges = true;
                }
                NtStatus::ACCESS_DENIED | NtStatus::PRIVILEGE_NOT_HELD => {
                    return Err(PoolTagsError::NotAllowed(class, status));
                }
                other => return Err(PoolTagsError::Refused(class, other)),
            }
        }
        Err(failed)
    }

    /// Returns the table last read.
    pub(in crate::machine::windows) fn table(&self) -> &[u8] {
        let begin = self.begin();
        &self.buffer[begin..begin + self.length]
    }

    fn make_room(&mut self, bytes: usize) {
        // Frees the old buffer first, so that never both exist.
        self.buffer = Vec::new();
        self.buffer.resize(bytes + ALIGNED, 0);
        self.length = 0;
    }

    fn room(&mut self) -> &mut [u8] {
        let begin = self.begin();
        let bytes = self.buffer.len() - ALIGNED;
        &mut self.buffer[begin..begin + bytes]
    }

    /// Returns the buffer's first aligned byte. It is fixed, because only `make_room` reallocates the buffer.
    fn begin(&self) -> usize {
        self.buffer.as_ptr().align_offset(ALIGNED)
    }
}
