//! Facts for reports about the machine of a run and about the driver under test.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::machine::native;
use crate::report::{self, Driver, FoundDriver, Host};
use crate::scenario::DriverFile;

/// Returns the description of this machine.
pub(in crate::cli) fn host() -> Host {
    // sysinfo provides the build number of Windows, but not the monthly revision.
    #[cfg(windows)]
    if let Some(kernel) = native::build() {
        return Host { kernel, ..Host::this() };
    }
    Host::this()
}

/// Returns the current state of the driver in `file` on the machine with kernel files below `root`.
pub(in crate::cli) fn driver(root: &Path, file: &DriverFile) -> Driver {
    let found = native::driver(root, file.as_str()).map(|driver| FoundDriver {
        version: driver.version,
        build: driver.build,
        place: driver.place.display().to_string(),
    });
    Driver { name: file.as_str().to_owned(), found }
}

/// Keeps facts about drivers in the run's folder for a later process, because the drivers may be gone by then.
pub(super) fn keep(file: &Path, known: &impl Serialize) -> io::Result<()> {
    report::replace(file, &serde_json::to_vec_pretty(known)?)
}

/// Reads the facts from that file. Returns `None` if there are none, or if they cannot be read.
pub(super) fn kept<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs_err::read(file).ok()?).ok()
}
