//! A machine below a scratch root: the files that poolgate reads and changes there, a reboot, and the remains of a run.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

const UNIT: &str = "etc/systemd/system/poolgate-resume.service";
const LINK: &str = "etc/systemd/system/multi-user.target.wants/poolgate-resume.service";
const PARAMETER: &str = "slab_nomerge";

const SCENARIO: &str = "scenario: test
confirm: false
flags: { kernel_cmdline: [slab_nomerge] }
setup:
  - run: test ! -e ROOT/set-up && touch ROOT/set-up
workload: { run: 'true', iterations: 4 }
teardown:
  - run: rm -f ROOT/set-up
sampling: { every: 20 ms, settle: 0 ms, lead_in: 100 ms, cool_down: 100 ms }
thresholds:
  - { tag: victim, max_growth: 1 GiB }
";

/// Like Debian's: it sources the settings and writes the configuration. A test leaves instructions in files beside it.
const UPDATE_GRUB: &str = r#"#!/bin/sh
# Sources default/grub.d
cd "$POOLGATE_ROOT" || exit 1
calls=$(($(cat calls 2>/dev/null || echo 0) + 1))
echo "$calls" > calls
[ ! -e "kill-at-$calls" ] || { kill -9 "$PPID"; exit 1; }
. etc/default/grub
for settings in etc/default/grub.d/*.cfg; do
    [ ! -e "$settings" ] || . "./$settings"
done
if [ -e fail-from ] && [ "$calls" -ge "$(cat fail-from)" ] && [ "$calls" -le "$(cat fail-until)" ]; then
    [ ! -e half-written ] || echo "linux /boot/vmli" > boot/grub/grub.cfg
    echo "cannot write grub.cfg" >&2
    exit 1
fi
echo "linux /boot/vmlinuz root=/dev/vda $GRUB_CMDLINE_LINUX" > boot/grub/grub.cfg
"#;

/// Requests a restart. The hook sends SIGTERM to poolgate, like a system that goes down, and the test reboots after it
/// has ended.
const REBOOT_HOOK: &str = "#!/bin/sh\necho asked >> \"$POOLGATE_ROOT/restarts\"\nkill -TERM \"$PPID\"\n";

/// The file for the kernel's parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Boot {
    /// A file of poolgate's own in `/etc/default/grub.d`.
    DropIn,
    /// `/etc/default/grub`, which exists before.
    Default,
}

/// The programs of every machine, written once: a program open for writing in one thread while another starts a process
/// cannot be executed (ETXTBSY). Machines have hard links to them. The program under test is copied too, because a run
/// refuses to register a program in a folder of other users for its return.
pub(super) struct Programs(tempfile::TempDir);

impl Programs {
    /// The programs shared by the tests that run now; removed after the last one.
    pub(super) fn shared() -> Arc<Programs> {
        static SHARED: Mutex<Weak<Programs>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Programs::new());
            *shared = Arc::downgrade(&new);
            new
        })
    }

    fn new() -> Programs {
        let folder = folder();
        for (name, text) in [("update-grub", UPDATE_GRUB), ("reboot-hook", REBOOT_HOOK)] {
            let written = folder.path().join("written");
            fs_err::write(&written, text).unwrap();
            fs_err::set_permissions(&written, PermissionsExt::from_mode(0o755)).unwrap();
            crate::install(&written, &folder.path().join(name));
        }
        crate::install(env!("CARGO_BIN_EXE_poolgate"), &folder.path().join("poolgate"));
        Programs(folder)
    }

    fn link(&self, name: &str, to: &Path) {
        fs_err::hard_link(self.0.path().join(name), to).unwrap();
    }
}

/// A folder with a path owned by root throughout: a run refuses to return as root for commands in `/tmp`.
fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("poolgate-faults-").tempdir_in("/var/lib").unwrap()
}

pub(super) struct Machine {
    root: tempfile::TempDir,
    boot: Boot,
}

impl Machine {
    pub(super) fn new(programs: &Programs, boot: Boot) -> Machine {
        let machine = Machine { root: folder(), boot };
        for folder in
            ["proc/sys/kernel/random", "run/systemd/system", "etc/poolgate", "etc/default", "usr/sbin", "usr/bin"]
        {
            fs_err::create_dir_all(machine.at(folder)).unwrap();
        }
        for folder in ["boot/grub", "var/lib", "lab"] {
            fs_err::create_dir_all(machine.at(folder)).unwrap();
        }
        if boot == Boot::DropIn {
            fs_err::create_dir(machine.at("etc/default/grub.d")).unwrap();
        }
        machine.write("proc/sys/kernel/random/boot_id", "boot-1\n");
        machine
            .write("proc/slabinfo", "slabinfo - version: 2.1\nvictim 10 10 64 1 1 : tunables 0 0 0 : slabdata 1 1 0\n");
        machine.write("proc/cmdline", "root=/dev/vda quiet\n");
        machine.write("etc/machine-id", "0123456789abcdef\n");
        machine.write("etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet\"\n");
        machine.write("boot/grub/grub.cfg", "linux /boot/vmlinuz root=/dev/vda quiet\n");
        machine.write("lab/scenario.yaml", &SCENARIO.replace("ROOT", machine.root().to_str().unwrap()));
        programs.link("update-grub", &machine.at("usr/sbin/update-grub"));
        programs.link("poolgate", &machine.at("usr/bin/poolgate"));
        programs.link("reboot-hook", &machine.at("etc/poolgate/reboot-hook"));
        machine
    }

    pub(super) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        fs_err::write(self.at(path), text).unwrap();
    }

    fn text(&self, path: &str) -> Option<String> {
        fs_err::read_to_string(self.at(path)).ok()
    }

    /// The boot loader boots the kernel with the parameters of its configuration.
    pub(super) fn reboot(&self) {
        let id = self.text("proc/sys/kernel/random/boot_id").unwrap();
        let number: u32 = id.trim().strip_prefix("boot-").unwrap().parse().unwrap();
        self.write("proc/sys/kernel/random/boot_id", &format!("boot-{}\n", number + 1));
        let configuration = self.text("boot/grub/grub.cfg").unwrap_or_default();
        let line = configuration.trim().splitn(3, ' ').nth(2).unwrap_or_default();
        self.write("proc/cmdline", &format!("{line}\n"));
    }

    /// Number of restarts requested by poolgate.
    pub(super) fn restarts(&self) -> usize {
        self.text("restarts").unwrap_or_default().lines().count()
    }

    /// Number of calls of `update-grub`.
    pub(super) fn grub_updates(&self) -> u32 {
        self.text("calls").map_or(0, |calls| calls.trim().parse().unwrap())
    }

    /// Whether systemd would start poolgate at the next boot.
    pub(super) fn comes_back(&self) -> bool {
        self.at(UNIT).is_file() && self.at(LINK).is_symlink()
    }

    /// The report of the run, in whichever folder it is.
    pub(super) fn junit(&self) -> Option<String> {
        fs_err::read_to_string(self.reports()?.join("junit.xml")).ok()
    }

    /// The folder with the run's reports.
    pub(super) fn reports(&self) -> Option<PathBuf> {
        let mut folders = fs_err::read_dir(self.at("lab/reports")).ok()?.flatten();
        folders.find(|entry| entry.path().is_dir()).map(|entry| entry.path())
    }

    /// The boot settings that differ from their original state.
    pub(super) fn changed_settings(&self) -> Vec<String> {
        let mut changed = Vec::new();
        if self.boot == Boot::DropIn && self.at("etc/default/grub.d/99-poolgate.cfg").exists() {
            changed.push("etc/default/grub.d/99-poolgate.cfg is still there".to_owned());
        }
        let default = self.text("etc/default/grub");
        if default.as_deref() != Some("GRUB_CMDLINE_LINUX=\"quiet\"\n") {
            changed.push(format!("etc/default/grub is now {default:?}"));
        }
        let configuration = self.text("boot/grub/grub.cfg");
        if configuration.as_deref() != Some("linux /boot/vmlinuz root=/dev/vda quiet\n") {
            changed.push(format!("boot/grub/grub.cfg is now {configuration:?}"));
        }
        changed
    }

    /// The remains of a run that is over.
    pub(super) fn left_behind(&self) -> Vec<String> {
        let mut left = self.changed_settings();
        for path in [UNIT, LINK] {
            if self.at(path).symlink_metadata().is_ok() {
                left.push(format!("{path} is still there"));
            }
        }
        // If the last restart is impossible, only the next boot is without the parameter. That must be reported.
        let runs_with_it = self.text("proc/cmdline").is_some_and(|line| line.contains(PARAMETER));
        if runs_with_it && !self.junit().is_some_and(|text| text.contains("restart")) {
            left.push("the kernel still runs with the parameter, and the report does not say so".to_owned());
        }
        if self.at("set-up").exists() {
            left.push("teardown did not run after the last setup".to_owned());
        }
        left
    }

    /// The system folders that hold a temporary file. They do no harm: no program reads files of these names.
    pub(super) fn litter(&self) -> Vec<String> {
        let folders = ["etc/default", "etc/default/grub.d", "etc/systemd/system", "var/lib/poolgate"];
        let wants = "etc/systemd/system/multi-user.target.wants";
        let entries = folders.into_iter().chain([wants]).flat_map(|folder| fs_err::read_dir(self.at(folder)));
        let paths = entries.flatten().flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(".tmp"));
        paths
            .map(|entry| entry.path().parent().unwrap().strip_prefix(self.root()).unwrap().display().to_string())
            .collect()
    }
}
