//! Builds drivers from `guest` with MinGW, once per process, and runs poolgate.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use assert_cmd::assert::Assert;

const GCC: &str = "x86_64-w64-mingw32-gcc";
const WINDRES: &str = "x86_64-w64-mingw32-windres";
const HEADERS: &str = "/usr/x86_64-w64-mingw32/include/ddk";
/// The optimisation levels: unoptimised code, and code that compilers rearranged as far as they can.
pub(crate) const WAYS: [&str; 3] = ["O0", "O2", "Os"];

/// Returns the folder of the drivers `owner-O0.sys` and so on. Returns `None` if this machine cannot build them; in CI
/// that is a failure.
pub(crate) fn drivers() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| buildable().then(build)).as_deref();
    if folder.is_none() {
        assert!(
            std::env::var_os("CI").is_none() || cfg!(windows),
            "{HEADERS} is missing (package gcc-mingw-w64-x86-64)"
        );
        eprintln!("skipped, because {HEADERS} is missing");
    }
    folder
}

/// Under Wine the headers exist, but the compiler does not start.
fn buildable() -> bool {
    !cfg!(windows) && Path::new(HEADERS).is_dir()
}

/// Builds in a temporary folder and renames the drivers, since test processes may build at the same time.
fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (folder, new) = (target.join("drivers"), tempfile::tempdir_in(target).unwrap());
    fs_err::create_dir_all(&folder).unwrap();
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tags/guest");
    let resources = new.path().join("owner.o");
    done(Command::new(WINDRES).arg(guest.join("owner.rc")).args(["-O", "coff", "-o"]).arg(&resources));
    for way in WAYS {
        let name = format!("owner-{way}.sys");
        let mut gcc = Command::new(GCC);
        gcc.arg(format!("-{way}")).args(["-s", "-Wall", "-Wextra", "-Werror", "-Wno-multichar", "-I", HEADERS]);
        gcc.args(["-shared", "-nostdlib", "-Wl,--subsystem,native", "-Wl,-e,DriverEntry", "-o"]);
        gcc.arg(new.path().join(&name)).arg(guest.join("owner.c")).arg(&resources).arg("-lntoskrnl");
        done(&mut gcc);
        fs_err::rename(new.path().join(&name), folder.join(&name)).unwrap();
    }
    folder
}

fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}:\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs poolgate as on a machine without kits.
pub(crate) fn poolgate(arguments: &[&str]) -> Assert {
    let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_poolgate"));
    for programs in ["ProgramFiles(x86)", "ProgramFiles", "ProgramW6432"] {
        command.env_remove(programs);
    }
    command.args(arguments).assert()
}

pub(crate) fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

pub(crate) fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
