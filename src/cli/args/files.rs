//! The files on a command line: runs, logs, and series of single tables.
//!
//! A file with one table shows no growth. So files with one table each are joined into one log, in order of time,
//! unless `--each` is given. A file with more tables is judged by itself.

use std::path::PathBuf;
use std::time::Duration;

use crate::cli::args::recorded_file::RecordedFile;
use crate::cli::args::wildcards::expanded;
use crate::import::ImportError;
use crate::scenario;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Files {
    /// Recordings, folders of runs, or logs, compressed with gzip or not. Logs may come from PoolMon, WinDbg,
    /// /proc/slabinfo, CSV files and more (docs/logs.md)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    interval: TableInterval,
    /// Treat all files as parts of one log; by default only files with one table each are joined
    #[arg(long, conflicts_with = "each")]
    join: bool,
    /// Treat each file separately
    #[arg(long)]
    each: bool,
}

/// The interval between tables.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct TableInterval {
    /// Time between the tables of a log, if the log does not give it: `30m`, `5s`, `1h`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) every: Option<Duration>,
}

impl Files {
    /// Opens the files. Each result comes with its name for error messages.
    pub(in crate::cli) fn open(&self) -> Vec<(PathBuf, Result<RecordedFile, ImportError>)> {
        let files: Vec<PathBuf> = self.files.iter().flat_map(|file| expanded(file)).collect();
        if self.join && files.len() > 1 {
            return vec![self.joined(&files)];
        }
        let opened = files.into_iter().map(|file| {
            let opened = RecordedFile::open(&file, self.interval.every);
            (file, opened)
        });
        let mut opened: Vec<_> = opened.collect();
        let is_single = |(_, opened): &(PathBuf, Result<RecordedFile, ImportError>)| {
            opened.as_ref().is_ok_and(RecordedFile::is_one_table)
        };
        let single: Vec<PathBuf> = opened.iter().filter(|one| is_single(one)).map(|(file, _)| file.clone()).collect();
        if self.each || single.len() < 2 {
            return opened;
        }
        // The series takes the place of its first file.
        let place = opened.iter().position(is_single).unwrap_or(0);
        opened.retain(|one| !is_single(one));
        opened.insert(place, self.joined(&single));
        opened
    }

    fn joined(&self, files: &[PathBuf]) -> (PathBuf, Result<RecordedFile, ImportError>) {
        let opened = RecordedFile::open_series(files, self.interval.every);
        let name = opened.as_ref().map_or_else(|_| files[0].clone(), |opened| opened.path.clone());
        (name, opened)
    }
}

/// Parses the time between tables.
fn duration(text: &str) -> Result<Duration, String> {
    let length = Some(length(text)?).filter(|length| !length.is_zero());
    length.ok_or_else(|| "the time between two tables must be more than 0".to_owned())
}

/// Parses a length of time in the units of scenarios: `30 min`, `30m`, `1h30m`, `5 s`, `1d`.
pub(in crate::cli) fn length(text: &str) -> Result<Duration, String> {
    Ok(scenario::Duration::given(text)?.as_std())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_written_as_people_do() {
        for (text, seconds) in
            [("30m", 1800), ("5s", 5), ("1h30m", 5400), ("30 min", 1800), ("1d", 86_400), ("2 hours", 7200)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "5", "-5s", "0s", "soon", "1mo"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
