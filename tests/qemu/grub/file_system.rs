//! The root file systems of the test disks: how they are made, and how files get in and out while the disk is off.
//!
//! An ext4 file system is written with e2fsprogs, without a loop device. XFS has no such programs, so it is mounted;
//! that replays its log as on the machine itself.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::image::{OFFSET, SIZE};
use crate::beds::{Missing, printed};
use crate::tool::{command, find};

/// The file system of a test disk's root partition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum FileSystem {
    Ext4,
    /// GRUB reads it without its log, and can write its environment block there.
    Xfs,
}

/// Mounts the partition of the image `$1` at `$0` and runs `$2` there. The loop device disappears with its last user.
const MOUNTED: &str = r#"
set -e
loop=$(losetup --find --show --offset OFFSET --sizelimit LENGTH "$1")
trap 'umount -q "$0" || true; losetup --detach "$loop"' EXIT
eval "$2"
"#;

impl FileSystem {
    /// Returns the kernel's name for the file system.
    pub(super) fn name(self) -> &'static str {
        match self {
            FileSystem::Ext4 => "ext4",
            FileSystem::Xfs => "xfs",
        }
    }

    /// Checks that this machine has the programs and, for XFS, loop devices.
    pub(super) fn possible(self) -> Result<(), Missing> {
        let programs: &[(&str, &str)] = match self {
            FileSystem::Ext4 => &[("debugfs", "e2fsprogs"), ("mke2fs", "e2fsprogs")],
            FileSystem::Xfs => &[("mkfs.xfs", "xfsprogs"), ("losetup", "mount"), ("unshare", "util-linux")],
        };
        programs.iter().try_for_each(|(program, package)| find(program, package))?;
        if self == FileSystem::Xfs && !Path::new("/dev/loop-control").exists() {
            return Err(Missing("the kernel has no loop devices".to_owned()));
        }
        Ok(())
    }

    /// Creates the file system in the partition of `image`, with the files of `tree`.
    pub(super) fn format(self, image: &Path, tree: &Path) {
        match self {
            FileSystem::Ext4 => {
                let mut mke2fs = command("mke2fs");
                mke2fs.args(["-q", "-F", "-t", "ext4", "-L", "poolgate", "-d"]).arg(tree);
                mke2fs.args(["-E", &format!("offset={OFFSET},root_owner=0:0")]).arg(image);
                printed(mke2fs.arg(format!("{}k", (SIZE - OFFSET) / 1024)));
            }
            FileSystem::Xfs => {
                let fill = r#"mkfs.xfs -q -L poolgate "$loop"; mount "$loop" "$0"; cp -a "$3/." "$0""#;
                mounted(image, fill, &[tree]);
            }
        }
    }

    /// Writes files into it, each with the mode of its source file.
    pub(super) fn inject(self, image: &Path, files: &[(&str, &Path)]) {
        match self {
            FileSystem::Ext4 => {
                let mut script = tempfile::NamedTempFile::new().unwrap();
                for (path, from) in files {
                    let mode = from.metadata().unwrap().permissions().mode();
                    let lines = format!("rm {path}\nwrite {} {path}\nsif {path} mode 0{mode:o}\n", from.display());
                    std::io::Write::write_all(&mut script, lines.as_bytes()).unwrap();
                }
                printed(command("debugfs").arg("-w").arg("-f").arg(script.path()).arg(device(image)));
            }
            FileSystem::Xfs => {
                let copy =
                    r#"mount -o nouuid "$loop" "$0"; shift 2; while [ $# -gt 0 ]; do cp -p "$2" "$0$1"; shift 2; done"#;
                let paths: Vec<&Path> = files.iter().flat_map(|(path, from)| [Path::new(*path), from]).collect();
                mounted(image, copy, &paths);
            }
        }
    }

    /// Returns a file; nothing if there is none.
    pub(super) fn read(self, image: &Path, path: &str) -> Option<String> {
        match self {
            FileSystem::Ext4 => {
                let ask = |request: &str| printed(command("debugfs").args(["-R", request]).arg(device(image)));
                // `cat` succeeds and prints nothing for a missing file, as it does for an empty one.
                ask(&format!("stat {path}")).starts_with("Inode:").then(|| ask(&format!("cat {path}")))
            }
            FileSystem::Xfs => {
                let show = r#"mount -o ro,nouuid "$loop" "$0"; if [ -e "$0$3" ]; then echo found; cat "$0$3"; fi"#;
                mounted(image, show, &[Path::new(path)]).strip_prefix("found\n").map(str::to_owned)
            }
        }
    }
}

/// Returns the output of `script`, run by [`MOUNTED`] in a mount namespace of its own, so that nothing stays mounted.
/// The scripts use `nouuid`, since every disk is a copy of one image.
fn mounted(image: &Path, script: &str, more: &[&Path]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let whole = MOUNTED.replace("OFFSET", &OFFSET.to_string()).replace("LENGTH", &(SIZE - OFFSET).to_string());
    let mut unshare = command("unshare");
    unshare.args(["--mount", "sh", "-c", &whole]).arg(folder.path()).arg(image).arg(script).args(more);
    printed(&mut unshare)
}

fn device(image: &Path) -> PathBuf {
    format!("{}?offset={OFFSET}", image.display()).into()
}
