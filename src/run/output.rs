//! The output of commands: written to `workload.log` up to a limit, with the last lines kept in memory for messages.
//!
//! A workload may write without end, and the log must not fill the recording's disk. The log keeps the first [`HEAD`]
//! bytes and the last [`TAIL`] bytes, and counts the bytes between them.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::Path;

use fs_err::File;

/// The limit on output kept from the beginning, in bytes.
const HEAD: u64 = 8 << 20;
/// The limit on output kept from the end, in bytes.
const TAIL: usize = 64 << 10;

/// The limit on output shown in a message, in bytes.
const SHOWN: usize = 4 << 10;

/// The output of a run's commands.
pub struct Output {
    file: File,
    written: u64,
    dropped: u64,
    tail: VecDeque<u8>,
}

impl Output {
    /// Opens a log and appends to it, because a resumed run may already have written some output.
    ///
    /// # Errors
    /// If the file cannot be written or does not belong to this user.
    pub fn append(path: &Path) -> io::Result<Output> {
        let file = open_log(path)?;
        Ok(Output { written: file.metadata()?.len().min(HEAD), file, dropped: 0, tail: VecDeque::new() })
    }

    /// Notes that a command begins, and drops the previous command's lines.
    pub(super) fn begin(&mut self, what: &str, line: &str) -> io::Result<()> {
        self.tail.clear();
        self.write(format!("--- {what}: {line}\n").as_bytes())?;
        self.tail.clear();
        Ok(())
    }

    /// Keeps the bytes that a command wrote.
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

    /// Returns the last lines of the current command, at most `lines`, as text.
    pub fn last_lines(&self, lines: usize) -> String {
        let bytes: Vec<u8> = self.tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let text: Vec<&str> = text.lines().collect();
        let last = text[text.len().saturating_sub(lines)..].join("\n");
        // A line can be arbitrarily long.
        last[last.ceil_char_boundary(last.len().saturating_sub(SHOWN))..].to_owned()
    }

    /// Completes the log: notes how many bytes were left out, and appends the end of the output.
    ///
    /// # Errors
    /// If the log cannot be written.
    pub fn close(&mut self) -> io::Result<()> {
        if self.dropped > 0 {
            // Do not repeat output that is still in the beginning.
            let fresh = self.tail.len().min(self.dropped as usize);
            let bytes: Vec<u8> = self.tail.iter().skip(self.tail.len() - fresh).copied().collect();
            let left_out = self.dropped - fresh as u64;
            write!(self.file, "\n--- {left_out} bytes are left out here; the last {} follow\n", bytes.len())?;
            self.file.write_all(&bytes)?;
        }
        self.file.flush()
    }
}

/// Opens the log at `path` for appending, or creates it. Other users may be able to place a file there first, so this
/// function writes only to a regular file of our own, and opens it without blocking (a fifo would block).
///
/// # Errors
/// If the file cannot be opened, is a link, is not a regular file, or belongs to another user.
pub fn open_log(path: &Path) -> io::Result<File> {
    let fresh = log_options().create_new(true).open(path);
    match fresh {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        done => return done,
    }
    let file = log_options().open(path).map_err(|error| io::Error::new(error.kind(), planted(path, &error)))?;
    match strange(&file.metadata()?) {
        None => Ok(file),
        Some(problem) => Err(io::Error::other(format!("{} is not written to: {problem}", path.display()))),
    }
}

/// Describes the file in the log's place if its type explains why opening it failed.
fn planted(path: &Path, error: &io::Error) -> String {
    match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => format!("{} is not written to: it is a symbolic link", path.display()),
        Ok(found) if !found.is_file() => format!("{} is not written to: it is not a regular file", path.display()),
        _ => error.to_string(),
    }
}

#[cfg(unix)]
fn log_options() -> fs_err::OpenOptions {
    use fs_err::os::unix::fs::OpenOptionsExt;
    use rustix::fs::OFlags;
    let mut options = fs_err::OpenOptions::new();
    options.append(true).mode(0o644).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    options
}

#[cfg(unix)]
fn strange(found: &std::fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::MetadataExt;
    if !found.is_file() {
        Some("it is not a regular file")
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        Some("it belongs to another user")
    } else if found.nlink() > 1 {
        Some("it has another name elsewhere (a hard link)")
    } else {
        None
    }
}

/// Opens a link itself, not its target, so that [`strange`] can refuse it.
#[cfg(windows)]
fn log_options() -> fs_err::OpenOptions {
    use fs_err::os::windows::fs::OpenOptionsExt;
    const OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    let mut options = fs_err::OpenOptions::new();
    options.append(true).custom_flags(OPEN_REPARSE_POINT);
    options
}

#[cfg(windows)]
fn strange(found: &std::fs::Metadata) -> Option<&'static str> {
    use std::os::windows::fs::MetadataExt;
    const REPARSE_POINT: u32 = 0x0000_0400;
    (found.file_attributes() & REPARSE_POINT != 0 || !found.is_file()).then_some("it is a link, or not a file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_log_is_no_link_no_fifo_and_has_no_other_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs_err::copy("Cargo.toml", at("victim")).unwrap();
        std::os::unix::fs::symlink(at("victim"), at("link")).unwrap();
        std::os::unix::fs::symlink(at("nothing"), at("to-nothing")).unwrap();
        fs_err::hard_link(at("victim"), at("name")).unwrap();
        fs_err::create_dir(at("folder")).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o666);
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        // Opening must not block, whether or not the fifo has a reader.
        let refused = |name: &str| open_log(&at(name)).unwrap_err().to_string();
        assert!(refused("fifo").ends_with("it is not a regular file"), "{}", refused("fifo"));
        let _reader = fs_err::OpenOptions::new().read(true).write(true).open(at("fifo")).unwrap();
        assert!(refused("fifo").ends_with("it is not a regular file"), "{}", refused("fifo"));
        assert!(refused("link").ends_with("it is a symbolic link"), "{}", refused("link"));
        assert!(refused("to-nothing").ends_with("it is a symbolic link"), "{}", refused("to-nothing"));
        assert!(refused("name").contains("hard link"), "{}", refused("name"));
        assert!(refused("folder").ends_with("it is not a regular file"), "{}", refused("folder"));
        assert_eq!(fs_err::read(at("victim")).unwrap(), fs_err::read("Cargo.toml").unwrap());
        assert!(!at("nothing").exists());
        for text in ["one\n", "two\n"] {
            open_log(&at("run.log")).unwrap().write_all(text.as_bytes()).unwrap();
        }
        assert_eq!(fs_err::read_to_string(at("run.log")).unwrap(), "one\ntwo\n");
    }

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
