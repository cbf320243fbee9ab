//! A machine's root in a temporary folder, with programs that record their calls.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use poolgate::failure::help;
use poolgate::machine::{Machine, MachineError, RequestedSetting, SettingChange, linux};

pub(super) struct Root {
    folder: tempfile::TempDir,
}

pub(super) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(super) fn parameter(parameter: &str) -> RequestedSetting {
    RequestedSetting::KernelParameter(parameter.to_owned())
}

impl Root {
    pub(super) fn new() -> Root {
        Root { folder: tempfile::tempdir().unwrap() }
    }

    /// A restartable Debian with GRUB.
    pub(super) fn debian() -> Root {
        Root::new()
            .restartable()
            .copy("proc/cmdline", "proc/cmdline-debian.txt")
            .copy("etc/default/grub", "grub/default-debian")
            .with("etc/default/grub.d/init-select.cfg", "")
            .program("usr/sbin/update-grub", "")
            .program("usr/sbin/grub-mkconfig", ": default/grub.d")
    }

    /// A restartable machine with systemd-boot and kernel-install.
    pub(super) fn systemd_boot() -> Root {
        let variable = "sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
        let name: Vec<u8> = "\u{6}\u{0}systemd-boot 252".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let root = Root::new()
            .restartable()
            .copy("proc/cmdline", "proc/cmdline-debian.txt")
            .with("proc/sys/kernel/osrelease", "6.1.0\n")
            .with("usr/lib/modules/6.1.0/vmlinuz", "")
            .with(variable, "");
        fs_err::write(root.at(variable), name).unwrap();
        // Records the line that the entry would be made from.
        root.program(
            "usr/bin/kernel-install",
            "cat \"$POOLGATE_ROOT/etc/kernel/cmdline\" >> \"$POOLGATE_ROOT/entries\"",
        )
    }

    pub(super) fn restartable(self) -> Root {
        self.program("etc/poolgate/reboot-hook", "")
    }

    pub(super) fn with(self, path: &str, text: &str) -> Root {
        fs_err::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs_err::write(self.at(path), text).unwrap();
        self
    }

    pub(super) fn copy(self, path: &str, from: &str) -> Root {
        let text = fs_err::read_to_string(fixture(from)).unwrap();
        self.with(path, &text)
    }

    /// Adds a program that records its name and arguments, then runs `more`.
    pub(super) fn program(self, path: &str, more: &str) -> Root {
        let name = path.rsplit('/').next().unwrap();
        let text = format!("#!/bin/sh\necho {name} \"$@\" >> \"$POOLGATE_ROOT/calls\"\n{more}\n");
        let written = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(&written, text).unwrap();
        let root = self.with(path, "").without(path);
        crate::install(&written, &root.at(path));
        root.mode(path, 0o755)
    }

    pub(super) fn mode(self, path: &str, mode: u32) -> Root {
        fs_err::set_permissions(self.at(path), PermissionsExt::from_mode(mode)).unwrap();
        self
    }

    pub(super) fn without(self, path: &str) -> Root {
        fs_err::remove_file(self.at(path)).unwrap();
        self
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        fs_err::read_to_string(self.at(path)).ok()
    }

    /// Returns the recorded calls of programs, with the root shown as `ROOT`.
    pub(super) fn calls(&self) -> Vec<String> {
        let text = self.text("calls").unwrap_or_default();
        text.lines().map(|line| line.replace(self.path().to_str().unwrap(), "ROOT")).collect()
    }

    pub(super) fn machine(&self) -> Machine {
        linux::machine(self.path())
    }

    /// Returns the commands that restore `changes` by hand, with ROOT for the path of this root.
    pub(super) fn by_hand(&self, changes: &[SettingChange]) -> Vec<String> {
        let flags = self.machine().flags;
        let commands = changes.iter().flat_map(|change| {
            let now = flags.read(&change.name).unwrap();
            flags.by_hand(change, Some(&now), &self.at("saved"))
        });
        commands.map(|command| command.replace(self.path().to_str().unwrap(), "ROOT")).collect()
    }

    /// Returns the one change that sets `slab_nomerge`.
    pub(super) fn change(&self) -> SettingChange {
        let changes = self.machine().flags.plan(&[parameter("slab_nomerge")]).unwrap();
        let [change] = changes.try_into().unwrap();
        change
    }

    /// Returns the error for settings that cannot be set, and its remedy.
    pub(super) fn refusal(&self, asked: &[RequestedSetting]) -> (String, String) {
        told(self.machine().flags.plan(asked).unwrap_err())
    }
}

/// Returns an error's message and remedy.
pub(super) fn told(error: MachineError) -> (String, String) {
    (error.to_string(), help(&error).unwrap_or_default())
}
