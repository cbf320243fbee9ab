//! One of the kernel's tables, read whole into a buffer which is kept.
//!
//! The table grows while it is being read: the kernel then says how much it would have taken, and by the next call that
//! may be too little again. So a quarter more is offered, and after some tries it is an error. A table which holds fewer
//! rows than it says is never used.

use super::System;
use super::class::{Class, NtStatus};
use super::error::PoolTagsError;

/// Calls until the table fits and is whole.
pub(super) const TRIES: usize = 10;
/// The largest buffer: over a million rows, where real tables have some thousand.
pub(super) const MOST: usize = 64 << 20;
/// The first buffer: a usual table of class 22 on x64.
const FIRST: usize = 160 << 10;
/// The kernel refuses a buffer which is not aligned (STATUS_DATATYPE_MISALIGNMENT).
const ALIGNED: usize = 8;

#[derive(Debug, Default)]
pub(in crate::machine::windows) struct Answer {
    buffer: Vec<u8>,
    /// Bytes of the last whole table.
    length: usize,
}

impl Answer {
    /// Asks for the table until `whole` finds it so.
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

    /// The table as it was last read.
    pub(in crate::machine::windows) fn table(&self) -> &[u8] {
        let begin = self.begin();
        &self.buffer[begin..begin + self.length]
    }

    fn make_room(&mut self, bytes: usize) {
        // In place of the old one, not beside it.
        self.buffer = Vec::new();
        self.buffer.resize(bytes + ALIGNED, 0);
        self.length = 0;
    }

    fn room(&mut self) -> &mut [u8] {
        let begin = self.begin();
        let bytes = self.buffer.len() - ALIGNED;
        &mut self.buffer[begin..begin + bytes]
    }

    /// Where the buffer is aligned. It stays there, since the buffer only ever moves in `make_room`.
    fn begin(&self) -> usize {
        self.buffer.as_ptr().align_offset(ALIGNED)
    }
}
