//! A state disk: the whole root file system of a test machine, which outlives its boots.
//!
//! The host plays the initramfs, which checks the root file system before anything mounts it, as Debian's does. Without
//! that a Linux 6.1 mounts no ext4 whose last commit to the journal was torn by a power cut; only later ones know that all
//! it holds is in its first sector (fs/jbd2/recovery.c, `jbd2_commit_block_csum_verify_partial`). Then it plays the boot
//! loader. GRUB itself comes before the check and may find no `grub.cfg` where a rename is still in the journal, which no
//! program can help (systems that mind have a `/boot` of their own).

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::bed::Bed;
use super::drive::{Drive, Flushes};
use super::machine::{Ended, Machine};
use super::nbd::SharedDrive;
use super::tool::{command, printed};

/// A disk on which a machine can be started, again and again.
pub(crate) struct Disk {
    pub(crate) bed: Bed,
    pub(crate) drive: SharedDrive,
}

/// A disk which is still to be written.
pub(crate) struct NewDisk {
    bed: Bed,
    files: tempfile::TempDir,
    flushes: Flushes,
}

impl Bed {
    /// A new disk, whose machine runs `script` (a file for `sh`) at each boot until a unit takes its place.
    pub(crate) fn disk_running(&self, script: &str) -> NewDisk {
        let new = NewDisk { bed: self.clone(), files: tempfile::tempdir().unwrap(), flushes: Flushes::Honoured };
        printed(command("cp").arg("-r").arg(self.root.join(".")).arg(new.files.path()));
        new.with_file("etc/bed/run", script)
    }
}

impl NewDisk {
    /// With a file at `path`, which has no leading slash.
    pub(crate) fn with_file(self, path: &str, text: &str) -> NewDisk {
        let path = self.files.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
        self
    }

    /// With a program at `path`, which has no leading slash.
    pub(crate) fn with_program(self, path: &str, text: &str) -> NewDisk {
        let new = self.with_file(path, text);
        fs_err::set_permissions(new.files.path().join(path), PermissionsExt::from_mode(0o755)).unwrap();
        new
    }

    /// With another program in poolgate's place.
    pub(crate) fn with_poolgate(self, program: &Path) -> NewDisk {
        fs_err::copy(program, self.files.path().join("usr/bin/poolgate")).unwrap();
        self
    }

    /// A drive which acknowledges flushes and does nothing about them.
    pub(crate) fn which_lies(self) -> NewDisk {
        NewDisk { flushes: Flushes::Ignored, ..self }
    }

    pub(crate) fn made(self) -> Disk {
        let image = tempfile::NamedTempFile::new().unwrap();
        let mut mke2fs = command("mke2fs");
        mke2fs.args(["-q", "-F", "-t", "ext4", "-O", "^resize_inode", "-E", "lazy_itable_init=0,root_owner=0:0"]);
        printed(mke2fs.arg("-d").arg(self.files.path()).arg(image.path()).arg("64M"));
        let contents = fs_err::read(image.path()).unwrap();
        Disk { bed: self.bed, drive: SharedDrive::new(Drive::new(contents, self.flushes)) }
    }
}

impl Disk {
    /// Checks the file system, then starts the machine with the kernel command line that its boot loader would use now.
    pub(crate) fn boot(&self) -> Machine<'_> {
        let image = self.image();
        let mut drive = self.drive.lock();
        drive.power_on();
        drive.become_durably(&fs_err::read(image.0.path()).unwrap());
        drop(drive);
        let settings = image.read("/boot/grub/grub.cfg").expect("the disk has a grub.cfg");
        let parameters = settings.lines().find_map(|line| line.strip_prefix("linux /boot/vmlinuz "));
        Machine::start(self, parameters.expect("grub.cfg names a kernel"))
    }

    /// Boots again and again until the machine switches itself off. More boots than `most` are a failure.
    pub(crate) fn boot_until_off(&self, most: usize) -> Vec<Ended> {
        self.boot_until_off_but(most, |_, machine| machine.until_end())
    }

    /// The same, where `happens` decides how each boot ends; it is told how many there were before.
    pub(crate) fn boot_until_off_but<'disk>(
        &'disk self,
        most: usize,
        mut happens: impl FnMut(usize, Machine<'disk>) -> Ended,
    ) -> Vec<Ended> {
        let mut boots = Vec::new();
        while boots.len() < most {
            let ended = happens(boots.len(), self.boot());
            let off = ended.code.is_some();
            boots.push(ended);
            if off {
                return boots;
            }
        }
        let logs: Vec<_> = boots.iter().map(|ended| ended.log.as_str()).collect();
        panic!("the machine is not off after {most} boots:\n{}", logs.join("\n---\n"));
    }

    /// The names in a folder.
    pub(crate) fn names_in(&self, folder: &str) -> Vec<String> {
        let listed = self.image().ask(&format!("ls -p {folder}"));
        listed.lines().filter_map(|line| line.split('/').nth(5).map(str::to_owned)).collect()
    }

    /// A file as the next boot will find it; nothing if there is none.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        self.image().read(path)
    }

    /// A copy of the disk, brought to order as a boot does.
    fn image(&self) -> Image {
        let mut image = tempfile::NamedTempFile::new().unwrap();
        image.write_all(self.drive.lock().contents()).unwrap();
        let check = |how: &str| {
            let checked = command("e2fsck").arg(how).arg(image.path()).output().unwrap();
            // 1 says that something was put right, which is what it is for (e2fsck(8)).
            let done = matches!(checked.status.code(), Some(0 | 1));
            (done, String::from_utf8_lossy(&checked.stdout).into_owned())
        };
        let (mut done, mut told) = check("-p");
        if told.contains("The superblock could not be read") {
            // ext4 writes its superblock in place when it is mounted, and a drive with sectors of 512 bytes tears its 1,024.
            // There are copies of it, but without somebody who says yes e2fsck leaves it at that.
            (done, told) = check("-y");
        }
        assert!(done, "the file system is damaged: {told}");
        Image(image)
    }
}

struct Image(tempfile::NamedTempFile);

impl Image {
    fn read(&self, path: &str) -> Option<String> {
        // `cat` of a file which does not exist succeeds and prints nothing, as that of an empty file does.
        self.ask(&format!("stat {path}")).starts_with("Inode:").then(|| self.ask(&format!("cat {path}")))
    }

    fn ask(&self, request: &str) -> String {
        printed(command("debugfs").args(["-R", request]).arg(self.0.path()))
    }
}
