//! Converts UTF-16 to UTF-8 for readers of bytes.

use std::io::{self, Read};

use super::{End, LogLines};

/// A UTF-16 text as a stream of UTF-8.
pub(in crate::import) struct Narrow<R> {
    lines: LogLines<R>,
    line: Vec<u8>,
    given: usize,
}

impl<R: Read> Narrow<R> {
    pub(in crate::import) fn new(lines: LogLines<R>) -> Narrow<R> {
        Narrow { lines, line: Vec::new(), given: 0 }
    }
}

impl<R: Read> Read for Narrow<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.line.len() {
            let Some(line) = self.lines.next()? else { return Ok(0) };
            if line.end == End::TooLong {
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, "has a line of more than 64 KiB"));
            }
            (self.given, self.line) = (0, [line.bytes, b"\n"].concat());
        }
        let read = (&self.line[self.given..]).read(buffer)?;
        self.given += read;
        Ok(read)
    }
}
