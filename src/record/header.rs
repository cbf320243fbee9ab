//! The header of a recording: the payload of its first frame.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Digest, RecordError};

const FORMAT: &str = "poolgate recording";

/// The newest version of the format. New files have it.
pub(super) const VERSION: u64 = 1;

/// Describes a recording.
///
/// Later versions may add fields, each with a default for files without it. They never remove a field or change its
/// meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name of the scenario, or of an imported file.
    pub scenario: String,
    /// The run's name, which is also the name of its folder.
    pub run: String,
    /// The time when the recording began. All times in the recording count from here, by a clock that cannot be set.
    pub started: Timestamp,
    /// The boot in which the recording was made.
    pub boot: String,
    /// The source of the samples: "linux slabinfo", "simulated kernel".
    pub source: String,
    /// The version of poolgate that wrote the file.
    pub program: String,
    /// The digest of the scenario's text. Unknown in files of older versions and for logs.
    #[serde(default)]
    pub scenario_sha256: Digest,
    /// The sources of the times of a log's samples, each source once. Empty for runs, because poolgate times their
    /// samples with its own clock; also empty in files of older versions and for a log of one table without a time.
    #[serde(default)]
    pub times: Vec<TimeSource>,
}

/// The source of the time of a log's sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// A time stamp in the log's text, or a column.
    Text,
    /// A time of day in the log's text, without a date. Each sample is less than a day after the one before.
    TextTimeOfDay,
    /// The name of the file.
    FileName,
    /// The date of the file.
    FileDate,
    /// The user gave the time between tables with `--every`.
    Every,
    /// An assumed 5 s, the time between two screens of live PoolMon. The log itself has no time.
    Assumed,
    /// No source. The time between the sample and the one before is unknown, and the time in the recording has no
    /// meaning. Sources of later versions are read as this one.
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

/// The fields that are checked before the rest is parsed. They never change.
#[derive(Serialize, Deserialize)]
struct Identity {
    format: String,
    version: u64,
}

/// A header in its written form.
#[derive(Serialize, Deserialize)]
pub(super) struct Opening<H> {
    format: String,
    version: u64,
    /// Whether the end of this file has a seal. Files of older versions have none.
    #[serde(default)]
    pub(super) sealed: bool,
    pub(super) recording: H,
}

impl Header {
    /// Makes a header for a recording by this version of poolgate. Start time, boot and scenario text are unknown until
    /// they are set.
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

    /// Returns whether the times of all samples are known, so that growth has a rate.
    pub fn times_are_known(&self) -> bool {
        !self.times.contains(&TimeSource::Unknown)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let opening = Opening { format: FORMAT.to_owned(), version: VERSION, sealed: true, recording: self };
        serde_json::to_writer(out, &opening)?;
        Ok(())
    }

    /// Reads a header's payload; `name` is the name of the file, for errors.
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
    fn a_newer_format_is_refused_with_any_content() {
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
