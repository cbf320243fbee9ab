//! The parts of every test machine: an empty Windows, poolgate as released, and the programs in `guest`.
//!
//! Made once per process, below `target/wine`. `.ci/windows` is the only place that defines how to build poolgate and
//! make an empty Windows; this module calls it. Building takes minutes; POOLGATE_TEST_EXE names a program to test
//! instead.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::tool::{GCC, find_all};
use crate::beds::{Missing, bed_or_skip, printed};

/// The files from which machines are made. They do not change after preparation.
pub(crate) struct Bed {
    /// The folder with the machines.
    pub(crate) machines: PathBuf,
    /// A Wine prefix that was never used.
    pub(crate) template: PathBuf,
    /// The unmodified release build.
    pub(crate) poolgate: PathBuf,
    /// The folder with the programs built from `guest`.
    guest: PathBuf,
}

/// All warnings are errors, except those about multi-character constants, casts between function types, and unused
/// parameters that an interface requires.
const WARNINGS: [&str; 6] =
    ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-multichar", "-Wno-cast-function-type"];
/// A driver imports from the kernel alone.
const DRIVER: [&str; 5] =
    ["-I/usr/x86_64-w64-mingw32/include/ddk", "-shared", "-nostdlib", "-Wl,--subsystem,native", "-Wl,-e,DriverEntry"];

/// Returns the bed, or prints the missing part and returns nothing. In CI a missing part is a failure.
pub(crate) fn bed() -> Option<&'static Bed> {
    static BED: OnceLock<Result<Bed, Missing>> = OnceLock::new();
    bed_or_skip(BED.get_or_init(Bed::prepare))
}

impl Bed {
    fn prepare() -> Result<Bed, Missing> {
        if std::env::consts::ARCH != "x86_64" {
            return Err(Missing("the bed's Windows is for x86_64".to_owned()));
        }
        find_all()?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("wine");
        let bed = Bed {
            machines: folder.join("machines"),
            template: ci_windows("template"),
            poolgate: std::env::var_os("POOLGATE_TEST_EXE").map_or_else(|| ci_windows("exe"), PathBuf::from),
            guest: folder.join("guest"),
        };
        fs_err::create_dir_all(&bed.machines).unwrap();
        fs_err::create_dir_all(&bed.guest).unwrap();
        bed.build("wevtutil.exe", &["wevtutil.c"], &[]);
        bed.build("work.exe", &["work.c"], &["-lshlwapi"]);
        let all = ["bcryptprimitives.c", "simulated_class_22.c", "simulated_troubles.c"];
        bed.build("bcryptprimitives.dll", &all, &["-shared", "-ladvapi32"]);
        bed.build("leakydrv.sys", &["leakydrv.c"], &[&DRIVER[..], &["-lntoskrnl"]].concat());
        Ok(bed)
    }

    /// Returns one of the files built from `guest`.
    pub(crate) fn guest(&self, name: &str) -> PathBuf {
        self.guest.join(name)
    }

    fn build(&self, name: &str, sources: &[&str], options: &[&str]) {
        let sources = sources.iter().map(|source| root().join("tests/wine/guest").join(source));
        let mut gcc = Command::new(GCC);
        gcc.args(["-O2", "-s"]).args(WARNINGS).arg("-o").arg(self.guest(name)).args(sources).args(options);
        printed(&mut gcc);
    }
}

/// Cargo settings that come from the user, not from another cargo.
const TOLD: [&str; 2] = ["CARGO_HOME", "CARGO_INCREMENTAL"];

/// Returns the path that `.ci/windows` prints for `what`. Runs it without the variables that cargo and rustup set for
/// the programs they start.
fn ci_windows(what: &str) -> PathBuf {
    let mut script = Command::new("bash");
    script.arg(root().join(".ci/windows")).arg(what);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let ours = ["CARGO", "RUST", "LD_LIBRARY_PATH"].iter().any(|start| name.starts_with(start));
        if ours && !TOLD.contains(&name.as_str()) {
            script.env_remove(name);
        }
    }
    PathBuf::from(printed(&mut script).lines().last().unwrap())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
