//! Undoes the changes that mail, web pages and search tools make to a log: quotation marks of mails, file names that
//! findstr and grep put before lines, no-break spaces, rows broken at the width of a mail.
//!
//! The first table shows the changes that were made; an unchanged log is not touched. A line stays a line, so line
//! numbers are those of the file.

use std::io::{self, Read};

use super::lines::{End, LogLines};
use super::{linux, named, poolmon, poolused};

/// The number of lines searched for the first table and for broken rows.
const LOOKED_AT: usize = 400;

/// The changes made to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct PasteChanges {
    /// Lines begin with `> `.
    quoted: bool,
    /// Lines begin with a file name or a line number, and a colon.
    named: bool,
    /// Spaces were replaced by no-break spaces.
    unbroken: bool,
    /// Rows continue on the next line.
    wrapped: bool,
}

/// Undoes the changes. Returns the restored beginning and a reader of the restored text. Returns the input as an error
/// if nothing was changed.
pub(super) fn undone<R: Read>(beginning: &[u8], input: R) -> Result<(Vec<u8>, Undone<R>), R> {
    let done = PasteChanges::detect(beginning);
    if done == PasteChanges::default() {
        return Err(input);
    }
    let mut restored = Vec::new();
    // Reading from memory does not fail.
    let read = Undone::new(LogLines::new(beginning, beginning), done).read_to_end(&mut restored);
    match read {
        Ok(_) => Ok((restored, Undone::new(LogLines::new(input, beginning), done))),
        Err(_) => Err(input),
    }
}

/// Whether a line only marks a quotation and is not part of a table.
pub(super) fn is_fence(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    let known: [&[u8]; 8] =
        [b"<pre>", b"</pre>", b"<code>", b"</code>", b"[code]", b"[/code]", b"<pre><code>", b"</code></pre>"];
    line.starts_with(b"```") || line.starts_with(b"~~~") || known.iter().any(|tag| line.eq_ignore_ascii_case(tag))
}

impl PasteChanges {
    fn detect(beginning: &[u8]) -> PasteChanges {
        let mut lines = LogLines::new(beginning, beginning);
        let mut found: Option<PasteChanges> = None;
        let mut last = Vec::new();
        for _ in 0..LOOKED_AT {
            let Ok(Some(line)) = lines.next() else { break };
            match found {
                None => {
                    found = PasteChanges::detect_in_line(line.bytes);
                    last = found.map(|done| done.undo(line.bytes)).unwrap_or_default();
                }
                Some(done) => {
                    let line = done.undo(line.bytes);
                    if is_cut(&last, &line) {
                        return PasteChanges { wrapped: true, ..done };
                    }
                    last = line;
                }
            }
        }
        found.unwrap_or_default()
    }

    /// The changes made to the first line of a table; `None` if the line is not one.
    fn detect_in_line(line: &[u8]) -> Option<PasteChanges> {
        let mut done = PasteChanges { unbroken: has_no_break(line), ..PasteChanges::default() };
        if is_of_table(&done.undo(line)) {
            return Some(done);
        }
        for (quoted, named) in [(true, false), (false, true), (true, true)] {
            (done.quoted, done.named) = (quoted, named);
            let rest = done.undo(line);
            if rest.len() < line.len() && is_of_table(&rest) {
                return Some(done);
            }
        }
        None
    }

    fn undo(self, line: &[u8]) -> Vec<u8> {
        let mut line = line;
        if self.quoted {
            line = unquoted(line);
        }
        if self.named {
            line = behind_name(line).unwrap_or(line);
        }
        if self.unbroken { with_spaces(line) } else { line.to_vec() }
    }
}

/// Whether a line can be the first line of a table.
fn is_of_table(line: &[u8]) -> bool {
    poolmon::is_header(line)
        || poolmon::is_row(line)
        || poolused::is_header(line.trim_ascii())
        || named::is_header(line)
        || linux::begins(line.trim_ascii())
}

/// Whether a row or a header of PoolMon continues on the next line.
fn is_cut(line: &[u8], next: &[u8]) -> bool {
    let rest = next.trim_ascii();
    if rest.is_empty() || line.is_empty() {
        return false;
    }
    if poolmon::is_header(line) {
        return matches!(rest, b"Alloc" | b"Per Alloc" | b"Bytes Per Alloc" | b"Mapped_Driver" | b"Bytes");
    }
    let figures = rest.iter().all(|byte| b"0123456789()- ".contains(byte));
    figures && !poolmon::is_row(line) && poolmon::is_row(&[line, b" ", rest].concat())
}

/// Removes a mail's quotation marks from the beginning of a line.
fn unquoted(line: &[u8]) -> &[u8] {
    let mut rest = line;
    while let Some(after) = rest.trim_ascii_start().strip_prefix(b">") {
        rest = after.strip_prefix(b" ").unwrap_or(after);
    }
    rest
}

/// Returns the text after a file name and a line number: `C:\\logs\\snap-1.log:12: Leak Nonp …`.
fn behind_name(line: &[u8]) -> Option<&[u8]> {
    // The colon of a drive letter does not count.
    let drive = usize::from(matches!(line, [b'A'..=b'Z' | b'a'..=b'z', b':', b'\\' | b'/', ..])) * 2;
    let colon = drive + line.get(drive..)?.iter().position(|byte| *byte == b':')?;
    let rest = &line[colon + 1..];
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match rest.get(digits) {
        Some(b':') if digits > 0 => Some(&rest[digits + 1..]),
        _ => Some(rest),
    }
}

