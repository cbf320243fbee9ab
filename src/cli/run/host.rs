//! The machine a run is made on, and the driver under test on it: what its reports say of both.

use std::io;
use std::path::Path;

use crate::machine::native;
use crate::report::{self, Driver, Found, Host};
use crate::run::RunFolder;
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

/// Keeps what is known of the driver in the run's folder, until a process to come reports it: by then the driver may be
/// gone from the machine.
pub(super) fn keep(folder: &RunFolder, driver: &Driver) -> io::Result<()> {
    report::replace(&folder.driver(), &serde_json::to_vec_pretty(driver)?)
}

/// What was kept in that file; `None` where nothing was, or it cannot be read.
pub(in crate::cli) fn kept(file: &Path) -> Option<Driver> {
    serde_json::from_slice(&fs_err::read(file).ok()?).ok()
}
