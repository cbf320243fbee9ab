//! Writes screens to a file or to stdout, each in one write.

use std::io::{self, Write};
use std::path::Path;

use fs_err::{File, OpenOptions};
use jiff::Timestamp;

use crate::mon::{PoolmonText, Screen};

/// A sequence of screens.
pub(super) struct Pages {
    out: Box<dyn Write>,
    text: PoolmonText,
    timestamps: bool,
    /// Whether an empty line must separate the next screen from earlier text.
    needs_blank_line: bool,
}

impl Pages {
    pub(super) fn stdout(text: PoolmonText, timestamps: bool) -> Pages {
        Pages { out: Box::new(io::stdout()), text, timestamps, needs_blank_line: false }
    }

    /// Appends to a file, and creates it if it does not exist.
    pub(super) fn append(path: &Path, text: PoolmonText, timestamps: bool) -> io::Result<Pages> {
        let (file, needs_blank_line) = open(path)?;
        Ok(Pages { out: Box::new(file), text, timestamps, needs_blank_line })
    }

    /// Writes one screen, after an empty line if there is text before it.
    pub(super) fn write(&mut self, screen: &Screen) -> io::Result<()> {
        let above = if self.needs_blank_line { "\n" } else { "" };
        let time = if self.timestamps { format!("# {}\n", to_the_millisecond(screen.at)) } else { String::new() };
        let page = [above.as_bytes(), time.as_bytes(), &self.text.live(screen)].concat();
        self.out.write_all(&page)?;
        self.needs_blank_line = true;
        self.out.flush()
    }
}

/// Appends one snapshot to a file, or prints it if the file is `-`. On stdout, `needs_blank_line` puts
/// an empty line before it; in a file, existing text does.
pub(super) fn snapshot(path: &Path, text: &PoolmonText, screen: &Screen, needs_blank_line: bool) -> io::Result<()> {
    let (mut out, needs_blank_line): (Box<dyn Write>, bool) = if path == Path::new("-") {
        (Box::new(io::stdout()), needs_blank_line)
    } else {
        let (file, needs_blank_line) = open(path)?;
        (Box::new(file), needs_blank_line)
    };
    let above = if needs_blank_line { "\n" } else { "" };
    out.write_all(&[above.as_bytes(), &text.snapshot(screen)].concat())?;
    out.flush()
}

/// Opens a file for appending; returns whether it already has contents.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let needs_blank_line = file.metadata()?.len() > 0;
    Ok((file, needs_blank_line))
}

fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
