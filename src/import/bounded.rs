//! Limits the length of a row: an unclosed quotation mark turns the rest of the file into one row.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::ErrorKind;

use super::LogProblem;

/// In bytes; longer than any real row.
const LONGEST_ROW: u64 = 1 << 20;

/// The read state of a [`Bounded`] input.
#[derive(Debug, Default)]
pub(super) struct Progress {
    since_row: Cell<u64>,
    last: Cell<u8>,
    ended: Cell<bool>,
}

impl Progress {
    /// Resets the count of bytes after a row.
    pub(super) fn row(&self) {
        self.since_row.set(0);
    }

    /// Whether the row just read is the last one and ends with the file, without a line end or a quotation mark. Such a
    /// row may have been cut off.
    pub(super) fn is_cut(&self) -> bool {
        self.ended.get() && !matches!(self.last.get(), b'\n' | b'\r' | b'"')
    }
}

/// An input that returns an error if a row is too long.
pub(super) struct Bounded<R> {
    input: R,
    progress: Rc<Progress>,
}

impl<R> Bounded<R> {
    /// Returns the bounded input and its progress. Call [`Progress::row`] after every row.
    pub(super) fn new(input: R) -> (Bounded<R>, Rc<Progress>) {
        let progress = Rc::new(Progress::default());
        (Bounded { input, progress: progress.clone() }, progress)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Progress { since_row, last, ended } = &*self.progress;
        if since_row.get() > LONGEST_ROW {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "starts a row longer than 1 MiB"));
        }
        let read = self.input.read(buffer)?;
        since_row.set(since_row.get() + read as u64);
        match buffer[..read].last() {
            Some(byte) => last.set(*byte),
            None => ended.set(true),
        }
        Ok(read)
    }
}

/// Describes an error of the CSV reader.
pub(super) fn refused(error: &csv::Error) -> LogProblem {
    match error.kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            LogProblem::new(error.to_string(), "close the quotation mark, if one is open; rows of a log are short")
        }
        _ => LogProblem::new(format!("cannot be read ({error})"), "the file is cut off or damaged here: copy it again"),
    }
}
