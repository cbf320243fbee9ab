//! The evidence that a driver owns a tag, and its strength.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::{Effect, Routine};

/// How certain it is that a driver allocates under a tag. Each grade is a kind of evidence, not a probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// The tag's bytes are in the driver's image, or a pattern of pooltag.txt matches the tag among others.
    Possible,
    /// A list names the driver for this exact tag; or the driver's code has the tag near an allocation, has it in a
    /// variable passed to an allocation, or frees memory under it.
    Likely,
    /// The driver's code passes the tag to an allocating routine; or a list names the driver for this exact tag, and
    /// its code has the tag.
    Certain,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Grade::Possible => "possible",
            Grade::Likely => "likely",
            Grade::Certain => "certain",
        })
    }
}

/// A piece of evidence for a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clue {
    /// The driver's code passes the tag to this routine as its tag argument.
    Handed {
        /// The routine.
        routine: &'static Routine,
        /// The first of the calls, relative to the image.
        at: u32,
        /// The number of calls.
        places: u32,
        /// Whether the tag comes from a variable with the tag as its initial value.
        variable: bool,
    },
    /// The driver's code passes the tag to a function of its own, and a call of this routine follows soon in that
    /// function.
    Through {
        /// The routine.
        routine: &'static Routine,
        /// The call, relative to the image.
        at: u32,
    },
    /// The tag is a constant in the driver's code, near a call of this routine.
    Beside {
        /// The routine.
        routine: &'static Routine,
        /// The distance to the call, in bytes.
        bytes: u32,
        /// The constant, relative to the image.
        at: u32,
    },
    /// The tag is a constant in the driver's code, but no allocation is near, or the constant is not moved anywhere.
    Constant {
        /// The constant, relative to the image.
        at: u32,
        /// Whether the driver imports allocating routines.
        allocates: bool,
    },
    /// The tag's bytes are in the image.
    Bytes {
        /// The section; `None` if the bytes are in the code, but in no instruction.
        section: Option<String>,
    },
    /// pooltag.txt lists the tag.
    Listed {
        /// The row's pattern, if it has wildcards.
        pattern: Option<String>,
        /// The row's description of the tag.
        description: String,
    },
    /// localtag.txt lists the tag.
    ListedLocally,
}

/// The largest distance, in bytes of code, at which a constant is likely used by a call.
const NEAR: u32 = 256;

impl Clue {
    /// Returns the grade of this evidence alone.
    pub fn grade(&self) -> Grade {
        match self {
            Clue::Handed { routine, variable, .. } => match routine.effect {
                Effect::Allocates if !variable => Grade::Certain,
                Effect::Allocates | Effect::Frees => Grade::Likely,
            },
            Clue::Through { .. } | Clue::ListedLocally => Grade::Likely,
            Clue::Beside { bytes, .. } if *bytes <= NEAR => Grade::Likely,
            Clue::Listed { pattern: None, .. } => Grade::Likely,
            Clue::Beside { .. }
            | Clue::Constant { .. }
            | Clue::Bytes { .. }
            | Clue::Listed { pattern: Some(_), .. } => Grade::Possible,
        }
    }

    /// Returns whether the tag is a constant in the driver's code.
    fn is_in_code(&self) -> bool {
        match self {
            Clue::Handed { .. } | Clue::Through { .. } | Clue::Beside { .. } | Clue::Constant { .. } => true,
            Clue::Bytes { .. } | Clue::Listed { .. } | Clue::ListedLocally => false,
        }
    }
}

/// Returns the grade of all the evidence together.
pub(super) fn grade(evidence: &[Clue]) -> Grade {
    let best = evidence.iter().map(Clue::grade).max().unwrap_or(Grade::Possible);
    let named = evidence.iter().any(|found| matches!(found, Clue::Listed { pattern: None, .. }));
    // A list and the code are independent sources.
    if named && evidence.iter().any(Clue::is_in_code) { Grade::Certain } else { best }
}

impl fmt::Display for Clue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Clue::Handed { routine, at, places, variable } => {
                write!(f, "passes it to {routine} ")?;
                match places {
                    1 => write!(f, "at +{at:#x}")?,
                    _ => write!(f, "in {places} places, first at +{at:#x}")?,
                }
                if *variable { f.write_str(", from a variable that initially has this value") } else { Ok(()) }
            }
            Clue::Through { routine, at } => {
                write!(f, "passes it at +{at:#x} to its own function that calls {routine}")
            }
            Clue::Beside { routine, bytes, at } => {
                write!(f, "has it in its code at +{at:#x}, {bytes} bytes from a call of {routine}")
            }
            Clue::Constant { at, allocates: true } => write!(f, "has it in its code at +{at:#x}"),
            Clue::Constant { at, allocates: false } => {
                write!(f, "has it in its code at +{at:#x}, but imports no allocation routine")
            }
            Clue::Bytes { section: Some(section) } => write!(f, "has its bytes among its data ({section})"),
            Clue::Bytes { section: None } => f.write_str("has its bytes among its code, but not in an instruction"),
            Clue::Listed { pattern: None, description } => write!(f, "pooltag.txt: {description}"),
            Clue::Listed { pattern: Some(pattern), description } => {
                write!(f, "pooltag.txt, as one of {pattern}: {description}")
            }
            Clue::ListedLocally => f.write_str("localtag.txt"),
        }
    }
}