fn has_no_break(line: &[u8]) -> bool {
    match str::from_utf8(line) {
        Ok(line) => line.contains(is_odd_space),
        Err(_) => line.contains(&0xa0),
    }
}

fn with_spaces(line: &[u8]) -> Vec<u8> {
    match str::from_utf8(line) {
        Ok(line) => line.replace(is_odd_space, " ").into_bytes(),
        Err(_) => line.iter().map(|byte| if *byte == 0xa0 { b' ' } else { *byte }).collect(),
    }
}

fn is_odd_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}')
}

/// A text with the changes undone.
pub(super) struct Undone<R> {
    lines: LogLines<R>,
    done: PasteChanges,
    /// The restored text, and the number of its bytes that were returned.
    text: Vec<u8>,
    given: usize,
    /// A row that may continue on the next line, and how it ends.
    held: Option<(Vec<u8>, End)>,
}

impl<R: Read> Undone<R> {
    fn new(lines: LogLines<R>, done: PasteChanges) -> Undone<R> {
        let text = if lines.are_unicode() { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
        Undone { lines, done, text, given: 0, held: None }
    }

    /// Whether a search tool put names before lines: the log then has only the lines that match.
    pub(super) fn is_filtered(&self) -> bool {
        self.done.named
    }

    /// Puts the next lines into `text`; returns `false` at the end.
    fn next(&mut self) -> io::Result<bool> {
        (self.given, self.text) = (0, std::mem::take(&mut self.text));
        self.text.clear();
        let next = self.lines.next()?.map(|line| (self.done.undo(line.bytes), line.end));
        let held = self.held.take();
        let joined = match (&held, &next) {
            (Some((line, _)), Some((next, _))) if self.done.wrapped => is_cut(line, next),
            _ => false,
        };
        match (held, next) {
            (None, None) => return Ok(false),
            (None, next) => self.held = next,
            (Some((line, _)), Some((next, end))) if joined => {
                // Both lines stay, so that the numbers of the later lines do not change.
                self.push(&[&line[..], b" ", next.trim_ascii()].concat(), End::Newline);
                self.held = Some((Vec::new(), end));
            }
            (Some((line, end)), next) => {
                self.push(&line, end);
                self.held = next;
            }
        }
        Ok(true)
    }

    fn push(&mut self, line: &[u8], end: End) {
        self.text.extend_from_slice(line);
        if end != End::File {
            self.text.push(b'\n');
        }
    }
}

impl<R: Read> Read for Undone<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() {
            if !self.next()? {
                return Ok(0);
            }
        }
        let read = (&self.text[self.given..]).read(buffer)?;
        self.given += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = " Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc";
    const ROW: &str = " Irp  Nonp         10         4       6     600        100";

    fn text(pasted: &str) -> Option<String> {
        let (beginning, mut input) = undone(pasted.as_bytes(), pasted.as_bytes()).ok()?;
        let mut all = String::new();
        input.read_to_string(&mut all).unwrap();
        assert_eq!(all.as_bytes(), beginning);
        Some(all)
    }

    #[test]
    fn a_log_as_it_was_written_is_not_touched() {
        for plain in ["", "> only prose\n", &format!("{HEADER}\n{ROW}\n"), &format!("some words\n\n{HEADER}\n\n{ROW}")]
        {
            assert_eq!(text(plain), None, "{plain}");
        }
    }

    #[test]
    fn text_before_lines_is_removed() {
        let expected = format!("On boot:\n{HEADER}\n\n{ROW}\n");
        for pasted in [
            format!("On boot:\n> {HEADER}\n>\n> {ROW}\n"),
            format!("On boot:\n>> {HEADER}\n>>\n>> {ROW}\n"),
            format!("On boot:\n> > {HEADER}\n\n> > {ROW}\n"),
        ] {
            assert_eq!(text(&pasted).as_deref(), Some(expected.as_str()), "{pasted}");
        }
        let expected = format!("{HEADER}\n{ROW}\n");
        for prefix in ["snap.log:", "snap.log:12:", "12:", "C:\\logs\\snap.log:", "./a/b.txt:"] {
            let pasted = format!("{prefix}{HEADER}\n{prefix}{ROW}\n");
            assert_eq!(text(&pasted).as_deref(), Some(expected.as_str()), "{prefix}");
        }
    }

    #[test]
    fn no_break_spaces_become_spaces_if_the_table_has_them() {
        let pasted = format!("{HEADER}\n{ROW}\n").replace(' ', "\u{a0}");
        assert_eq!(text(&pasted), Some(format!("{HEADER}\n{ROW}\n")));
        assert_eq!(text(&format!("a\u{a0}b\n{HEADER}\n{ROW}\n")), None);
    }

    #[test]
    fn a_row_broken_by_a_mail_is_joined_and_lines_keep_their_numbers() {
        let live = " Mdl  Nonp    2492040 (1140)       176 (   0)  2491864 420125696 ( 192192)   168";
        let (first, second) = live.split_at(live.len() - 5);
        let pasted = format!("{HEADER}\n{first}\n{}\nafter\n", second.trim());
        let read = text(&pasted).unwrap();
        assert_eq!(
            read.lines().map(str::trim_end).collect::<Vec<_>>(),
            [HEADER, &format!("{first} {}", second.trim()), "", "after"]
        );
        let header = format!("Tag  Type  Allocs  Frees  Diff  Bytes  Per\nAlloc\n{ROW}\n");
        assert_eq!(text(&header), Some(format!("Tag  Type  Allocs  Frees  Diff  Bytes  Per Alloc\n\n{ROW}\n")));
    }
}
