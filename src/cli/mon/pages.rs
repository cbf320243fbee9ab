//! Where screens are written: one after the other to a file or to stdout, each whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use fs_err::{File, OpenOptions};
use jiff::Timestamp;

use crate::mon::{Screen, Text};

/// Screens one after the other.
pub(super) struct Pages {
    out: Box<dyn Write>,
    text: Text,
    timestamps: bool,
    /// Whether something stands above the next screen.
    below: bool,
}

impl Pages {
    /// Screens on stdout.
    pub(super) fn stdout(text: Text, timestamps: bool) -> Pages {
        Pages { out: Box::new(io::stdout()), text, timestamps, below: false }
    }

    /// Screens at the end of a file, which is made where there is none.
    pub(super) fn append(path: &Path, text: Text, timestamps: bool) -> io::Result<Pages> {
        let (file, below) = open(path)?;
        Ok(Pages { out: Box::new(file), text, timestamps, below })
    }

    /// Writes one screen, an empty line after the one before.
    pub(super) fn write(&mut self, screen: &Screen) -> io::Result<()> {
        let above = if self.below { "\n" } else { "" };
        let time = if self.timestamps { format!("# {}\n", to_the_millisecond(screen.at)) } else { String::new() };
        let page = [above.as_bytes(), time.as_bytes(), &self.text.live(screen)].concat();
        self.out.write_all(&page)?;
        self.below = true;
        self.out.flush()
    }
}

/// Appends one snapshot to a file, or prints it if `-` is named; `below` is whether one was printed before it.
pub(super) fn snapshot(path: &Path, text: &Text, screen: &Screen, below: bool) -> io::Result<()> {
    let (mut out, below): (Box<dyn Write>, bool) = if path == Path::new("-") {
        (Box::new(io::stdout()), below)
    } else {
        let (file, below) = open(path)?;
        (Box::new(file), below)
    };
    let above = if below { "\n" } else { "" };
    out.write_all(&[above.as_bytes(), &text.snapshot(screen)].concat())?;
    out.flush()
}

/// A file which is written at its end, and whether it has something in it.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let below = file.metadata()?.len() > 0;
    Ok((file, below))
}

fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}
