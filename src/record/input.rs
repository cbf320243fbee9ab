//! Opens files named by the user, such that reading them always ends.
//!
//! A device can return bytes forever, and opening a named pipe without a writer waits forever. So devices are refused,
//! files are opened without waiting, and a pipe is given up after a minute without data or after too much data.

use std::io::{self, Read};
use std::path::Path;

use fs_err::{File, OpenOptions};

use super::RecordError;

/// Size of the largest recording that is read, in bytes. A recording of 4,000 tags over a month has 6 GB.
pub(super) const LARGEST: u64 = 8 << 30;

/// A file or a pipe to read.
#[derive(Debug)]
pub struct Input(Opened);

#[derive(Debug)]
enum Opened {
    File(File),
    Pipe(Pipe),
}

impl Input {
    /// Opens the file or pipe at `path`.
    ///
    /// # Errors
    /// If it cannot be opened, or is neither a file nor a pipe; the text names it.
    pub fn open(path: &Path) -> io::Result<Input> {
        let file = without_waiting(path)?;
        let kind = file.metadata()?.file_type();
        if kind.is_file() {
            return Ok(Input(Opened::File(file)));
        }
        Pipe::new(file, kind).map(|pipe| Input(Opened::Pipe(pipe))).ok_or_else(|| not_a_file(path))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Opened::File(file) => file.read(buffer),
            Opened::Pipe(pipe) => pipe.read(buffer),
        }
    }
}

/// Reads a regular file into memory.
pub(super) fn whole(path: &Path) -> Result<Vec<u8>, RecordError> {
    match Input::open(path)? {
        Input(Opened::File(file)) => whole_file(file, path, LARGEST),
        Input(Opened::Pipe(_)) => Err(not_a_file(path).into()),
    }
}

fn whole_file(file: File, path: &Path, largest: u64) -> Result<Vec<u8>, RecordError> {
    let too_long = || RecordError::TooLong { name: path.display().to_string() };
    let length = file.metadata()?.len();
    if length > largest {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(length).unwrap_or(0)).map_err(io::Error::other)?;
    // The file may grow meanwhile, and a file in /proc or /sys may have no end.
    file.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest { Err(too_long()) } else { Ok(bytes) }
}

fn not_a_file(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{} is not a regular file", path.display()))
}

/// Opens a file for reading, without waiting for the writer of a pipe.
#[cfg(unix)]
fn without_waiting(path: &Path) -> io::Result<File> {
    use fs_err::os::unix::fs::OpenOptionsExt;
    use rustix::fs::OFlags;

    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(windows)]
fn without_waiting(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
use unix::Pipe;
#[cfg(windows)]
use windows::Pipe;

#[cfg(unix)]
mod unix {
    use std::fs::FileType;
    use std::io::{self, Read};
    use std::os::unix::fs::FileTypeExt;

    use fs_err::File;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    /// The longest wait for data from a pipe.
    const PATIENCE: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };
    /// The most data read from a pipe, in bytes. Larger logs must be files.
    const MOST: u64 = 1 << 30;

    /// The read end of a pipe.
    #[derive(Debug)]
    pub(super) struct Pipe {
        file: File,
        patience: Timespec,
        left: u64,
    }

    impl Pipe {
        pub(super) fn new(file: File, kind: FileType) -> Option<Pipe> {
            kind.is_fifo().then_some(Pipe { file, patience: PATIENCE, left: MOST })
        }

        fn wait(&self) -> io::Result<()> {
            let mut ready = [PollFd::new(&self.file, PollFlags::IN)];
            loop {
                match poll(&mut ready, Some(&self.patience)) {
                    Ok(0) => {
                        let what = format!("nothing came out of {} for a minute", self.file.path().display());
                        return Err(io::Error::new(io::ErrorKind::TimedOut, what));
                    }
                    Err(rustix::io::Errno::INTR) => {}
                    Ok(_) => return Ok(()),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            loop {
                self.wait()?;
                match self.file.read(buffer) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Ok(read) if read as u64 > self.left => {
                        let what =
                            format!("more than 1 GiB came out of {}: save it as a file", self.file.path().display());
                        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
                    }
                    read => {
                        self.left -= *read.as_ref().unwrap_or(&0) as u64;
                        return read;
                    }
                }
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn silent() -> (Pipe, std::io::PipeWriter) {
            let (reader, writer) = io::pipe().unwrap();
            let file = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
            let patience = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
            (Pipe { file: File::from_parts(file, "a pipe"), patience, left: 10 }, writer)
        }

        #[test]
        fn a_pipe_without_a_writer_is_an_error() {
            let (mut pipe, writer) = silent();
            let error = pipe.read(&mut [0; 8]).unwrap_err();
            assert_eq!(error.to_string(), "nothing came out of a pipe for a minute");
            drop(writer);
            assert_eq!(pipe.read(&mut [0; 8]).unwrap(), 0);
        }

        #[test]
        fn a_pipe_that_never_ends_is_given_up() {
            let (mut pipe, mut writer) = silent();
            io::Write::write_all(&mut writer, &[b'y'; 16]).unwrap();
            assert_eq!(pipe.read(&mut [0; 8]).unwrap(), 8);
            let error = pipe.read(&mut [0; 8]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        }
    }
}

#[cfg(windows)]
mod windows {
    use std::convert::Infallible;
    use std::fs::FileType;
    use std::io::{self, Read};

    use fs_err::File;

    /// Has no values: a pipe of Windows is not a file with a path.
    #[derive(Debug)]
    pub(super) struct Pipe(Infallible);

    impl Pipe {
        pub(super) fn new(_: File, _: FileType) -> Option<Pipe> {
            None
        }
    }

    impl Read for Pipe {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            match self.0 {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_larger_than_any_recording_is_not_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), [7; 100]).unwrap();
        let read = |largest| whole_file(File::open(file.path()).unwrap(), file.path(), largest);
        assert_eq!(read(100).unwrap(), [7; 100]);
        assert!(matches!(read(99), Err(RecordError::TooLong { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_refused() {
        for device in ["/dev/zero", "/dev/urandom", "/dev/null"] {
            let error = Input::open(Path::new(device)).unwrap_err();
            assert_eq!(error.to_string(), format!("{device} is not a regular file"));
        }
    }
}
