//! A kernel table in one text file, read completely again and again.
//!
//! The file stays open between samples and its text stays in one buffer, so that reading allocates nothing once the
//! buffer has grown to the size of the table.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::PathBuf;

use crate::machine::MachineError;

pub(super) struct ProcText {
    path: PathBuf,
    file: Option<File>,
    /// The text of the last read.
    pub(super) text: Vec<u8>,
}

impl ProcText {
    /// The text at `path`; the file is opened on the first read.
    pub(super) fn new(path: PathBuf) -> ProcText {
        ProcText { path, file: None, text: Vec::with_capacity(64 * 1024) }
    }

    /// Reads the text again.
    pub(super) fn read(&mut self) -> Result<(), MachineError> {
        self.reread().map_err(|source| {
            self.file = None;
            MachineError::unreadable(&self.path, source)
        })
    }

    /// Calls `line` for every line of the last read, with its index from 0.
    pub(super) fn each_line(
        &self,
        mut line: impl FnMut(usize, &[u8]) -> Result<(), &'static str>,
    ) -> Result<(), MachineError> {
        // The last line of a truncated text could still parse, with a shorter number.
        if self.text.last() != Some(&b'\n') {
            let last = self.text.split(|&b| b == b'\n').count() - 1;
            return Err(self.malformed(last, "the text ends in the middle of a line"));
        }
        let mut begin = 0;
        for (at, end) in memchr::memchr_iter(b'\n', &self.text).enumerate() {
            line(at, &self.text[begin..end]).map_err(|problem| self.malformed(at, problem))?;
            begin = end + 1;
        }
        Ok(())
    }

    /// Returns the error for a text that the caller cannot use, for the reason `because`.
    pub(super) fn unreadable(&self, because: &'static str) -> MachineError {
        MachineError::unreadable(&self.path, io::Error::other(because))
    }

    fn reread(&mut self) -> io::Result<()> {
        // Rewinding makes the kernel build the text again, as reopening would, at less cost.
        let file = match &mut self.file {
            Some(file) => {
                file.rewind()?;
                file
            }
            // fs_err would repeat the file name, which MachineError already contains.
            none => none.insert(File::open(&self.path)?),
        };
        self.text.clear();
        file.read_to_end(&mut self.text)?;
        Ok(())
    }

    fn malformed(&self, at: usize, problem: &'static str) -> MachineError {
        let text = self.text.split(|&b| b == b'\n').nth(at).unwrap_or_default();
        let text = String::from_utf8_lossy(&text[..text.len().min(80)]).into_owned();
        MachineError::Malformed { path: self.path.clone(), line: at + 1, problem, text }
    }
}

/// Parses a number of decimal digits only.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    (!digits.is_empty()).then_some(())?;
    digits.iter().try_fold(0u64, |value, &digit| {
        digit.is_ascii_digit().then_some(())?;
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}
