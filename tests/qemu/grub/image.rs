//! A disk with Debian, systemd and GRUB, as an installer leaves it: made once, and copied for every test.
//!
//! debootstrap makes the tree. GRUB's own programs install it in a first boot of the machine itself, with a kernel
//! loaded by QEMU. The image lies below `target/qemu` and is made again when `VERSION` changes.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::file_system::FileSystem;
use super::vm::Vm;
use crate::bed::folder;
use crate::beds::Missing;
use crate::tool::{command, emptied, fetched, find};

/// Increased whenever earlier images become unusable.
const VERSION: u32 = 1;
const SUITE: &str = "bookworm";
const PACKAGES: &str = "systemd-sysv,udev,dbus,kmod,initramfs-tools,linux-image-cloud-amd64,grub-pc";
/// The partition begins here, after the space for GRUB's core.
pub(super) const OFFSET: u64 = 1 << 20;
const SECTOR: u64 = 512;
/// The size of the whole disk, bytes.
pub(super) const SIZE: u64 = 1000 << 20;

/// Settings that let the emulated machine boot in reasonable time, as for the other bed's kernel.
const PARAMETERS: &str = "console=ttyS0 clocksource=hpet no_timer_check mitigations=off cryptomgr.notests";
const DEFAULT_GRUB: &str = "GRUB_DEFAULT=0\nGRUB_TIMEOUT=0\nGRUB_DISTRIBUTOR=Debian\nGRUB_CMDLINE_LINUX_DEFAULT=quiet\n\
    GRUB_TERMINAL=\"serial console\"\nGRUB_SERIAL_COMMAND=\"serial --unit=0 --speed=115200\"\n";

/// Installs GRUB and switches off.
const PROVISION: &str = "rm /etc/bed/run\ngrub-install /dev/vda && update-grub\n";
/// A test's script runs at every boot; its output goes to the console.
const UNIT: &str = "[Unit]\nAfter=multi-user.target\n[Service]\nType=exec\n\
    ExecStart=/bin/bash -c '{ source /etc/bed/run; echo BED: exit $?; systemctl poweroff; } >/dev/console 2>&1 </dev/null'\n";

/// Returns the image with GRUB installed, or why there is none here.
pub(super) fn base(file_system: FileSystem) -> Result<PathBuf, Missing> {
    let programs =
        [("debootstrap", "debootstrap"), ("qemu-system-x86_64", "qemu-system-x86"), ("unshare", "util-linux")];
    file_system.possible()?;
    programs.into_iter().try_for_each(|(program, package)| find(program, package))?;
    if !rustix::process::geteuid().is_root() {
        return Err(Missing("only root can make an image with debootstrap".to_owned()));
    }
    let image = folder().join(format!("grub-{}-{VERSION}.img", file_system.name()));
    // No lock for an image that exists: a test may ask for it while it keeps its machine.
    if image.exists() {
        return Ok(image);
    }
    // Tests run beside each other, and there is one tree.
    static MAKING: Mutex<()> = Mutex::new(());
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    if !image.exists() {
        let tree = tree(file_system)?;
        let partial = image.with_extension("partial");
        partition(&partial);
        file_system.format(&partial, &tree);
        provision(&partial, &tree);
        fs_err::rename(&partial, &image).unwrap();
        fs_err::remove_dir_all(&tree).unwrap();
    }
    Ok(image)
}

/// Makes the files of the root file system.
fn tree(file_system: FileSystem) -> Result<PathBuf, Missing> {
    let tree = folder().join("grub-tree");
    emptied(&tree);
    let mut sites = command("apt-get");
    sites.args(["indextargets", "--format", "$(SITE)", "Origin: Debian", &format!("Codename: {SUITE}")]);
    let sites = fetched(&mut sites)?;
    let site = sites.lines().next().ok_or_else(|| Missing(format!("apt knows no {SUITE} of Debian's")))?;
    // A mount namespace of its own: its mounts below the tree end with it, even if it fails.
    let mut debootstrap = command("unshare");
    debootstrap
        .args(["--mount", "debootstrap", "--variant=minbase", &format!("--include={PACKAGES}"), SUITE])
        .arg(&tree)
        .arg(site);
    fetched(&mut debootstrap)?;
    for unneeded in ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/i18n"] {
        emptied(&tree.join(unneeded));
    }
    let write = |path: &str, text: &str| {
        fs_err::create_dir_all(tree.join(path).parent().unwrap()).unwrap();
        fs_err::write(tree.join(path), text).unwrap();
    };
    write("etc/fstab", &format!("LABEL=poolgate / {} defaults 0 1\n", file_system.name()));
    write("etc/default/grub", &format!("{DEFAULT_GRUB}GRUB_CMDLINE_LINUX=\"{PARAMETERS}\"\n"));
    write("etc/systemd/journald.conf", "[Journal]\nStorage=volatile\n");
    write("etc/systemd/system/bed.service", UNIT);
    write("etc/bed/run", PROVISION);
    let wants = tree.join("etc/systemd/system/multi-user.target.wants");
    fs_err::os::unix::fs::symlink("/etc/systemd/system/bed.service", wants.join("bed.service")).unwrap();
    for timer in ["apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "dpkg-db-backup.timer"] {
        fs_err::os::unix::fs::symlink("/dev/null", tree.join("etc/systemd/system").join(timer)).unwrap();
    }
    Ok(tree)
}

/// Makes a disk with one empty bootable partition.
fn partition(image: &Path) {
    let mut first = [0; SECTOR as usize];
    // A partition table's only entry: bootable, for Linux, from OFFSET to the end (all numbers count sectors).
    let (start, length) = ((OFFSET / SECTOR) as u32, ((SIZE - OFFSET) / SECTOR) as u32);
    first[446..462].copy_from_slice(&[0x80, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]);
    first[454..458].copy_from_slice(&start.to_le_bytes());
    first[458..462].copy_from_slice(&length.to_le_bytes());
    first[510..].copy_from_slice(&[0x55, 0xaa]);
    fs_err::write(image, first).unwrap();
    fs_err::OpenOptions::new().write(true).open(image).unwrap().set_len(SIZE).unwrap();
}

/// Boots the machine to install GRUB on its own disk.
fn provision(image: &Path, tree: &Path) {
    let boot = tree.join("boot");
    let files = fs_err::read_dir(&boot).unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>();
    let named = |prefix: &str| {
        files.iter().find(|file| file.file_name().unwrap().to_str().unwrap().starts_with(prefix)).unwrap().clone()
    };
    let mut vm =
        Vm::direct(image, &named("vmlinuz-"), &named("initrd.img-"), &format!("root=LABEL=poolgate {PARAMETERS}"));
    assert_eq!(vm.until_off(), Some(0), "GRUB is not installed:\n{}", vm.log());
}
