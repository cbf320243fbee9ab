//! The driver under test, for reports.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A driver and the facts that identify its build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Driver {
    /// The driver's file or module, as in the scenario.
    pub name: String,
    /// The driver as found on the machine during the test; null if it was not found.
    pub found: Option<FoundDriver>,
}

/// A driver found on the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundDriver {
    /// The version from its vendor, if it has one.
    pub version: Option<String>,
    /// An identifier of its build that no other build has, if there is one.
    pub build: Option<String>,
    /// The place of its file.
    pub place: String,
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(found) = &self.found else { return write!(f, "{}, not found on the machine", self.name) };
        match &found.version {
            Some(version) => write!(f, "{} {version}", self.name)?,
            None => write!(f, "{} without a version", self.name)?,
        }
        if let Some(build) = &found.build {
            write!(f, ", build {build}")?;
        }
        write!(f, ", {}", found.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_is_shown_with_all_known_details() {
        let driver = |found| Driver { name: "mydrv.sys".to_owned(), found }.to_string();
        let found = |version: Option<&str>, build: Option<&str>| {
            let (version, build) = (version.map(str::to_owned), build.map(str::to_owned));
            Some(FoundDriver { version, build, place: r"C:\drivers\mydrv.sys".to_owned() })
        };
        for (found, expected) in [
            (found(Some("1.2.3.4"), Some("5F3C1f000")), r"mydrv.sys 1.2.3.4, build 5F3C1f000, C:\drivers\mydrv.sys"),
            (found(Some("1.2.3.4"), None), r"mydrv.sys 1.2.3.4, C:\drivers\mydrv.sys"),
            (found(None, None), r"mydrv.sys without a version, C:\drivers\mydrv.sys"),
            (None, "mydrv.sys, not found on the machine"),
        ] {
            assert_eq!(driver(found), expected);
        }
    }
}
