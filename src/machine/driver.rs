//! A driver as a machine has it: what tells one build of it from another, for reports.

use std::path::PathBuf;

/// A driver which was found. What its maker did not write into it is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Driver {
    /// Its version: the file version on Windows, the module's `version` on Linux.
    pub version: Option<String>,
    /// What no other build has, as long as its version may stay: on Windows time stamp and size of the image as symbol
    /// servers use them, on Linux the module's `srcversion`.
    pub build: Option<String>,
    /// Where it is: its file, or the module's folder in sysfs.
    pub place: PathBuf,
}
