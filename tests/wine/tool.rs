//! Programs of this machine that the Wine test bed runs.

use std::path::Path;
use std::process::Command;

use crate::beds::Missing;

const WINE: &str = "/usr/lib/wine/wine64";
pub(crate) const WINESERVER: &str = "/usr/lib/wine/wineserver64";
const SETARCH: &str = "/usr/bin/setarch";
/// Gives a program a terminal.
pub(crate) const SCRIPT: &str = "/usr/bin/script";
pub(crate) const GCC: &str = "/usr/bin/x86_64-w64-mingw32-gcc";

/// The files that the bed needs, and the Debian packages that contain them.
const NEEDED: [(&str, &str); 8] = [
    ("/usr/bin/cargo", "cargo-web"),
    ("/usr/bin/rustc", "rustc-web"),
    ("/usr/lib/rustlib/src/rust/library/Cargo.lock", "rust-web-src"),
    (GCC, "gcc-mingw-w64-x86-64"),
    (WINE, "wine64"),
    (WINESERVER, "wine64"),
    (SETARCH, "util-linux"),
    (SCRIPT, "bsdutils"),
];

/// Looks for everything in [`NEEDED`].
pub(crate) fn find_all() -> Result<(), Missing> {
    let missing = NEEDED.into_iter().find(|(file, _)| !Path::new(file).exists());
    missing.map_or(Ok(()), |(file, package)| Err(Missing(format!("{file} is missing (package {package})"))))
}

/// Wine, at the same addresses each time. Debian's Wine has no preloader to keep the addresses that it needs free. In
/// one process in ten thousand they are taken by chance, and the process dies ("error 1359": 2 of 18,000; of 54,000
/// started this way, none).
pub(crate) fn wine() -> Command {
    let mut wine = Command::new(SETARCH);
    wine.args(["--addr-no-randomize", WINE]);
    wine
}
