//! What speaks for a driver being a tag's owner, and how much that is worth.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::{Does, Routine};

/// How sure it is that a driver allocates under a tag. Each is a kind of evidence, not a probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// The tag's bytes are in its image, or a pattern of pooltag.txt means it among others.
    Possible,
    /// A list names it for this very tag, or its code has the tag beside an allocation, in a variable which it allocates
    /// under, or frees memory under it.
    Likely,
    /// Its code hands the tag to a routine which allocates; or a list names it for this very tag, and its image has it.
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

/// One thing which speaks for a driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Its code hands the tag to this routine, as its tag.
    Handed {
        /// The routine.
        routine: &'static Routine,
        /// The first of the places, relative to the image.
        at: u32,
        /// How many there are.
        places: u32,
        /// It comes from a variable, which has it at first.
        variable: bool,
    },
    /// Its code hands the tag to a function of its own, which calls this routine soon.
    Through {
        /// The routine.
        routine: &'static Routine,
        /// The place, relative to the image.
        at: u32,
    },
    /// The tag is a constant in its code, so many bytes from a call of this routine.
    Beside {
        /// The routine.
        routine: &'static Routine,
        /// How far the call is.
        bytes: u32,
        /// The place, relative to the image.
        at: u32,
    },
    /// The tag is a constant in its code, and no allocation is near, or it is not put anywhere.
    Constant {
        /// The place, relative to the image.
        at: u32,
        /// The driver imports routines which allocate.
        allocates: bool,
    },
    /// Its bytes are in the image.
    Bytes {
        /// In this section; `None` is in the code, but in no instruction.
        section: Option<String>,
    },
    /// pooltag.txt has it.
    Listed {
        /// The row's pattern, where it has wildcards.
        pattern: Option<String>,
        /// What it says of the tag.
        description: String,
    },
    /// localtag.txt has it.
    ListedLocally,
}

/// Bytes of code between a constant and a call within which the one is likely there for the other.
const NEAR: u32 = 256;

impl Evidence {
    /// What it is worth alone.
    pub fn grade(&self) -> Grade {
        match self {
            Evidence::Handed { routine, variable, .. } => match routine.does {
                Does::Allocates if !variable => Grade::Certain,
                Does::Allocates | Does::Frees => Grade::Likely,
            },
            Evidence::Through { .. } | Evidence::ListedLocally => Grade::Likely,
            Evidence::Beside { bytes, .. } if *bytes <= NEAR => Grade::Likely,
            Evidence::Listed { pattern: None, .. } => Grade::Likely,
            Evidence::Beside { .. }
            | Evidence::Constant { .. }
            | Evidence::Bytes { .. }
            | Evidence::Listed { pattern: Some(_), .. } => Grade::Possible,
        }
    }

    /// Whether it is a constant of the driver's code.
    fn is_in_code(&self) -> bool {
        match self {
            Evidence::Handed { .. }
            | Evidence::Through { .. }
            | Evidence::Beside { .. }
            | Evidence::Constant { .. } => true,
            Evidence::Bytes { .. } | Evidence::Listed { .. } | Evidence::ListedLocally => false,
        }
    }
}

/// What all of it together is worth.
pub(super) fn grade(evidence: &[Evidence]) -> Grade {
    let best = evidence.iter().map(Evidence::grade).max().unwrap_or(Grade::Possible);
    let named = evidence.iter().any(|found| matches!(found, Evidence::Listed { pattern: None, .. }));
    // Two sources which know nothing of each other.
    if named && evidence.iter().any(Evidence::is_in_code) { Grade::Certain } else { best }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Evidence::Handed { routine, at, places, variable } => {
                write!(f, "passes it to {routine} ")?;
                match places {
                    1 => write!(f, "at +{at:#x}")?,
                    _ => write!(f, "in {places} places, first at +{at:#x}")?,
                }
                if *variable { f.write_str(", from a variable that initially has this value") } else { Ok(()) }
            }
            Evidence::Through { routine, at } => {
                write!(f, "passes it at +{at:#x} to its own function that calls {routine}")
            }
            Evidence::Beside { routine, bytes, at } => {
                write!(f, "has it in its code at +{at:#x}, {bytes} bytes from a call of {routine}")
            }
            Evidence::Constant { at, allocates: true } => write!(f, "has it in its code at +{at:#x}"),
            Evidence::Constant { at, allocates: false } => {
                write!(f, "has it in its code at +{at:#x}, but imports no allocation routine")
            }
            Evidence::Bytes { section: Some(section) } => write!(f, "has its bytes among its data ({section})"),
            Evidence::Bytes { section: None } => f.write_str("has its bytes among its code, but not in an instruction"),
            Evidence::Listed { pattern: None, description } => write!(f, "pooltag.txt: {description}"),
            Evidence::Listed { pattern: Some(pattern), description } => {
                write!(f, "pooltag.txt, as one of {pattern}: {description}")
            }
            Evidence::ListedLocally => f.write_str("localtag.txt"),
        }
    }
}
