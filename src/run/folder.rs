//! A run's folder: `reports/<scenario>-<UTC time>-<short id>/`, and the names of what lies in it.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use crate::machine::native;

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// The files that a reader of the reports may want.
    pub const OUTPUTS: [&str; 9] = [
        "scenario.yaml",
        "recording.pgr",
        "workload.log",
        "run.log",
        "kernel.log",
        "driver.json",
        "suspects.json",
        "report.json",
        "junit.xml",
    ];

    /// Makes the folder of a run which begins now.
    ///
    /// # Errors
    /// When `reports` cannot be made or written; nothing else has been touched by then.
    pub fn create(reports: &Path, scenario: &str, now: jiff::Timestamp) -> io::Result<RunFolder> {
        make_all(reports)?;
        // Links on the way are followed now, once: what is made below is reached by its real path.
        let reports = full_path(reports)?;
        let time = now.strftime("%Y%m%dT%H%M%SZ");
        // Two runs may begin in one second; the id only has to differ then, and create_dir tells when it does not.
        let id = RandomState::new().hash_one(now) & 0xffff;
        let path = reports.join(format!("{scenario}-{time}-{id:04x}"));
        native::make_run_folder(&path).map_err(|error| about(&path, &error))?;
        Ok(RunFolder { path })
    }

    /// The folder of a run which began before.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn open(path: &Path) -> io::Result<RunFolder> {
        Ok(RunFolder { path: full_path(path)? })
    }

    /// The folder itself, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's name: the folder's.
    pub fn run(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The scenario as it was run.
    pub fn scenario(&self) -> PathBuf {
        self.path.join("scenario.yaml")
    }

    /// What the run has done so far.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.jsonl")
    }

    /// A second copy of the checkpoint's first line, from which everything can be put back if the checkpoint is damaged.
    pub fn beginning(&self) -> PathBuf {
        self.path.join("beginning.jsonl")
    }

    /// Held by the process which is at work on the run.
    pub fn lock(&self) -> PathBuf {
        self.path.join("run.lock")
    }

    /// What was measured.
    pub fn recording(&self) -> PathBuf {
        self.path.join("recording.pgr")
    }

    /// What the commands wrote.
    pub fn workload_log(&self) -> PathBuf {
        self.path.join("workload.log")
    }

    /// The story of the run.
    pub fn run_log(&self) -> PathBuf {
        self.path.join("run.log")
    }

    /// What the kernel reported of itself since the run began.
    pub fn kernel_log(&self) -> PathBuf {
        self.path.join("kernel.log")
    }

    /// The driver under test, as it was found while it was measured.
    pub fn driver(&self) -> PathBuf {
        self.path.join("driver.json")
    }

    /// Whose the tags are which broke a threshold, as it was looked up on the machine under test.
    pub fn suspects(&self) -> PathBuf {
        self.path.join("suspects.json")
    }

    /// The report for programs.
    pub fn report(&self) -> PathBuf {
        self.path.join("report.json")
    }

    /// The report for CI.
    pub fn junit(&self) -> PathBuf {
        self.path.join("junit.xml")
    }

    /// The kernel, on a simulated machine.
    pub fn simulated_kernel(&self) -> PathBuf {
        self.path.join("simulated-kernel.json")
    }
}

/// The path of what exists, absolute and without links.
///
/// # Errors
/// When it does not exist.
#[cfg(unix)]
pub fn full_path(path: &Path) -> io::Result<PathBuf> {
    fs_err::canonicalize(path)
}

/// The path of what exists, absolute and without links, in a form which cmd.exe can work in: `C:\lab`, not `\\?\C:\lab`.
/// What Windows itself resolves to no such path, as a network drive, stays as it was named.
///
/// # Errors
/// When it does not exist.
#[cfg(windows)]
pub fn full_path(path: &Path) -> io::Result<PathBuf> {
    let resolved = crate::long_path::for_people(&fs_err::canonicalize(path)?);
    if resolved.to_string_lossy().starts_with(r"\\") { std::path::absolute(path) } else { Ok(resolved) }
}

/// Makes the reports' folder, where it is missing. Others may read in it as far as the umask allows, never write.
fn make_all(reports: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(reports).map_err(|error| about(reports, &error))
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
