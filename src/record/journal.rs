//! Append-only JSON Lines, each with its checksum and on disk before anything relies on it.
//!
//! A line counts only when it is whole: newline-ended, parseable, its checksum right. A bad last line never existed,
//! because the only way to make one is to crash while writing it; a bad line with good ones behind it is damage, and
//! refused. Knows nothing of what the lines mean.

use std::io::{self, Seek, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::disk::patiently;

/// Where a journal's bytes live. A file, or a test's disk which loses power.
pub trait Storage {
    /// Everything there is.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Cuts off what lies behind `length`, then adds `line`; returns when both would survive a power cut.
    ///
    /// # Errors
    /// When it may not have been written.
    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()>;

    /// Replaces everything by `contents`, as a whole; returns when that would survive a power cut.
    ///
    /// # Errors
    /// When it may not have been written; what was there before is then still there.
    fn replace(&mut self, contents: &[u8]) -> io::Result<()>;
}

/// A log of entries.
#[derive(Debug)]
pub struct Journal<S> {
    storage: S,
    /// Length of the whole lines, bytes.
    whole: u64,
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line in the middle is not what was written.
    #[error("line {line} is damaged, and whole lines follow it")]
    Damaged {
        /// The line, from 1.
        line: usize,
    },
    /// A line is whole, but not of a kind this program knows.
    #[error("line {line} is of a kind unknown to this poolgate ({because})")]
    Unknown {
        /// The line, from 1.
        line: usize,
        /// What is unknown.
        because: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    entry: &'a RawValue,
    crc32c: u32,
}

impl<S: Storage> Journal<S> {
    /// Reads the journal in `storage`, and its entries.
    ///
    /// # Errors
    /// When a line other than the last is damaged, or one is unknown: nobody may act on half a history.
    pub fn open<E: DeserializeOwned>(mut storage: S) -> Result<(Journal<S>, Vec<E>), JournalError> {
        let bytes = storage.read()?;
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
        let whole = lines.iter().take_while(|line| entry(line).is_some()).count();
        // One append at most can have been cut short. More is damage, also where the newline between two lines was hit.
        let cut_short = lines.get(whole).is_none_or(|line| ends_of_lines(line) <= 1);
        if !cut_short || lines.iter().skip(whole + 1).any(|line| entry(line).is_some()) {
            return Err(JournalError::Damaged { line: whole + 1 });
        }
        let entries = lines[..whole].iter().enumerate().filter_map(|(at, line)| {
            let parsed = serde_json::from_str(entry(line)?);
            Some(parsed.map_err(|error| JournalError::Unknown { line: at + 1, because: error.to_string() }))
        });
        let entries = entries.collect::<Result<_, _>>()?;
        let whole = lines[..whole].iter().map(|line| line.len() as u64).sum();
        Ok((Journal { storage, whole }, entries))
    }

    /// The first entry, if its line is whole, whatever the rest of the journal looks like.
    ///
    /// # Errors
    /// When the storage cannot be read.
    pub fn first<E: DeserializeOwned>(storage: &mut S) -> io::Result<Option<E>> {
        let bytes = storage.read()?;
        let line = bytes.split_inclusive(|&b| b == b'\n').next();
        Ok(line.and_then(entry).and_then(|entry| serde_json::from_str(entry).ok()))
    }

    /// Replaces the whole journal by `entries`, all of them or none.
    ///
    /// # Errors
    /// When they may not be on disk.
    pub fn restart(mut storage: S, entries: &[impl Serialize]) -> io::Result<Journal<S>> {
        let contents = entries.iter().map(line).collect::<io::Result<Vec<_>>>()?.concat();
        storage.replace(&contents)?;
        Ok(Journal { storage, whole: contents.len() as u64 })
    }

    /// Adds an entry; it is on disk when this returns.
    ///
    /// # Errors
    /// When it may not be. The next attempt writes over what is left of this one.
    pub fn append(&mut self, entry: &impl Serialize) -> io::Result<()> {
        let line = line(entry)?;
        self.storage.append(self.whole, &line)?;
        self.whole += line.len() as u64;
        Ok(())
    }
}

/// The line which holds `entry`.
fn line(entry: &impl Serialize) -> io::Result<Vec<u8>> {
    let entry = serde_json::value::to_raw_value(entry)?;
    let crc32c = crc32c::crc32c(entry.get().as_bytes());
    let mut line = serde_json::to_vec(&Line { entry: &entry, crc32c })?;
    line.push(b'\n');
    Ok(line)
}

/// How many lines end within `bytes`: no entry holds these words, as quotes inside of it are escaped.
fn ends_of_lines(bytes: &[u8]) -> usize {
    const WORDS: &[u8] = b",\"crc32c\":";
    bytes.windows(WORDS.len()).filter(|window| *window == WORDS).count()
}

/// The entry of a whole line.
fn entry(line: &[u8]) -> Option<&str> {
    let line: Line<'_> = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
    (crc32c::crc32c(line.entry.get().as_bytes()) == line.crc32c).then(|| line.entry.get())
}

/// The file at this path; it need not exist yet.
impl Storage for PathBuf {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        match fs_err::read(self) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()> {
        // An existing file which only cannot be looked at must not be taken for a new one.
        let fresh = length == 0 && !self.try_exists()?;
        #[cfg(windows)]
        if fresh && !super::CARELESS {
            // So that its name is on disk as well.
            return super::disk::replace(self, line);
        }
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // Whatever the umask: a checkpoint that others could write is not obeyed later.
        #[cfg(unix)]
        fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
        // A link in its place would have another file cut off and written to.
        #[cfg(unix)]
        fs_err::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, CAREFULLY.bits().cast_signed());
        let mut file = patiently(|| options.open(self.as_path()))?;
        file.set_len(length)?;
        file.seek(io::SeekFrom::End(0))?;
        file.write_all(line)?;
        if super::CARELESS {
            return Ok(());
        }
        file.sync_all()?;
        #[cfg(unix)]
        if fresh {
            let folder = self.parent().filter(|parent| !parent.as_os_str().is_empty());
            super::disk::sync_folder(folder.unwrap_or(".".as_ref()))?;
        }
        Ok(())
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        super::disk::replace(self, contents)
    }
}

/// Never through a link, and without waiting for a fifo's other end.
#[cfg(unix)]
const CAREFULLY: rustix::fs::OFlags = rustix::fs::OFlags::NOFOLLOW.union(rustix::fs::OFlags::NONBLOCK);

#[cfg(test)]
mod tests {
    use super::*;

    impl Storage for Vec<u8> {
        fn read(&mut self) -> io::Result<Vec<u8>> {
            Ok(self.clone())
        }

        fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()> {
            self.truncate(length as usize);
            self.extend_from_slice(line);
            Ok(())
        }

        fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
            *self = contents.to_vec();
            Ok(())
        }
    }

    fn written(entries: &[&str]) -> Vec<u8> {
        let (mut journal, _) = Journal::open::<String>(Vec::new()).unwrap();
        entries.iter().for_each(|entry| journal.append(entry).unwrap());
        journal.storage
    }

    fn read(bytes: &[u8]) -> Result<Vec<String>, JournalError> {
        Journal::open(bytes.to_vec()).map(|(_, entries)| entries)
    }

    #[test]
    fn a_journal_cut_anywhere_has_its_whole_lines_and_goes_on_behind_them() {
        let bytes = written(&["first", "second", "third"]);
        for length in 0..bytes.len() {
            let (mut journal, before) = Journal::open::<String>(bytes[..length].to_vec()).unwrap();
            assert_eq!(before, ["first", "second", "third"][..before.len()]);
            journal.append(&"next").unwrap();
            let after = read(&journal.storage).unwrap();
            assert_eq!((after.len(), after.last().unwrap().as_str()), (before.len() + 1, "next"));
        }
    }

    #[test]
    fn a_flipped_bit_is_found_wherever_it_is() {
        let bytes = written(&["first", "second", "third"]);
        let third = written(&["first", "second"]).len();
        for bit in 0..bytes.len() * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            match read(&damaged) {
                // In the last line it is as if that had been torn.
                Ok(entries) => assert!(bit / 8 >= third && entries == ["first", "second"], "bit {bit}: {entries:?}"),
                Err(error) => assert!(matches!(error, JournalError::Damaged { .. }), "bit {bit}: {error}"),
            }
        }
    }

    #[test]
    fn zeros_and_half_lines_at_the_end_never_existed() {
        let mut bytes = written(&["first"]);
        bytes.extend_from_slice(&[0; 600]);
        assert_eq!(read(&bytes).unwrap(), ["first"]);
    }

    #[test]
    fn the_first_entry_is_read_whatever_follows_it() {
        let mut damaged = written(&["first", "second", "third"]);
        let place = written(&["first"]).len() + 20;
        damaged[place] ^= 1;
        assert!(read(&damaged).is_err());
        assert_eq!(Journal::first::<String>(&mut damaged).unwrap().as_deref(), Some("first"));
        damaged[12] ^= 1;
        assert_eq!(Journal::first::<String>(&mut damaged).unwrap(), None);
        assert_eq!(Journal::first::<String>(&mut Vec::new()).unwrap(), None);
    }

    #[test]
    fn a_restarted_journal_holds_only_its_new_entries() {
        let mut journal = Journal::restart(b"damaged\n".to_vec(), &["one", "two"]).unwrap();
        journal.append(&"three").unwrap();
        assert_eq!(read(&journal.storage).unwrap(), ["one", "two", "three"]);
    }

    #[test]
    fn an_entry_of_another_kind_is_refused() {
        let (mut journal, _) = Journal::open::<String>(Vec::new()).unwrap();
        journal.append(&7).unwrap();
        assert!(matches!(read(&journal.storage), Err(JournalError::Unknown { line: 1, .. })));
    }

    #[test]
    fn a_file_which_does_not_exist_yet_is_an_empty_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.jsonl");
        let (mut journal, entries) = Journal::open::<String>(path.clone()).unwrap();
        assert!(entries.is_empty());
        journal.append(&"first").unwrap();
        assert_eq!(Journal::open::<String>(path).unwrap().1, ["first"]);
    }
}
