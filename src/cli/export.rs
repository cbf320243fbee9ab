//! `poolgate export`: recordings in forms which other programs read.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};

use super::recorded::Recorded;
use super::trouble;
use crate::exit::Exit;
use crate::record::{Unwritten, write_csv};

/// Writes a recording in another form.
#[derive(Debug, clap::Args)]
pub(super) struct Export {
    /// A recording, or the folder of a run
    #[arg(value_name = "RECORDING")]
    file: PathBuf,
    /// Write CSV: one row a sample and tag
    #[arg(long, required = true)]
    csv: bool,
    /// Write the columns `stage` and `settled` too, so that it is judged exactly as the recording is
    #[arg(long)]
    stages: bool,
    /// Write to this file, gzipped if its name ends in .gz; without it, to stdout
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self) -> Exit {
        let recorded = match Recorded::open(&self.file) {
            Ok(recorded) => recorded,
            Err(error) => {
                trouble::tell(&error, error.help());
                return Exit::Failed;
            }
        };
        match self.write(&recorded) {
            Ok(unwritten) => tell_unwritten(unwritten),
            // Whoever reads a pipe may have seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            Err(error) => {
                trouble::tell(error, Some("what was written so far is not the whole recording"));
                return Exit::Failed;
            }
        }
        Exit::Held
    }

    fn write(&self, recorded: &Recorded) -> io::Result<Unwritten> {
        let Some(path) = &self.output else {
            return Ok(write_csv(&recorded.recording, io::stdout().lock(), self.stages)?);
        };
        let mut file = BufWriter::new(fs_err::File::create(path)?);
        let unwritten = if path.extension().is_some_and(|extension| extension == "gz") {
            let mut gzip = GzEncoder::new(&mut file, Compression::default());
            let unwritten = write_csv(&recorded.recording, &mut gzip, self.stages)?;
            gzip.finish()?;
            unwritten
        } else {
            write_csv(&recorded.recording, &mut file, self.stages)?
        };
        file.flush()?;
        Ok(unwritten)
    }
}

/// What the file does not hold.
fn tell_unwritten(unwritten: Unwritten) {
    let Unwritten { gaps, damaged, looks, unfinished } = unwritten;
    for (count, what) in [
        (gaps, "samples could not be read when it was recorded; the file does not show where"),
        (damaged, "places of the recording are damaged; what stood there is missing"),
        (looks, "second looks: the file has their samples, but not their plan, and confirms nothing"),
    ] {
        if count > 0 {
            anstream::eprintln!("note: {count} {what}");
        }
    }
    if unfinished {
        anstream::eprintln!("note: the recording has no end: the run was interrupted, or is still going on");
    }
}
