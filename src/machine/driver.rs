//! The facts that distinguish one build of a driver from another, for reports.

use std::path::PathBuf;

/// A driver on this machine. A fact that the driver's maker left out is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstalledDriver {
    /// The file version on Windows, the module's `version` on Linux.
    pub version: Option<String>,
    /// An identifier that differs between builds even if the version stays the same: on Windows the image's time stamp
    /// and size, as used by symbol servers; on Linux the module's `srcversion`.
    pub build: Option<String>,
    /// The driver's file, or the module's folder in sysfs.
    pub place: PathBuf,
}
