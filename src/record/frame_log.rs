//! The file of a recording. It accepts whole frames, and nothing more after the first failure.
//!
//! Each sample depends on the one before, so frames after a lost one are useless. A log therefore remembers a failure
//! and never repairs the file. The written frames stay and can be judged; a torn last frame does not count.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use fs_err::File;

use super::RecordError;
use super::frame::{self, FrameKind};
use super::seal::Sealing;

/// Size of the write buffer, in bytes: room for a whole sample of some thousand rows.
const BUFFER: usize = 64 << 10;

/// A file open for appending.
#[derive(Debug)]
pub(super) struct FrameLog {
    file: BufWriter<File>,
    /// The frame being built, kept so that the next frame allocates no memory.
    frame: Vec<u8>,
    /// The hash of all frames so far.
    sealing: Sealing,
    /// The first failure; nothing is written after it.
    stopped: Option<io::ErrorKind>,
}

impl FrameLog {
    /// Creates an empty log in a new file.
    pub(super) fn create(path: &Path) -> io::Result<FrameLog> {
        Ok(FrameLog::on(File::create_new(path)?))
    }

    fn on(file: File) -> FrameLog {
        let file = BufWriter::with_capacity(BUFFER, file);
        FrameLog { file, frame: Vec::new(), sealing: Sealing::default(), stopped: None }
    }

    /// Reserves memory for a frame with `payload` bytes of payload, so that later frames of this size allocate none.
    pub(super) fn reserve(&mut self, payload: usize) {
        self.frame.clear();
        self.frame.reserve(frame::OVERHEAD + payload);
    }

    /// Appends one frame. It is in the file some time later, and on disk after the next [`FrameLog::sync`].
    pub(super) fn append(
        &mut self,
        kind: FrameKind,
        payload: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> Result<(), RecordError> {
        self.attempt(|log| {
            log.frame.clear();
            frame::append(&mut log.frame, kind, payload)?;
            log.sealing.add(&log.frame);
            log.file.write_all(&log.frame)
        })
    }

    /// Returns the seal of an end that is appended next, with this time.
    pub(super) fn seal(&self, time: &[u8]) -> [u8; 32] {
        self.sealing.seal(time)
    }

    /// Returns once all appended frames would survive a power cut.
    pub(super) fn sync(&mut self) -> Result<(), RecordError> {
        self.attempt(|log| {
            log.file.flush()?;
            if super::CARELESS { Ok(()) } else { log.file.get_ref().sync_data() }
        })
    }

    fn attempt(&mut self, act: impl FnOnce(&mut FrameLog) -> io::Result<()>) -> Result<(), RecordError> {
        if let Some(because) = self.stopped {
            return Err(RecordError::Stopped { path: self.file.get_ref().path().to_owned(), because });
        }
        act(self).inspect_err(|error| self.stopped = Some(error.kind()))?;
        Ok(())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_appended_after_a_failure() {
        let mut log = FrameLog::on(fs_err::OpenOptions::new().write(true).open("/dev/full").unwrap());
        log.append(FrameKind::Mark, |_| Ok(())).unwrap();

        let error = log.sync().unwrap_err();
        assert!(error.is_disk_full());
        assert!(error.to_string().contains("/dev/full"), "{error}");

        let error = log.append(FrameKind::Mark, |_| Ok(())).unwrap_err();
        assert!(matches!(error, RecordError::Stopped { .. }) && error.is_disk_full());
        assert_eq!(
            error.to_string(),
            "nothing more can be added to /dev/full: an earlier write failed (no storage space)"
        );
        assert!(log.sync().is_err());
    }
}
