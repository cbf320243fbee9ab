//! An input whose rows end: a quotation mark which is never closed makes one row of the rest of the file.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use csv::ErrorKind;

use super::Wrong;

/// More than any row has.
const LONGEST_ROW: u64 = 1 << 20;

/// How far an input was read.
#[derive(Debug, Default)]
pub(super) struct Progress {
    since_row: Cell<u64>,
    last: Cell<u8>,
    ended: Cell<bool>,
}

impl Progress {
    /// A row was read.
    pub(super) fn row(&self) {
        self.since_row.set(0);
    }

    /// Whether the row just read is the last, and ends with the file instead of a line end or a quotation mark: nothing tells
    /// it from one which was cut.
    pub(super) fn is_cut(&self) -> bool {
        self.ended.get() && !matches!(self.last.get(), b'\n' | b'\r' | b'"')
    }
}

/// An input which ends in an error where a row has no end.
pub(super) struct Bounded<R> {
    input: R,
    progress: Rc<Progress>,
}

impl<R> Bounded<R> {
    /// The input, and how far it was read, which is told of every row.
    pub(super) fn new(input: R) -> (Bounded<R>, Rc<Progress>) {
        let progress = Rc::new(Progress::default());
        (Bounded { input, progress: progress.clone() }, progress)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Progress { since_row, last, ended } = &*self.progress;
        if since_row.get() > LONGEST_ROW {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "begins a row of more than 1 MiB"));
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

/// What the CSV reader says of a row.
pub(super) fn refused(error: &csv::Error) -> Wrong {
    match error.kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            Wrong::new(error.to_string(), "close the quotation mark, if one is open; rows of a log are short")
        }
        _ => Wrong::new(format!("cannot be read ({error})"), "the file is cut off or damaged here: copy it again"),
    }
}
