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
    separated: bool,
}

impl Pages {
    pub(super) fn stdout(text: PoolmonText, timestamps: bool) -> Pages {
        Pages { out: Box::new(io::stdout()), text, timestamps, separated: false }
    }

    /// Appends to a file, and creates it if it does not exist.
    pub(super) fn append(path: &Path, text: PoolmonText, timestamps: bool) -> io::Result<Pages> {
        let (file, separated) = open(path)?;
        Ok(Pages { out: Box::new(file), text, timestamps, separated })
    }

    /// Writes one screen, after an empty line unless it is the first.
    pub(super) fn write(&mut self, screen: &Screen) -> io::Result<()> {
        let above = if self.separated { "\n" } else { "" };
        let time = if self.timestamps { format!("# {}\n", to_the_millisecond(screen.at)) } else { String::new() };
        let page = [above.as_bytes(), time.as_bytes(), &self.text.live(screen)].concat();
        self.out.write_all(&page)?;
        self.separated = true;
        self.out.flush()
    }
}

/// Appends one snapshot to a file, or prints it if the file is `-`. `separated`: whether a snapshot was printed before.
pub(super) fn snapshot(path: &Path, text: &PoolmonText, screen: &Screen, separated: bool) -> io::Result<()> {
    let (mut out, separated): (Box<dyn Write>, bool) = if path == Path::new("-") {
        (Box::new(io::stdout()), separated)
    } else {
        let (file, separated) = open(path)?;
        (Box::new(file), separated)
    };
    let above = if separated { "\n" } else { "" };
    out.write_all(&[above.as_bytes(), &text.snapshot(screen)].concat())?;
    out.flush()
}

/// Opens a file for appending; returns whether it already has contents.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let separated = file.metadata()?.len() > 0;
    Ok((file, separated))
}

fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
