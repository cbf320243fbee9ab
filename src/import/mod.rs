//! Logs which other samplers wrote, turned into recordings: whatever is judged enters here and goes the same way.
//!
//! [`open`] looks at how a file begins, never at its name. A recording is opened as it is; a CSV file, gzipped or not, is
//! read row by row into a recording of its own, so that memory holds the recording and never the text. A row which makes
//! no sense is an error with its line, and nothing of the file is judged then.

use std::io::{Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use fs_err::File;

use crate::record::{Recorder, Recording};

mod csv;
mod error;

pub use error::ImportError;

use error::Wrong;

/// Bytes of a file's beginning which tell what it is.
const BEGINNING: usize = 4;

/// Opens a recording, or reads a log as one.
///
/// # Errors
/// [`ImportError`], with the line of a row which makes no sense.
pub fn open(path: &Path) -> Result<Recording, ImportError> {
    let (beginning, input) = peek(File::open(path)?)?;
    if Recording::begins(&beginning) {
        return Ok(Recording::open(path)?);
    }
    let name = path.display().to_string();
    if beginning.starts_with(&[0x1f, 0x8b]) {
        let (beginning, input) = peek(MultiGzDecoder::new(input)).map_err(|error| broken_gzip(&name, &error))?;
        return read(&beginning, input, path, &name);
    }
    read(&beginning, input, path, &name)
}

fn read(beginning: &[u8], input: impl Read, path: &Path, name: &str) -> Result<Recording, ImportError> {
    if let Some(Wrong { what, help }) = foreign(beginning) {
        return Err(ImportError::Beginning { name: name.to_owned(), what, help });
    }
    // A recording is written to a file and read from memory; this one is in nobody's way.
    let folder = tempfile::tempdir()?;
    let imported = folder.path().join("imported.pgr");
    csv::read(input, path, |header| Recorder::create(&imported, header))?;
    Ok(Recording::open(&imported)?)
}

/// The first bytes, and all of them again.
fn peek<R: Read>(mut input: R) -> std::io::Result<(Vec<u8>, impl Read)> {
    let mut beginning = Vec::new();
    input.by_ref().take(BEGINNING as u64).read_to_end(&mut beginning)?;
    Ok((beginning.clone(), Cursor::new(beginning).chain(input)))
}

/// What is known not to be CSV.
fn foreign(beginning: &[u8]) -> Option<Wrong> {
    let wrong = |what, help| Some(Wrong::new(what, help));
    match beginning {
        [] => wrong("is empty", "give a recording.pgr, the folder of a run, or a log as CSV (docs/csv.md)"),
        // Of UTF-16 without a mark, every second byte of a text like this is zero.
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0] | [0, _, 0, _] => {
            wrong("is UTF-16", "save it as UTF-8: in PowerShell with `-Encoding utf8`, since `>` writes UTF-16")
        }
        [b'P', b'K', 3, 4] => wrong("is a zip archive", "unpack it, or compress the CSV file with gzip"),
        _ => None,
    }
}

fn broken_gzip(name: &str, error: &std::io::Error) -> ImportError {
    let what = format!("begins like gzip, but cannot be unpacked ({error})");
    ImportError::Beginning { name: name.to_owned(), what, help: "compress it again, or give the CSV file".to_owned() }
}
