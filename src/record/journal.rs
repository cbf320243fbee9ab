//! Append-only JSON Lines. Each line has a checksum, and is on disk before any other step relies on it.
//!
//! A line counts only if it is whole: it ends with a newline, parses, and has the right checksum. A bad last line is
//! ignored, because only a crash during its write can make one. A bad line before good ones is damage, and is refused.
//! The module does not know the meaning of the lines.

use std::io::{self, Seek, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::durable;

/// The storage of a journal: a file, or a simulated disk in tests that loses power.
pub trait Storage {
    /// Returns all bytes.
    ///
    /// # Errors
    /// If they cannot be read.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Truncates to `length`, then adds `line`. Returns when both would survive a power cut.
    ///
    /// # Errors
    /// If the line may not be on disk.
    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()>;

    /// Replaces all bytes by `contents`, as a whole. Returns when this would survive a power cut.
    ///
    /// # Errors
    /// If the new contents may not be on disk. The old contents are then still there.
    fn replace(&mut self, contents: &[u8]) -> io::Result<()>;
}

/// A log of entries.
#[derive(Debug)]
pub struct Journal<S> {
    storage: S,
    /// Length of the whole lines, in bytes.
    whole: u64,
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The storage could not be read, written or synced.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line before the last one is damaged.
    #[error("line {line} is damaged, and whole lines follow it")]
    Damaged {
        /// The line, from 1.
        line: usize,
    },
    /// A line is whole, but of a kind that this program does not know.
    #[error("line {line} is of a kind unknown to this poolgate ({because})")]
    Unknown {
        /// The line, from 1.
        line: usize,
        /// The reason why the entry could not be parsed.
        because: String,
    },
}

#[derive(Serialize, Deserialize)]
struct JournalLine<'a> {
    #[serde(borrow)]
    entry: &'a RawValue,
    crc32c: u32,
}

impl<S: Storage> Journal<S> {
    /// Opens the journal in `storage` and returns it with its entries.
    ///
    /// # Errors
    /// If a line other than the last is damaged or a line is unknown, because a partial history must not be used.
    pub fn open<E: DeserializeOwned>(mut storage: S) -> Result<(Journal<S>, Vec<E>), JournalError> {
        let bytes = storage.read()?;
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
        let whole = lines.iter().take_while(|line| entry(line).is_some()).count();
        // At most one append was cut short. More is damage, even if only the newline between two lines was hit.
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

    /// Returns the first entry if its line is whole, even if later lines are damaged.
    ///
    /// # Errors
    /// If the storage cannot be read.
    pub fn first<E: DeserializeOwned>(storage: &mut S) -> io::Result<Option<E>> {
        let bytes = storage.read()?;
        let line = bytes.split_inclusive(|&b| b == b'\n').next();
        Ok(line.and_then(entry).and_then(|entry| serde_json::from_str(entry).ok()))
    }

    /// Replaces the journal by `entries`, all of them or none.
    ///
    /// # Errors
    /// If the entries may not be on disk.
    pub fn restart(mut storage: S, entries: &[impl Serialize]) -> io::Result<Journal<S>> {
        let contents = entries.iter().map(line).collect::<io::Result<Vec<_>>>()?.concat();
        storage.replace(&contents)?;
        Ok(Journal { storage, whole: contents.len() as u64 })
    }

    /// Adds an entry; it is on disk when this returns.
    ///
    /// # Errors
    /// If the entry may not be on disk. The next attempt overwrites its remains.
    pub fn append(&mut self, entry: &impl Serialize) -> io::Result<()> {
        let line = line(entry)?;
        self.storage.append(self.whole, &line)?;
        self.whole += line.len() as u64;
        Ok(())
    }
}

/// Makes the line of `entry`.
fn line(entry: &impl Serialize) -> io::Result<Vec<u8>> {
    let entry = serde_json::value::to_raw_value(entry)?;
    let crc32c = crc32c::crc32c(entry.get().as_bytes());
    let mut line = serde_json::to_vec(&JournalLine { entry: &entry, crc32c })?;
    line.push(b'\n');
    Ok(line)
}

/// Counts the lines that end within `bytes`. Entries cannot contain these bytes, because quotes in them are escaped.
fn ends_of_lines(bytes: &[u8]) -> usize {
    const WORDS: &[u8] = b",\"crc32c\":";
    bytes.windows(WORDS.len()).filter(|window| *window == WORDS).count()
}

/// Returns the entry of a whole line.
fn entry(line: &[u8]) -> Option<&str> {
    let line: JournalLine<'_> = serde_json::from_slice(line.strip_suffix(b"\n")?).ok()?;
    (crc32c::crc32c(line.entry.get().as_bytes()) == line.crc32c).then(|| line.entry.get())
}

/// The file at this path. It does not have to exist yet.
impl Storage for PathBuf {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        match fs_err::read(self) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()> {
        // `try_exists` fails if the file exists but cannot be checked. Such a file must not count as new.
        let fresh = length == 0 && !self.try_exists()?;
        #[cfg(windows)]
        if fresh && !super::CARELESS {
            // `replace` also puts the name on disk.
            return super::disk::replace(self, line);
        }
        let mut options = fs_err::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        // Sets the mode regardless of the umask: a checkpoint that other users can write to is refused later.
        #[cfg(unix)]
        fs_err::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
        // A symbolic link here would truncate another file and write to it.
        #[cfg(unix)]
        fs_err::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, CAREFULLY.bits().cast_signed());
        let mut file = durable::patiently(|| options.open(self.as_path()))?;
        file.set_len(length)?;
        file.seek(io::SeekFrom::End(0))?;
        file.write_all(line)?;
        if super::CARELESS {
            return Ok(());
        }
        file.sync_all()?;
        #[cfg(unix)]
        if fresh {
            durable::sync_folder(durable::folder_of(self))?;
        }
        Ok(())
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        super::disk::replace(self, contents)
    }
}

/// Follows no symbolic link, and does not wait for the other end of a FIFO.
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
                // Damage in the last line looks like a torn write.
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
    fn the_first_entry_is_read_with_anything_behind_it() {
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
    fn a_file_that_does_not_exist_yet_is_an_empty_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint.jsonl");
        let (mut journal, entries) = Journal::open::<String>(path.clone()).unwrap();
        assert!(entries.is_empty());
        journal.append(&"first").unwrap();
        assert_eq!(Journal::open::<String>(path).unwrap().1, ["first"]);
    }
}
