//! The parts of every test machine: a kernel, an initramfs, and the files of a state disk.
//!
//! Made once per process, below `target/qemu`: Debian's own kernel; poolgate as a static program; a leaking driver;
//! shell scripts in place of systemd and GRUB (`guest/root`).

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::packages::Packages;
use super::tool::{command, emptied, find, find_all};
use crate::beds::{Missing, bed_or_skip, printed};

/// The files from which machines are started. They do not change after preparation.
#[derive(Clone)]
pub(crate) struct Bed {
    pub(crate) kernel: PathBuf,
    pub(crate) initramfs: PathBuf,
    /// The contents of a new state disk.
    pub(crate) root: PathBuf,
}

/// The modules that the kernel needs to find its disk. It has ext4 built in; modprobe will list a file for it if that
/// changes.
const MODULES: [&str; 3] = ["virtio_pci", "virtio_blk", "ext4"];
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Returns the bed, or prints the missing part and returns nothing. In CI a missing part is a failure.
pub(crate) fn bed() -> Option<&'static Bed> {
    static BED: OnceLock<Result<Bed, Missing>> = OnceLock::new();
    bed_or_skip(BED.get_or_init(Bed::prepare))
}

impl Bed {
    fn prepare() -> Result<Bed, Missing> {
        if std::env::consts::ARCH != "x86_64" {
            return Err(Missing("the bed's kernel is for x86_64".to_owned()));
        }
        let folder = folder();
        fs_err::create_dir_all(&folder).unwrap();
        find_all()?;
        let packages = Packages::current(&folder)?;
        find(&packages.compiler, &packages.compiler)?;

        let bed =
            Bed { kernel: packages.kernel(), initramfs: folder.join("initramfs.cpio"), root: folder.join("root") };
        bed.write_initramfs(&packages, &folder.join("initramfs"));
        bed.write_root(&packages);
        copy(&leaky_driver(&packages, &folder.join("leakydrv")), &bed.root.join("lib/leakydrv.ko"));
        copy(&static_poolgate(None), &bed.root.join("usr/bin/poolgate"));
        Ok(bed)
    }

    fn write_initramfs(&self, packages: &Packages, folder: &Path) {
        emptied(folder);
        copy(&source("guest/initramfs/init"), &folder.join("init"));
        copy(&packages.busybox(), &folder.join("bin/busybox"));
        for mount_point in ["dev", "root"] {
            fs_err::create_dir(folder.join(mount_point)).unwrap();
        }
        for (order, module) in packages.modules(&MODULES).iter().enumerate() {
            let name = module.file_name().unwrap().to_str().unwrap();
            copy(module, &folder.join("modules").join(format!("{order:02}-{name}")));
        }
        // Later Debian kernels come with compressed modules, which busybox cannot load.
        let unpacked = "find modules -name '*.xz' -exec unxz {} +; find . | sort | cpio --quiet -o -H newc -R 0:0";
        let archive = format!("set -e; {{ {unpacked}; }} >\"$0\"");
        printed(command("sh").args(["-c", &archive]).arg(&self.initramfs).current_dir(folder));
    }

    fn write_root(&self, packages: &Packages) {
        emptied(&self.root);
        printed(command("cp").arg("-r").arg(source("guest/root/.")).arg(&self.root));
        for folder in ["dev", "proc", "sys", "run", "tmp", "root", "var/lib", "var/tmp", "etc/bed"] {
            fs_err::create_dir_all(self.root.join(folder)).unwrap();
        }
        let bin = self.root.join("bin");
        copy(&packages.busybox(), &bin.join("busybox"));
        for applet in printed(command("bin/busybox").arg("--list").current_dir(&self.root)).lines() {
            if applet != "busybox" {
                fs_err::os::unix::fs::symlink("busybox", bin.join(applet)).unwrap();
            }
        }
    }
}

/// Builds the driver in `folder` and returns its file.
fn leaky_driver(packages: &Packages, folder: &Path) -> PathBuf {
    emptied(folder);
    for name in ["Kbuild", "leakydrv.c"] {
        copy(&source("leakydrv").join(name), &folder.join(name));
    }
    let mut make = command("make");
    for inherited in ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"] {
        make.env_remove(inherited);
    }
    printed(make.arg("-sC").arg(packages.headers()).arg(format!("M={}", folder.display())).arg("modules"));
    folder.join("leakydrv.ko")
}

/// Builds a poolgate that does not wait until its checkpoint and recording are on disk.
pub(crate) fn careless_poolgate() -> PathBuf {
    let careless = folder().join("careless/poolgate");
    copy(&static_poolgate(Some(&source("careless"))), &careless);
    careless
}

/// Builds poolgate without dependencies on this machine's libraries, in a folder of its own, since the flags differ.
pub(crate) fn static_poolgate(wrapper: Option<&Path>) -> PathBuf {
    let folder = folder().join("build");
    let mut cargo = command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // `.ci/run` uses the same settings for the README's `cargo run --release`, so one build serves both.
    cargo.args(["--config", "tests/qemu/cargo.toml", "build", "--quiet", "--locked", "--release", "--bin", "poolgate"]);
    cargo.arg("--target-dir").arg(&folder).env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("RUSTFLAGS");
    cargo.env_remove("RUSTC_WORKSPACE_WRAPPER"); // `.ci/run` sets clippy's compiler.
    cargo.envs(wrapper.map(|wrapper| ("RUSTC_WORKSPACE_WRAPPER", wrapper)));
    printed(&mut cargo);
    folder.join(TARGET).join("release/poolgate")
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("qemu")
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/qemu").join(path)
}

fn copy(from: &Path, to: &Path) {
    fs_err::create_dir_all(to.parent().unwrap()).unwrap();
    fs_err::copy(from, to).unwrap();
}
