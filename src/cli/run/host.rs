//! The machine a run is made on, and the driver under test on it: what its reports say of both.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::machine::native;
use crate::report::{self, Driver, Found, Host};
use crate::scenario::DriverFile;

/// This machine.
pub(in crate::cli) fn host() -> Host {
    // sysinfo knows the number of a build of Windows, and not which of its monthly revisions it is.
    #[cfg(windows)]
    if let Some(kernel) = native::build() {
        return Host { kernel, ..Host::this() };
    }
    Host::this()
}

/// The driver in `file` as it is on the machine below `root` now.
pub(in crate::cli) fn driver(root: &Path, file: &DriverFile) -> Driver {
    let found = native::driver(root, file.as_str()).map(|driver| Found {
        version: driver.version,
        build: driver.build,
        place: driver.place.display().to_string(),
    });
    Driver { name: file.as_str().to_owned(), found }
}

/// Keeps in the run's folder what is known of drivers, for a process to come: by then they may be gone from the machine.
pub(super) fn keep(file: &Path, known: &impl Serialize) -> io::Result<()> {
    report::replace(file, &serde_json::to_vec_pretty(known)?)
}

/// What was kept in that file; `None` where nothing was, or it cannot be read.
pub(super) fn kept<T: DeserializeOwned>(file: &Path) -> Option<T> {
    serde_json::from_slice(&fs_err::read(file).ok()?).ok()
}
