//! What commands wrote: kept in `workload.log` up to a limit, and the last lines of it at hand for messages.
//!
//! A workload may write without end; the log must not fill the disk the recording lives on. The beginning is kept in
//! full, the end as far as [`TAIL`], and what lies between is counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;

use fs_err::File;

/// The most that is kept of the beginning, bytes.
const HEAD: u64 = 8 << 20;
/// The most that is kept of the end, bytes.
const TAIL: usize = 64 << 10;

/// The most that a message shows, bytes.
const SHOWN: usize = 4 << 10;

/// The output of a run's commands.
pub struct Output {
    file: File,
    written: u64,
    dropped: u64,
    tail: VecDeque<u8>,
}

impl Output {
    /// A log, which goes on behind what a run taken up again has left there.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(path: &Path) -> io::Result<Output> {
        let file = fs_err::OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Output { written: file.metadata()?.len().min(HEAD), file, dropped: 0, tail: VecDeque::new() })
    }

    /// Notes that a command begins, and forgets the lines of the one before.
    pub(super) fn begin(&mut self, what: &str, line: &str) -> io::Result<()> {
        self.tail.clear();
        self.write(format!("--- {what}: {line}\n").as_bytes())?;
        self.tail.clear();
        Ok(())
    }

    /// Keeps what a command wrote.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tail.extend(bytes);
        let kept = bytes.len().min((HEAD - self.written) as usize);
        self.file.write_all(&bytes[..kept])?;
        self.written += kept as u64;
        self.dropped += (bytes.len() - kept) as u64;
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        Ok(())
    }

    /// The last lines the present command wrote, at most `lines`, as text.
    pub fn last_lines(&self, lines: usize) -> String {
        let bytes: Vec<u8> = self.tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let text: Vec<&str> = text.lines().collect();
        let last = text[text.len().saturating_sub(lines)..].join("\n");
        // A program need not end its lines.
        last[last.ceil_char_boundary(last.len().saturating_sub(SHOWN))..].to_owned()
    }

    /// Completes the log: says what was left out, and adds the end of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn close(&mut self) -> io::Result<()> {
        if self.dropped > 0 {
            // What is still in the beginning must not be shown twice.
            let fresh = self.tail.len().min(self.dropped as usize);
            let bytes: Vec<u8> = self.tail.iter().skip(self.tail.len() - fresh).copied().collect();
            let left_out = self.dropped - fresh as u64;
            write!(self.file, "\n--- {left_out} bytes are left out here; the last {} follow\n", bytes.len())?;
            self.file.write_all(&bytes)?;
        }
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_output_keeps_its_beginning_and_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("workload.log");
        let mut output = Output::append(&path).unwrap();
        output.begin("iteration 1", "yes").unwrap();
        for number in 0..2_000_000 {
            output.write(format!("line {number}\n").as_bytes()).unwrap();
        }
        assert_eq!(output.last_lines(2), "line 1999998\nline 1999999");
        output.close().unwrap();
        let text = fs_err::read_to_string(&path).unwrap();
        assert!(text.starts_with("--- iteration 1: yes\nline 0\n") && text.ends_with("line 1999999\n"));
        assert!(text.len() < 9 << 20 && text.contains("bytes are left out here"));
    }

    #[test]
    fn the_last_lines_are_those_of_the_present_command() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Output::append(&folder.path().join("workload.log")).unwrap();
        output.write(b"old\n").unwrap();
        output.begin("iteration 2", "x").unwrap();
        output.write(b"\xff\xfenew").unwrap();
        assert_eq!(output.last_lines(10), "\u{fffd}\u{fffd}new");
    }
}
