//! Judging: a pure function of a scenario and a recording, so any verdict can be computed again anywhere.
//!
//! In reading order: `series` reads the recording once and keeps, for each tag, its levels at rest and its history
//! under the workload. [`evidence`] decides from a history whether the tag leaks, at which rate, and how certain that
//! is. `case` compares this with single limits, and `rule` with the scenario's thresholds. `again` plans second looks.
//! A threshold without any measurement is never held; it is unclear.

mod again;
mod amounts;
mod case;
mod clock;
mod compare;
mod completeness;
mod coverage;
mod doubts;
mod error;
pub mod evidence;
mod ignored;
mod judged;
mod kernel;
mod left;
mod level;
mod limit_verdict;
mod limits;
mod lockstep;
mod look;
mod overflow;
mod ranking;
mod rule;
mod series;
mod slabs;
mod sums;
mod survivors;
mod suspects;
mod tables;
mod verdict;
mod witness;
mod words;

pub use again::second_look;
pub use compare::{CompareError, Compared, Comparison, compare};
pub use error::JudgeError;
pub use evidence::{Confirmation, Early, Evidence, Interval, Trend};
pub use ignored::Ignored;
pub use judged::judge;
pub use kernel::kernel_notes;
pub use level::Levels;
pub use ranking::{Grown, Ranking};
pub use survivors::TagSurvivors;
pub use suspects::is_generic;
pub use verdict::{Finding, Judgement, Ruling, TagFigures, Verdict};
