//! `poolgate mon` as people and scripts run it: redirected, as a snapshot, as a log, with PoolMon's switches, from a
//! recording, and in a real terminal. The kernel is simulated, so every figure on the screen is known.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod plain;
mod replay;
mod round_trip;
mod switches;
#[cfg(unix)]
mod terminal;

use std::path::{Path, PathBuf};
use std::process::Command;

use poolgate::machine::sim::{Home, Kernel, KernelState, Population};
use poolgate::pool::Pool;
use tempfile::TempDir;

use crate::program::{Completed, poolgate_in};

/// A folder with a simulated kernel that has only the tags of the test.
struct Bed {
    folder: TempDir,
    kernel: Kernel,
}

impl Bed {
    /// A kernel with four rows: the tag `Both` in each pool, `Big` and `Few`.
    fn new() -> Bed {
        let folder = tempfile::tempdir().unwrap();
        let state = KernelState::new(Population { seed: 1, tags: 0, noise: Vec::new() });
        let kernel = Kernel::create(&folder.path().join("kernel.json"), state).unwrap();
        let bed = Bed { folder, kernel };
        bed.allocate("Both", Pool::Paged, 100, 30);
        bed.allocate("Both", Pool::Nonpaged, 50, 10);
        bed.allocate("Big", Pool::Paged, 4096, 1000);
        bed.allocate("Few", Pool::Nonpaged, 2048, 3);
        bed
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap()
    }

    /// Makes `count` allocations of `size` bytes under a driver's tag.
    fn allocate(&self, tag: &str, pool: Pool, size: u64, count: u64) {
        self.kernel.change(|state| state.allocate(&tag.parse().unwrap(), pool, size, count)).unwrap();
    }

    /// `poolgate mon` with these arguments, in the folder, reading the kernel.
    fn mon(&self, words: &[&str]) -> Command {
        let mut command = poolgate_in(self.folder.path());
        command.arg("mon").args(words).env("POOLGATE_SIM_KERNEL", self.kernel.path()).env("NO_COLOR", "1");
        command
    }

    /// The output of one screen, or of the requested action.
    fn once(&self, words: &[&str]) -> Completed {
        Completed::run(&mut self.mon(&[words, &["--for", "0 s"]].concat()))
    }
}

/// Tags and pools of the rows of a successful command, in order.
#[track_caller]
fn rows_of(mon: &Completed) -> Vec<String> {
    assert_eq!((mon.code, mon.stderr.as_str()), (Some(0), ""), "{}", mon.stdout);
    rows(&mon.stdout)
}

/// Tags and pools of a screen's rows, in order.
fn rows(screen: &str) -> Vec<String> {
    let pools = [" Nonp ", " Paged "];
    let rows = screen.lines().filter(|line| pools.iter().any(|pool| line.contains(pool)) && !line.contains("Pool N:"));
    rows.map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ")).collect()
}

/// A file with these bytes.
fn file(path: &Path, text: &str) {
    use std::io::Write;
    std::fs::File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
}
