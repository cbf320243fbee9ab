//! The lines of a text in any encoding: 8-bit text of any code page, UTF-8, or UTF-16 (Windows PowerShell's `>`).
//!
//! Lines are borrowed from one buffer, so memory use does not depend on the file size. In UTF-16, a line is found by
//! the byte of its line end and decoded separately, so ASCII lines that a batch file wrote in between do no harm.

use std::io::{self, Read};

use memchr::memchr;

use self::wide::{Wide, decode};

mod narrow;
mod wide;

pub(super) use narrow::Narrow;
pub(super) use wide::{is_unicode, wide};

const BUFFER: usize = 1 << 18;
/// In bytes; a longer line is not a row of any format.
const LONGEST: usize = 1 << 16;
/// The maximum number of skipped bytes in a line; no text has a line this long.
const MOST_PASSED: usize = 64 << 20;

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Newline,
    /// The file ends.
    File,
    /// The line is longer than the limit.
    TooLong,
}

/// One line, without its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogLine<'a> {
    pub(super) bytes: &'a [u8],
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) end: End,
}

/// The lines of an input.
pub(super) struct LogLines<R> {
    input: R,
    buffer: Vec<u8>,
    /// `buffer[start..end]` has not been returned yet.
    start: usize,
    end: usize,
    number: u64,
    /// The input has ended.
    finished: bool,
    wide: Option<Wide>,
    unicode: bool,
    /// The last line, decoded.
    decoded: Vec<u8>,
}

impl<R: Read> LogLines<R> {
    /// Creates a reader of lines; `beginning` holds the first bytes of `input`.
    pub(super) fn new(input: R, beginning: &[u8]) -> LogLines<R> {
        LogLines {
            input,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            number: 0,
            finished: false,
            wide: wide(beginning),
            unicode: is_unicode(beginning),
            decoded: Vec::new(),
        }
    }

    /// Whether the text is known to be Unicode, so its bytes have no other meaning.
    pub(super) fn are_unicode(&self) -> bool {
        self.unicode
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<LogLine<'_>>> {
        let (from, to, mut end) = match memchr(b'\n', &self.buffer[self.start..self.end]) {
            Some(length) => (self.start, self.start + length, End::Newline),
            None => match self.refill()? {
                None => return Ok(None),
                Some(found) => found,
            },
        };
        self.start = if end == End::Newline { to + 1 } else { to };
        self.number += 1;
        match end {
            End::TooLong => self.skip_line()?,
            End::Newline | End::File if to - from > LONGEST => end = End::TooLong,
            End::Newline | End::File => {}
        }
        let (number, to) = (self.number, to.min(from + LONGEST));
        let bytes: &[u8] = match self.wide {
            None => &self.buffer[from..to],
            Some(wide) => {
                decode(&self.buffer[from..to], wide, &mut self.decoded);
                &self.decoded
            }
        };
        let bytes = if number == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
        Ok(Some(LogLine { bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes), number, end }))
    }

    /// Reads until the buffer holds a whole line or the last one. Returns `None` at the end of the input.
    #[cold]
    fn refill(&mut self) -> io::Result<Option<(usize, usize, End)>> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let mut looked_at = self.end;
        while !self.finished {
            if looked_at >= LONGEST {
                return Ok(Some((0, LONGEST, End::TooLong)));
            }
            let read = match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            self.finished = read == 0;
            self.end += read;
            if let Some(at) = memchr(b'\n', &self.buffer[looked_at..self.end]) {
                return Ok(Some((0, looked_at + at, End::Newline)));
            }
            looked_at = self.end;
        }
        // The last byte of the final line end in UTF-16 does not begin a new line.
        let nothing = match self.wide {
            Some(Wide::Little) => matches!(&self.buffer[..self.end], [] | [0]),
            Some(Wide::Big) | None => self.end == 0,
        };
        Ok((!nothing).then_some((0, self.end, End::File)))
    }

    /// Skips the rest of a line that is too long. The bytes before `start` keep their positions.
    fn skip_line(&mut self) -> io::Result<()> {
        let mut passed = 0;
        loop {
            if passed > MOST_PASSED {
                return Err(io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    "it has a line of more than 64 MiB, so it is not a log",
                ));
            }
            if let Some(at) = memchr(b'\n', &self.buffer[self.start..self.end]) {
                self.start += at + 1;
                return Ok(());
            }
            (self.start, self.end) = (LONGEST, LONGEST);
            let read = match self.input.read(&mut self.buffer[LONGEST..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            self.end += read;
            passed += read;
            if read == 0 {
                self.finished = true;
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<String> {
        let mut lines = LogLines::new(bytes, &bytes[..bytes.len().min(100)]);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let end = match line.end {
                End::Newline => "",
                End::File => "~",
                End::TooLong => "…",
            };
            all.push(format!("{}{}{end}", line.number, String::from_utf8_lossy(line.bytes)));
        }
        all
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn lines_are_the_same_in_every_encoding() {
        let text = " Tag\r\n\r\nIrp \u{2592}\nend";
        let expected = ["1 Tag", "2", "3Irp \u{2592}", "4end~"];
        assert_eq!(lines(text.as_bytes()), expected);
        assert_eq!(lines(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), expected);
        for big in [false, true] {
            let wide = utf16(text, big);
            assert_eq!(lines(&wide), expected, "{big}");
            let mark = if big { b"\xfe\xff" } else { b"\xff\xfe" };
            assert_eq!(lines(&[&mark[..], &wide].concat()), expected, "{big}");
            let whole = utf16("a b\r\n", big);
            assert_eq!(lines(&whole), ["1a b"], "{big}");
            for between in [&b""[..], mark] {
                let mixed =
                    [&b"2026-11-23 10:00\r\n"[..], between, &wide, &utf16("\n", big)[..], b"odd\n", between, &whole];
                let expected = ["12026-11-23 10:00", "2 Tag", "3", "4Irp \u{2592}", "5end", "6odd", "7a b"];
                assert_eq!(lines(&mixed.concat()), expected, "{big} {between:?}");
            }
        }
    }

    #[test]
    fn a_line_that_never_ends_is_an_error() {
        let mut lines = LogLines::new(io::repeat(b'x'), b"x");
        assert_eq!(lines.next().unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_line_without_an_end_takes_no_memory() {
        let long = vec![b'x'; 3 * BUFFER + 5];
        let found = lines(&[b"a\n", &long[..], b"\nb\n"].concat());
        assert_eq!((found[0].as_str(), found[2].as_str(), found.len()), ("1a", "3b", 3));
        assert!(found[1].ends_with('…') && found[1].len() == LONGEST + 4, "{}", found[1].len());
        assert_eq!(lines(&long).len(), 1);
        for length in [LONGEST - 1, LONGEST, LONGEST + 1, BUFFER - 1, BUFFER] {
            let found = lines(&[&b"a\n"[..], &long[..length], b"\nb"].concat());
            assert_eq!(found[1].len() - 1, if length > LONGEST { LONGEST + "…".len() } else { length }, "{length}");
            assert_eq!(found[2], "3b~", "{length}");
        }
    }
}
