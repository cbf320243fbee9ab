//! `/dev/kmsg`: the kernel's log, record by record. Each record has a number that is unique within its boot.
//!
//! `priority,sequence,microseconds,flags[,…];text`, then lines of details that begin with a space
//! (Documentation/ABI/testing/dev-kmsg). The kernel escapes control characters in the text itself (`\x0a`). Programs
//! may write to /dev/kmsg too, but never with the kernel's facility, so their records are left out.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use crate::machine::{KernelMessages, MachineError};

/// The size of the buffer for a record, in bytes. The kernel refuses to read a longer record into it (printk's
/// PRINTK_MESSAGE_MAX is 2048).
const BUFFER: usize = 16 << 10;

/// Returns the number that the next record will have.
///
/// # Errors
/// If the log cannot be read, mostly for lack of permission.
pub fn kernel_log_position(root: &Path) -> Result<u64, MachineError> {
    let records = read(root)?;
    Ok(records.lines().filter_map(Record::parse).next_back().map_or(0, |record| record.number + 1))
}

/// Returns the kernel's messages from record number `from` on.
///
/// # Errors
/// If the log cannot be read, mostly for lack of permission.
pub fn kernel_messages(root: &Path, from: u64) -> Result<KernelMessages, MachineError> {
    let text = read(root)?;
    let mut messages = KernelMessages::default();
    let mut next = from;
    for record in text.lines().filter_map(Record::parse).filter(|record| record.number >= from) {
        messages.lost += record.number.saturating_sub(next);
        next = record.number + 1;
        if record.by_kernel {
            let (seconds, micros) = (record.micros / 1_000_000, record.micros % 1_000_000);
            messages.lines.push(format!("[{seconds:>5}.{micros:06}] {}", record.text));
        }
    }
    Ok(messages)
}

/// Reads all records that the kernel still has, as text.
fn read(root: &Path) -> Result<String, MachineError> {
    let path = root.join("dev/kmsg");
    let unreadable = |source| MachineError::unreadable(&path, source);
    // Without NONBLOCK the read would block at the end of the log.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(&path).map_err(unreadable)?;
    Ok(String::from_utf8_lossy(&all(&mut file).map_err(unreadable)?).into_owned())
}

fn all(kmsg: &mut impl Read) -> io::Result<Vec<u8>> {
    let (mut text, mut record) = (Vec::new(), [0; BUFFER]);
    loop {
        match kmsg.read(&mut record) {
            Ok(0) => return Ok(text),
            Ok(length) => text.extend_from_slice(&record[..length]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(text),
            // EPIPE: the next record was overwritten, and the following read returns the oldest one left.
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
}

/// A record's first line.
struct Record<'a> {
    by_kernel: bool,
    number: u64,
    micros: u64,
    text: &'a str,
}

impl<'a> Record<'a> {
    /// Parses a line; `None` for a line of details.
    fn parse(line: &'a str) -> Option<Record<'a>> {
        let (fields, text) = line.split_once(';').filter(|_| !line.starts_with(' '))?;
        let mut fields = fields.split(',').map(str::parse::<u64>);
        let mut field = || fields.next()?.ok();
        let (priority, number, micros) = (field()?, field()?, field()?);
        // The lower three bits are the level; the facility of the kernel is 0 (syslog(2)).
        Some(Record { by_kernel: priority >> 3 == 0, number, micros, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "6,7,1000001,-;before the run\n\
                       4,8,12345678,-,caller=T1;BUG cache (Not tainted): Objects remaining\n SUBSYSTEM=module\n DEVICE=+a:b;c\n\
                       12,9,12345679,-;BUG: KASAN: a program says so\n\
                       3,12,12400000,-;after; a gap\\x0a\n";

    fn root(log: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs_err::create_dir(root.path().join("dev")).unwrap();
        fs_err::write(root.path().join("dev/kmsg"), log).unwrap();
        root
    }

    #[test]
    fn only_the_kernels_own_messages_from_a_number_on_are_returned() {
        let root = root(LOG);
        assert_eq!(kernel_log_position(root.path()).unwrap(), 13);
        let messages = kernel_messages(root.path(), 8).unwrap();
        let lines = ["[   12.345678] BUG cache (Not tainted): Objects remaining", "[   12.400000] after; a gap\\x0a"];
        assert_eq!((messages.lines.as_slice(), messages.lost), (lines.map(str::to_owned).as_slice(), 2));
        assert_eq!(kernel_messages(root.path(), 13).unwrap(), KernelMessages::default());
        assert_eq!(kernel_messages(root.path(), 3).unwrap().lost, 4 + 2, "older records are overwritten");
    }

    #[test]
    fn a_log_that_cannot_be_read_is_an_error() {
        let nowhere = tempfile::tempdir().unwrap();
        let error = kernel_messages(nowhere.path(), 0).unwrap_err().to_string();
        assert!(error.contains("dev/kmsg"), "{error}");
    }

    #[test]
    fn overwritten_records_are_skipped() {
        struct Kmsg(Vec<io::Result<&'static str>>);
        impl Read for Kmsg {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let record = self.0.remove(0)?;
                buffer[..record.len()].copy_from_slice(record.as_bytes());
                Ok(record.len())
            }
        }
        let error = |kind: ErrorKind| Err(io::Error::from(kind));
        let mut kmsg = Kmsg(vec![Ok("one\n"), error(ErrorKind::BrokenPipe), Ok("two\n"), error(ErrorKind::WouldBlock)]);
        assert_eq!(all(&mut kmsg).unwrap(), b"one\ntwo\n");
        assert!(all(&mut Kmsg(vec![error(ErrorKind::PermissionDenied)])).is_err());
    }
}
