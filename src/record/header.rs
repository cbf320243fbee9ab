//! What a recording is of: its first frame.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Digest, RecordError};

const FORMAT: &str = "poolgate recording";

/// The newest version of the format, which is the one written.
pub(super) const VERSION: u64 = 1;

/// What a recording is of.
///
/// Fields may be added, each with a default for files which lack it; none is ever removed or given another meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The scenario's name.
    pub scenario: String,
    /// The run's name, which is its folder's.
    pub run: String,
    /// When the recording began. Everything in it is timed from here, by a clock which nobody sets.
    pub started: Timestamp,
    /// The boot during which it was made.
    pub boot: String,
    /// What was sampled: "linux slabinfo", "simulated kernel".
    pub source: String,
    /// The version of poolgate which wrote it.
    pub program: String,
    /// The scenario's text; unknown in files of older versions, and of logs.
    #[serde(default)]
    pub scenario_sha256: Digest,
    /// Where the times of a log's samples come from, each source once. Empty for runs, whose samples are timed by a clock of
    /// poolgate's, in files of older versions, and for a log of one table without a time.
    #[serde(default)]
    pub times: Vec<TimeSource>,
}

/// Where the time of a log's sample comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// A time stamp in the log's text, or a column.
    Text,
    /// A time of day in the log's text, without a date: the next one is less than a day later.
    TextTimeOfDay,
    /// The name of the file.
    FileName,
    /// The date of the file.
    FileDate,
    /// `--every`.
    Every,
    /// The 5 s which live PoolMon lets pass between two screens. Nothing in the log says so.
    Assumed,
    /// Nothing: how much time passed before the sample is not known, and the one in the recording means nothing. A source
    /// which only a later version knows is read as this.
    #[serde(other)]
    Unknown,
}

impl std::fmt::Display for TimeSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            TimeSource::Text => "time stamps in the text",
            TimeSource::TextTimeOfDay => "times of day in the text, taken to be less than a day apart",
            TimeSource::FileName => "file names",
            TimeSource::FileDate => "file dates",
            TimeSource::Every => "--every",
            TimeSource::Assumed => "assumed to be 5 s apart, as live PoolMon's screens are",
            TimeSource::Unknown => "unknown",
        })
    }
}

/// What is checked before the rest is looked at, and so can never change.
#[derive(Serialize, Deserialize)]
struct Identity {
    format: String,
    version: u64,
}

/// A header as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct Opening<H> {
    format: String,
    version: u64,
    /// The end of this file has a seal. Files of older versions have none.
    #[serde(default)]
    pub(super) sealed: bool,
    pub(super) recording: H,
}

impl Header {
    /// What is recorded from `source` by this version. When, in which boot and with which scenario's text is unknown until
    /// it is set.
    pub fn new(scenario: impl Into<String>, run: impl Into<String>, source: impl Into<String>) -> Header {
        Header {
            scenario: scenario.into(),
            run: run.into(),
            started: Timestamp::UNIX_EPOCH,
            boot: String::new(),
            source: source.into(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            scenario_sha256: Digest::default(),
            times: Vec::new(),
        }
    }

    /// Whether the times of all samples are known, so that what grows has a rate.
    pub fn times_are_known(&self) -> bool {
        !self.times.contains(&TimeSource::Unknown)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let opening = Opening { format: FORMAT.to_owned(), version: VERSION, sealed: true, recording: self };
        serde_json::to_writer(out, &opening)?;
        Ok(())
    }

    /// Reads a header's payload; `name` is the file's, for errors.
    pub(super) fn read(payload: &[u8], name: &str) -> Result<Opening<Header>, RecordError> {
        match serde_json::from_slice(payload) {
            Ok(Identity { format, .. }) if format != FORMAT => Err(RecordError::Foreign { name: name.to_owned() }),
            Ok(Identity { version: found, .. }) if found > VERSION => {
                Err(RecordError::Newer { name: name.to_owned(), found })
            }
            Ok(_) | Err(_) => match serde_json::from_slice(payload) {
                Ok(opening) => Ok(opening),
                Err(_) => Err(RecordError::NoHeader { name: name.to_owned() }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Header, String> {
        Header::read(json.as_bytes(), "x.pgr").map(|opening| opening.recording).map_err(|error| error.to_string())
    }

    const RECORDING: &str = r#"{"scenario":"s","run":"r","started":"2026-01-02T03:04:05Z","boot":"b","source":"linux slabinfo","program":"0.1.0","later":1}"#;

    #[test]
    fn fields_of_a_later_program_are_passed_over() {
        let header =
            read(&format!(r#"{{"format":"poolgate recording","version":1,"also":[],"recording":{RECORDING}}}"#))
                .unwrap();
        assert_eq!((header.scenario.as_str(), header.source.as_str()), ("s", "linux slabinfo"));
        assert!(header.times.is_empty() && header.times_are_known(), "files of older versions are of runs");
        let later = RECORDING.replace("\"later\":1", "\"times\":[\"text\",\"a later source\"]");
        let header = read(&format!(r#"{{"format":"poolgate recording","version":1,"recording":{later}}}"#)).unwrap();
        assert_eq!(
            (header.times.as_slice(), header.times_are_known()),
            (&[TimeSource::Text, TimeSource::Unknown][..], false)
        );
    }

    #[test]
    fn a_newer_format_is_refused_whatever_it_looks_like() {
        assert_eq!(
            read(r#"{"format":"poolgate recording","version":2}"#).unwrap_err(),
            "x.pgr was written by a newer poolgate (format 2, this one reads 1)"
        );
    }

    #[test]
    fn another_format_is_no_recording() {
        assert_eq!(
            read(r#"{"format":"poolgate checkpoint","version":1}"#).unwrap_err(),
            "x.pgr is not a poolgate recording"
        );
    }
}
