//! A whole run under a real systemd and a real GRUB, without a simulated boot loader.
//!
//! A machine takes minutes here without KVM, so all tests are ignored unless requested (`just nightly grub`): a chain,
//! a kernel that never comes up, with and without `panic=`, a GRUB that cannot boot an entry once, a resume that fails,
//! and power cuts while GRUB's configuration is made.

use std::path::PathBuf;
use std::time::Duration;

use poolgate::random::split_mix;
use serde_json::Value;

use self::file_system::FileSystem;
use self::vm::Vm;
use crate::bed::static_poolgate;
use crate::power::{SEED, number_from};

mod file_system;
mod image;
mod vm;

/// The script that the machine runs at every boot. The run continues by itself under systemd; its output goes to the
/// console.
const RUN: &str = r#"
echo "BED: up $(cat /proc/sys/kernel/random/boot_id)"
echo "BED: line $(cat /proc/cmdline)"
run=$(ls /root/reports 2>/dev/null)
if [ -n "$run" ]; then
    journalctl -f -o cat -n all -u poolgate-resume &
    poolgate wait "$run"
else
    poolgate doctor | grep 'hung boot'
    poolgate run /root/chain.yaml --allow-reboot --reports /root/reports
fi
code=$?
[ $code = 10 ] && sleep infinity
(exit $code)
"#;

/// A test's disk, not in use.
struct Disk {
    file_system: FileSystem,
    folder: tempfile::TempDir,
}

/// Returns a disk with a scenario that asks for `parameter`; `prepared` runs on the machine first. Returns nothing if a
/// program is missing.
fn disk(file_system: FileSystem, parameter: &str, reboot: &str, prepared: &str) -> Option<Disk> {
    let base = match image::base(file_system) {
        Ok(base) => base,
        Err(because) => {
            assert!(std::env::var_os("CI").is_none(), "the test bed with GRUB must run with CI=true: {because}");
            eprintln!("skipped, because {because}");
            return None;
        }
    };
    let disk = Disk { file_system, folder: tempfile::tempdir_in(base.parent().unwrap()).unwrap() };
    let copied = crate::tool::command("cp").arg("--sparse=always").arg(&base).arg(disk.image()).status();
    assert!(copied.unwrap().success());
    let file = |name: &str, text: &str| {
        let path = disk.folder.path().join(name);
        fs_err::write(&path, text).unwrap();
        path
    };
    let scenario = include_str!("chain.yaml").replace("PARAMETER", parameter).replace("timeout: 10 min", reboot);
    let (scenario, run) = (file("chain.yaml", &scenario), file("run", &format!("{prepared}\n{RUN}")));
    file_system.inject(
        &disk.image(),
        &[("/root/chain.yaml", &scenario), ("/etc/bed/run", &run), ("/usr/bin/poolgate", &static_poolgate(None))],
    );
    Some(disk)
}

impl Disk {
    fn image(&self) -> PathBuf {
        self.folder.path().join("disk.img")
    }

    fn start(&self) -> Vm {
        Vm::start(&self.image())
    }

    fn read(&self, path: &str) -> Option<String> {
        self.file_system.read(&self.image(), path)
    }

    /// Returns the report of a machine that is off.
    fn report(&self, log: &str) -> Value {
        let run = log.lines().find_map(|line| line.split_once("chain.yaml → ")).unwrap().1;
        serde_json::from_str(&self.read(&format!("{}/report.json", run.trim())).unwrap()).unwrap()
    }

    /// Checks that every file of the boot loader and systemd is as before the run.
    #[track_caller]
    fn is_as_it_was(&self) {
        let base = image::base(self.file_system).ok().unwrap();
        let before = |path: &str| self.file_system.read(&base, path);
        let files = ["grub.cfg", "custom.cfg"].map(|file| format!("/boot/grub/{file}"));
        let made_from = ["/etc/default/grub", "/etc/default/grub.d/99-poolgate.cfg"].map(str::to_owned);
        for path in files.into_iter().chain(made_from) {
            assert_eq!(self.read(&path), before(&path), "{path}");
        }
        // A test may have removed it.
        if let Some(block) = self.read("/boot/grub/grubenv") {
            assert_eq!(Some(block), before("/boot/grub/grubenv"));
        }
        assert_eq!(self.read("/etc/systemd/system/poolgate-resume.service"), None);
    }
}

/// Returns how often each marker was printed.
fn counts<const N: usize>(log: &str, markers: [&str; N]) -> [usize; N] {
    markers.map(|marker| log.lines().filter(|line| line.contains(marker)).count())
}

const MENU: [&str; 2] = ["Booting `poolgate'", "Booting `Debian GNU/Linux'"];

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn grub_boots_once_into_the_flags_and_the_leak_is_found() {
    chain(FileSystem::Ext4);
}

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn grub_boots_once_into_the_flags_and_the_leak_is_found_on_xfs() {
    chain(FileSystem::Xfs);
}

