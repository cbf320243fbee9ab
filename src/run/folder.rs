//! A run's folder, `reports/<scenario>-<UTC time>-<short id>/`, and the names of its files.

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
    /// The files that are useful to a reader of the reports.
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

    /// Creates the folder of a new run.
    ///
    /// # Errors
    /// If `reports` cannot be created or written. Nothing else has been changed by then.
    pub fn create(reports: &Path, scenario: &str, now: jiff::Timestamp) -> io::Result<RunFolder> {
        make_all(reports)?;
        // Resolve links once, here, so that everything below is reached by its real path.
        let reports = full_path(reports)?;
        let time = now.strftime("%Y%m%dT%H%M%SZ");
        // Two runs may begin in the same second. The id only has to differ then, and creating the folder fails if it
        // does not.
        let id = RandomState::new().hash_one(now) & 0xffff;
        let path = reports.join(format!("{scenario}-{time}-{id:04x}"));
        native::make_run_folder(&path).map_err(|error| about(&path, &error))?;
        Ok(RunFolder { path })
    }

    /// Opens the folder of an existing run.
    ///
    /// # Errors
    /// If the folder does not exist.
    pub fn open(path: &Path) -> io::Result<RunFolder> {
        Ok(RunFolder { path: full_path(path)? })
    }

    /// Returns the absolute path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the name of the run, which is that of the folder.
    pub fn run(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Returns the path of the scenario that the run uses.
    pub fn scenario(&self) -> PathBuf {
        self.path.join("scenario.yaml")
    }

    /// Returns the path of the checkpoint, the journal of the run's progress.
    pub fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.jsonl")
    }

    /// Returns the path of a second copy of the checkpoint's first line. The copy is enough to restore everything if
    /// the checkpoint is damaged.
    pub fn beginning(&self) -> PathBuf {
        self.path.join("beginning.jsonl")
    }

    /// Returns the path of an empty file that exists from before setup until teardown has ended, in case the checkpoint
    /// loses its last lines.
    pub fn setup_begun(&self) -> PathBuf {
        self.path.join("setup-begun")
    }

    /// Returns the path of the lock that the process working on the run holds.
    pub fn lock(&self) -> PathBuf {
        self.path.join("run.lock")
    }

    /// Returns the path of the recording.
    pub fn recording(&self) -> PathBuf {
        self.path.join("recording.pgr")
    }

    /// Returns the path of the commands' output.
    pub fn workload_log(&self) -> PathBuf {
        self.path.join("workload.log")
    }

    /// Returns the path of the run's log of events.
    pub fn run_log(&self) -> PathBuf {
        self.path.join("run.log")
    }

    /// Returns the path of the kernel's log messages since the run began.
    pub fn kernel_log(&self) -> PathBuf {
        self.path.join("kernel.log")
    }

    /// Returns the path of the description of the driver under test, taken during the measurement.
    pub fn driver(&self) -> PathBuf {
        self.path.join("driver.json")
    }

    /// Returns the path of the owners of tags that broke a threshold, looked up on the machine under test.
    pub fn suspects(&self) -> PathBuf {
        self.path.join("suspects.json")
    }

    /// Returns the path of the machine-readable report.
    pub fn report(&self) -> PathBuf {
        self.path.join("report.json")
    }

    /// Returns the path of the report for CI.
    pub fn junit(&self) -> PathBuf {
        self.path.join("junit.xml")
    }

    /// Returns the path of the simulated kernel's state, used only on a simulated machine.
    pub fn simulated_kernel(&self) -> PathBuf {
        self.path.join("simulated-kernel.json")
    }
}

/// Returns the absolute path of an existing file or folder, with links resolved.
///
/// # Errors
/// If it does not exist.
#[cfg(unix)]
pub fn full_path(path: &Path) -> io::Result<PathBuf> {
    fs_err::canonicalize(path)
}

/// Returns the absolute path of an existing file or folder, with links resolved, in a form that cmd.exe can use:
/// `C:\lab`, not `\\?\C:\lab`. If Windows resolves the path to one without such a form, for example on a network drive,
/// the result is the absolute path with links unresolved.
///
/// # Errors
/// If it does not exist.
#[cfg(windows)]
pub fn full_path(path: &Path) -> io::Result<PathBuf> {
    let resolved = crate::long_path::for_people(&fs_err::canonicalize(path)?);
    if resolved.to_string_lossy().starts_with(r"\\") { std::path::absolute(path) } else { Ok(resolved) }
}

/// Creates the reports folder if it is missing. The umask decides whether other users may read it; they can never write
/// to it.
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
