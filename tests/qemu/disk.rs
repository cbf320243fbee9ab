//! A state disk: the whole root file system of a test machine, kept across its boots.
//!
//! The host does the work of the initramfs: it checks the root file system before the machine mounts it, as Debian's
//! initramfs does. Without that check Linux 6.1 does not mount an ext4 after a power cut has torn the last commit to
//! the journal; only later kernels know that all its contents are in its first sector (fs/jbd2/recovery.c,
//! `jbd2_commit_block_csum_verify_partial`). Then the host does the work of the boot loader. The real GRUB runs before
//! the check and may find no `grub.cfg` if a rename is still in the journal. No program can prevent that; a separate
//! `/boot` avoids it.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::bed::Bed;
use super::drive::{Drive, Flushes};
use super::machine::{Ended, Machine};
use super::nbd::SharedDrive;
use super::tool::command;
use crate::beds::printed;

/// A disk for starting a machine again and again.
pub(crate) struct Disk {
    pub(crate) bed: Bed,
    pub(crate) drive: SharedDrive,
}

/// A disk that is still to be written.
pub(crate) struct NewDisk {
    bed: Bed,
    files: tempfile::TempDir,
    flushes: Flushes,
}

impl Bed {
    /// Creates a disk for a machine that runs `script` (a file for `sh`) at each boot until a unit takes its place.
    pub(crate) fn disk_running(&self, script: &str) -> NewDisk {
        let new = NewDisk { bed: self.clone(), files: tempfile::tempdir().unwrap(), flushes: Flushes::Honoured };
        printed(command("cp").arg("-r").arg(self.root.join(".")).arg(new.files.path()));
        new.with_file("etc/bed/run", script)
    }
}

impl NewDisk {
    /// Adds a file at `path`, without a leading slash.
    pub(crate) fn with_file(self, path: &str, text: &str) -> NewDisk {
        let path = self.files.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
        self
    }

    /// Adds a program at `path`, without a leading slash.
    pub(crate) fn with_program(self, path: &str, text: &str) -> NewDisk {
        let new = self.with_file(path, text);
        fs_err::set_permissions(new.files.path().join(path), PermissionsExt::from_mode(0o755)).unwrap();
        new
    }

    /// Replaces poolgate by another program.
    pub(crate) fn with_poolgate(self, program: &Path) -> NewDisk {
        fs_err::copy(program, self.files.path().join("usr/bin/poolgate")).unwrap();
        self
    }

    /// Makes the drive acknowledge flushes without carrying them out.
    pub(crate) fn with_lying_drive(self) -> NewDisk {
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

    /// Does the same, but `happens` decides how each boot ends. Its first argument is the number of earlier boots.
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

    /// Returns the names in a folder.
    pub(crate) fn names_in(&self, folder: &str) -> Vec<String> {
        let listed = self.image().ask(&format!("ls -p {folder}"));
        listed.lines().filter_map(|line| line.split('/').nth(5).map(str::to_owned)).collect()
    }

    /// Returns a file as the next boot will find it; nothing if there is none.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        self.image().read(path)
    }

    /// Returns a copy of the disk, checked and repaired as at boot.
    fn image(&self) -> Image {
        let mut image = tempfile::NamedTempFile::new().unwrap();
        image.write_all(self.drive.lock().contents()).unwrap();
        let check = |how: &str| {
            let checked = command("e2fsck").arg(how).arg(image.path()).output().unwrap();
            // Exit status 1 means that e2fsck corrected something (e2fsck(8)), as intended.
            let done = matches!(checked.status.code(), Some(0 | 1));
            (done, String::from_utf8_lossy(&checked.stdout).into_owned())
        };
        let (mut done, mut told) = check("-p");
        if told.contains("The superblock could not be read") {
            // ext4 writes its superblock in place when it is mounted, and a drive with sectors of 512 bytes can tear
            // its 1,024 bytes. There are copies of it, but e2fsck uses them only after a confirmation.
            (done, told) = check("-y");
        }
        assert!(done, "the file system is damaged: {told}");
        Image(image)
    }
}

struct Image(tempfile::NamedTempFile);

impl Image {
    fn read(&self, path: &str) -> Option<String> {
        // `cat` succeeds and prints nothing for a missing file, as it does for an empty one.
        self.ask(&format!("stat {path}")).starts_with("Inode:").then(|| self.ask(&format!("cat {path}")))
    }

    fn ask(&self, request: &str) -> String {
        printed(command("debugfs").args(["-R", request]).arg(self.0.path()))
    }
}