fn chain(file_system: FileSystem) {
    let Some(disk) = disk(file_system, "slab_nomerge", "timeout: 10 min", "") else { return };
    let mut vm = disk.start();
    let code = vm.until_off();
    assert!(vm.log().contains("the flags apply to one boot"), "{}", vm.log());
    assert_eq!((code, counts(vm.log(), MENU)), (Some(1), [1, 2]), "{}", vm.log());
    let flagged = vm.log().lines().filter(|line| line.contains("BED: line ") && line.contains("slab_nomerge"));
    assert_eq!((flagged.count(), counts(vm.log(), ["BED: up "])), (1, [3]), "{}", vm.log());
    let report = disk.report(vm.log());
    assert_eq!(report["outcome"], "broken", "{report}");
    disk.is_as_it_was();
}

/// `rdinit=` makes the kernel look for a first program that does not exist, before any program of the machine runs.
const NEVER_COMES_UP: &str = "rdinit=/nonexistent";

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn a_kernel_that_hangs_is_gone_at_the_next_reset() {
    hang(FileSystem::Ext4);
}

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn a_kernel_that_hangs_is_gone_at_the_next_reset_on_xfs() {
    hang(FileSystem::Xfs);
}

fn hang(file_system: FileSystem) {
    let Some(disk) = disk(file_system, NEVER_COMES_UP, "timeout: 10 min", "") else { return };
    let mut vm = disk.start();
    vm.until("Booting `poolgate'");
    vm.until("end Kernel panic");
    vm.reset();
    let code = vm.until_off();
    assert_eq!((code, counts(vm.log(), MENU)), (Some(3), [1, 2]), "{}", vm.log());
    let report = disk.report(vm.log());
    assert_eq!(report["outcome"], "error");
    let message = report["failure"]["message"].as_str().unwrap();
    assert!(message.contains("its kernel runs without the flags"), "{message}");
    disk.is_as_it_was();
}

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn a_kernel_that_panics_early_restarts_by_itself_into_the_default_entry() {
    let Some(disk) = disk(FileSystem::Ext4, NEVER_COMES_UP, "after_panic: 2 s", "") else { return };
    let mut vm = disk.start();
    let code = vm.until_off();
    assert_eq!((code, counts(vm.log(), MENU)), (Some(3), [1, 2]), "{}", vm.log());
    assert_eq!(disk.report(vm.log())["outcome"], "error");
    disk.is_as_it_was();
}

/// Without an environment block GRUB cannot boot an entry once.
const CANNOT_BOOT_ONCE: &str = "rm -f /boot/grub/grubenv";

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn a_grub_that_cannot_boot_once_has_its_configuration_made_anew_and_back() {
    let Some(disk) = disk(FileSystem::Ext4, "slab_nomerge", "timeout: 10 min", CANNOT_BOOT_ONCE) else { return };
    let mut vm = disk.start();
    let code = vm.until_off();
    assert!(vm.log().contains("the flags apply to every boot until they are removed"), "{}", vm.log());
    assert_eq!((code, counts(vm.log(), MENU)), (Some(1), [0, 3]), "{}", vm.log());
    assert_eq!(disk.report(vm.log())["outcome"], "broken");
    disk.is_as_it_was();
}

/// Another process holds the run's lock when the machine comes up, for longer than `poolgate resume` waits.
const LOCKED: &str =
    r#"for lock in /var/lib/poolgate/*/run.lock; do [ ! -e "$lock" ] || flock "$lock" sleep 60 & done"#;

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn a_resume_that_fails_is_tried_again_in_the_same_boot() {
    let Some(disk) = disk(FileSystem::Ext4, "slab_nomerge", "timeout: 10 min", LOCKED) else { return };
    let mut vm = disk.start();
    let code = vm.until_off();
    assert_eq!((code, counts(vm.log(), MENU)), (Some(1), [1, 2]), "{}", vm.log());
    assert!(counts(vm.log(), ["Scheduled restart job"])[0] > 0, "{}", vm.log());
    assert_eq!(disk.report(vm.log())["outcome"], "broken");
    disk.is_as_it_was();
}

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn power_cuts_while_grub_s_configuration_is_made_leave_a_machine_that_boots() {
    power_cuts(FileSystem::Ext4);
}

#[test]
#[ignore = "takes minutes: just nightly grub"]
fn power_cuts_while_grub_s_configuration_is_made_leave_a_machine_that_boots_on_xfs() {
    power_cuts(FileSystem::Xfs);
}

fn power_cuts(file_system: FileSystem) {
    let mut seed = number_from("POOLGATE_SEED", SEED);
    eprintln!("POOLGATE_SEED={seed}");
    for marker in ["99-poolgate.cfg: set to", "99-poolgate.cfg: removed"] {
        let Some(disk) = disk(file_system, "slab_nomerge", "timeout: 10 min", CANNOT_BOOT_ONCE) else { return };
        let mut vm = disk.start();
        vm.until(marker);
        // update-grub takes about ten seconds here.
        let delay = Duration::from_millis(split_mix(&mut seed) % 20_000);
        vm.run_for(delay);
        drop(vm);
        let mut vm = disk.start();
        let code = vm.until_off();
        assert!(matches!(code, Some(1 | 3)), "{marker}, {delay:?}: {code:?}:\n{}", vm.log());
        disk.is_as_it_was();
    }
}
