//! `poolgate flags` on Linux: the kernel command line of the next boot, changed by hand and restored byte for byte.

use std::process::Command;

use super::root::{Root, fixture};
use crate::program::{Completed, poolgate};

const DROP_IN: &str = "etc/default/grub.d/99-poolgate.cfg";

/// A grub.cfg as grub-mkconfig writes it.
const GRUB_CFG: &str = "set default=0\nmenuentry 'Debian' {\n\tlinux\t/boot/vmlinuz-6.1.0 root=/dev/sda1 ro  quiet\n\tinitrd /boot/initrd\n}\n";

fn flags(root: &Root, words: &str) -> Completed {
    let mut command = poolgate();
    command.arg("flags").args(words.split_whitespace()).arg("--root").arg(root.path());
    let Completed { code, stdout, stderr } = Completed::run(command.env_remove("POOLGATE_SIM_KERNEL"));
    let shown = |text: String| text.replace(root.path().to_str().unwrap(), "ROOT");
    Completed { code, stdout: shown(stdout), stderr: shown(stderr) }
}

#[track_caller]
fn does(root: &Root, words: &str) -> Completed {
    let said = flags(root, words);
    assert_eq!(said.code, Some(0), "{words}: {}{}", said.stdout, said.stderr);
    said
}

/// Debian with GRUB, and a folder for the lock.
fn debian() -> Root {
    Root::debian().with("run/.keep", "").with("boot/grub/grub.cfg", GRUB_CFG)
}

fn systemd_boot() -> Root {
    Root::systemd_boot().with("run/.keep", "")
}

#[test]
fn the_running_kernel_s_line_and_the_next_one_s_are_shown() {
    let root = debian();
    let running = fs_err::read_to_string(fixture("proc/cmdline-debian.txt")).unwrap();
    let running = format!("Running kernel's command line: {}\n", running.trim());
    let next = "Next boot's command line (ROOT/boot/grub/grub.cfg): root=/dev/sda1 ro quiet\n";
    for (words, shown) in [("", format!("{next}{running}")), ("/r", next.to_owned()), ("-k", running.clone())] {
        let said = does(&root, words);
        assert_eq!((said.stdout, said.stderr.as_str()), (shown, ""), "{words}");
    }
    drop(root);
    let root = systemd_boot().with("etc/kernel/cmdline", "root=/dev/sda1 slab_nomerge\n");
    let next = "Next boot's command line (ROOT/etc/kernel/cmdline): root=/dev/sda1 slab_nomerge\n";
    assert_eq!(does(&root, "/r").stdout, next);
    drop(root);
    let root = Root::new().with("proc/cmdline", "quiet\n");
    let said = does(&root, "");
    assert_eq!(said.stdout, "Running kernel's command line: quiet\n");
    assert!(said.stderr.contains("note: the next boot's command line is unknown"), "{}", said.stderr);
}

#[test]
fn debian_s_drop_in_comes_and_goes_without_trace() {
    let root = debian();
    let said = does(&root, "/r +slab_nomerge");
    assert!(said.stderr.contains("/etc/default/grub.d/99-poolgate.cfg: with slab_nomerge"), "{}", said.stderr);
    assert!(said.stderr.contains("to put it back: poolgate flags /r -slab_nomerge --root ROOT"), "{}", said.stderr);
    assert!(root.text(DROP_IN).unwrap().ends_with("\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX slab_nomerge\"\n"));
    let script = ". ./grub && . ./grub.d/99-poolgate.cfg && printf %s \"$GRUB_CMDLINE_LINUX\"";
    let shell = Command::new("sh").args(["-c", script]).current_dir(root.at("etc/default")).output().unwrap();
    assert_eq!(String::from_utf8(shell.stdout).unwrap(), "console=ttyS0,115200 slab_nomerge");

    assert!(does(&root, "/r +slab_nomerge").stderr.contains("nothing to change"));
    // The last word counts.
    for words in ["/r -slab_nomerge +slab_nomerge", "/r +panic=5 -panic=5"] {
        assert!(does(&root, words).stderr.contains("nothing to change"), "{words}");
    }
    does(&root, "/r -slab_nomerge +panic=5");
    assert_eq!(root.text(DROP_IN).unwrap().matches("GRUB_CMDLINE_LINUX=").count(), 1);
    does(&root, "/r -panic=5");
    assert_eq!(root.text(DROP_IN), None);
    assert_eq!(root.calls(), ["update-grub"; 3]);
    assert!(does(&root, "/r -slab_nomerge").stderr.contains("nothing to change"));
}

#[test]
fn grub_s_own_file_is_had_back_byte_for_byte() {
    for original in ["A=1\n", "A=1", "", "A=1\r\n\n\t\u{e4}"] {
        let root = Root::debian()
            .without("usr/sbin/update-grub")
            .without("usr/sbin/grub-mkconfig")
            .program("usr/sbin/grub2-mkconfig", "")
            .with("boot/grub2/grub.cfg", GRUB_CFG)
            .with("run/.keep", "")
            .with("etc/default/grub", original);
        does(&root, "/r +slab_nomerge +panic=5");
        let changed = root.text("etc/default/grub").unwrap();
        assert!(
            changed.starts_with(original) && changed.lines().filter(|line| line.starts_with("GRUB_C")).count() == 2
        );
        // Not in the order of adding.
        does(&root, "/r -panic=5");
        does(&root, "/r -slab_nomerge");
        assert_eq!(root.text("etc/default/grub").unwrap(), original);
    }
}

#[test]
fn kernel_install_s_file_is_had_back_byte_for_byte() {
    for original in ["root=/dev/sda1 quiet\n", "root=/dev/sda1  quiet -- single\n", "quiet"] {
        let root = systemd_boot().with("etc/kernel/cmdline", original);
        does(&root, "/r +slab_nomerge");
        assert!(root.text("etc/kernel/cmdline").unwrap().contains(" slab_nomerge"));
        does(&root, "/r -slab_nomerge");
        assert_eq!(root.text("etc/kernel/cmdline").unwrap(), original);
    }
}

#[test]
fn a_file_made_by_poolgate_is_removed_with_its_last_parameter() {
    let root = systemd_boot();
    does(&root, "/r +slab_nomerge +panic=5");
    does(&root, "/r -slab_nomerge");
    assert!(root.text("etc/kernel/cmdline").unwrap().ends_with(" poolgate.added panic=5\n"));
    does(&root, "/r -panic=5");
    assert_eq!(root.text("etc/kernel/cmdline"), None);
    // The entry was made without both before the file was removed.
    let entries = root.text("entries").unwrap();
    let last = entries.lines().last().unwrap();
    assert!(last.ends_with(" quiet") && !last.contains("poolgate.added"), "{entries}");
}

#[test]
fn parameters_added_by_others_are_left_and_shown() {
    let root = debian().with("etc/default/grub.d/50-cloud.cfg", "GRUB_CMDLINE_LINUX_DEFAULT=\"slab_nomerge quiet\"\n");
    let said = flags(&root, "/r -slab_nomerge");
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    let says = "kernel parameter slab_nomerge is set in ROOT/etc/default/grub.d/50-cloud.cfg, and poolgate does not change that file";
    assert!(said.stderr.contains(says) && said.stderr.contains("by hand"), "{}", said.stderr);
    assert_eq!((root.text(DROP_IN), root.calls().len()), (None, 0));

    drop(root);
    let root = systemd_boot().with("proc/cmdline", "quiet slab_nomerge\n");
    let said = flags(&root, "/r -slab_nomerge");
    assert!(said.code == Some(3) && said.stderr.contains("is set in ROOT/proc/cmdline"), "{}", said.stderr);
}

#[test]
fn a_dry_run_changes_nothing() {
    let root = debian();
    let said = does(&root, "/r +slab_nomerge --dry-run");
    assert_eq!(said.stdout, "/etc/default/grub.d/99-poolgate.cfg: with slab_nomerge\n");
    assert_eq!((root.text(DROP_IN), root.calls().len()), (None, 0));
    assert!(!root.at("run/poolgate/machine.lock").exists());
}

#[test]
fn a_boot_loader_s_program_that_fails_leaves_the_file_as_it_was() {
    let root = debian().program("usr/sbin/update-grub", "echo no space left >&2; exit 1");
    let said = flags(&root, "/r +slab_nomerge");
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(
        said.stderr.contains("no space left") && said.stderr.contains("99-poolgate.cfg has its previous value, but"),
        "{}",
        said.stderr
    );
    assert_eq!(root.text(DROP_IN), None);
    // A program that fails once.
    drop(root);
    let root = debian().program(
        "usr/sbin/update-grub",
        "[ -e \"$POOLGATE_ROOT/failed\" ] || { touch \"$POOLGATE_ROOT/failed\"; exit 1; }",
    );
    let said = flags(&root, "/r +slab_nomerge");
    assert!(said.code == Some(3) && said.stderr.contains("the previous value was restored"), "{}", said.stderr);
    assert_eq!(root.text(DROP_IN), None);
}

#[test]
fn every_mistake_is_refused_with_the_right_form() {
    let root = debian();
    for (words, code, says, help) in [
        ("/r slab_nomerge", 2, "`slab_nomerge` without + or - does nothing", "write `+slab_nomerge`"),
        ("/r +", 2, "is empty", "use only letters"),
        ("/r +a$b", 2, "a boot loader would change", "use only letters"),
        ("/r +-b", 2, "begins with -", "use only letters"),
        ("/r +ptg", 2, "global flag +ptg is a boot setting of Windows", "use a kernel parameter"),
        ("/r -ffffffff", 2, "global flag -ffffffff is a boot setting of Windows", "use a kernel parameter"),
        ("/k +slab_nomerge", 2, "cannot be changed, only shown", "`poolgate flags /r +slab_nomerge`"),
        ("/k +ptg", 2, "global flag +ptg is a boot setting of Windows", ""),
        ("+slab_nomerge", 2, "flags need `/r`", "`poolgate flags /r +slab_nomerge`"),
        ("/r --remove", 2, "a registry value is a boot setting of Windows", "use a kernel parameter"),
        ("/r --set dword:00000400", 2, "a registry value is a boot setting of Windows", ""),
    ] {
        let said = flags(&root, words);
        assert_eq!(said.code, Some(code), "{words}: {}{}", said.stdout, said.stderr);
        assert!(said.stderr.contains(says) && said.stderr.contains(help), "{words}: {}", said.stderr);
    }
    assert_eq!((root.text(DROP_IN), root.calls().len()), (None, 0));
}

#[test]
fn an_unknown_boot_loader_gets_instructions_by_hand() {
    let root = Root::new().restartable().copy("proc/cmdline", "proc/cmdline-debian.txt").with("run/.keep", "");
    for (words, help) in
        [("/r +slab_nomerge", "configuration: slab_nomerge, and restart\n"), ("/r -quiet", "configuration by hand")]
    {
        let said = flags(&root, words);
        assert_eq!(said.code, Some(3), "{words}: {}", said.stderr);
        assert!(
            said.stderr.contains("kernel command line: neither GRUB") && said.stderr.contains(help),
            "{}",
            said.stderr
        );
    }
}

#[test]
fn a_run_in_progress_owns_the_command_line() {
    let root = debian();
    let lock = poolgate::run::MachineLock::take(&root.at("run/poolgate/machine.lock"), "nightly-2").unwrap();
    for words in ["/r +slab_nomerge", "/r +slab_nomerge --dry-run"] {
        let said = flags(&root, words);
        assert_eq!(said.code, Some(3), "{words}: {}{}", said.stdout, said.stderr);
        assert!(
            said.stderr.contains("a run in progress owns this machine's flags") && said.stderr.contains("nightly-2"),
            "{}",
            said.stderr
        );
    }
    drop((lock, root));
    // Between two boots no process holds the lock.
    let root = debian().with("var/lib/poolgate/run-1/checkpoint.jsonl", "");
    let said = flags(&root, "/r +slab_nomerge");
    assert!(said.code == Some(3) && said.stderr.contains("ROOT/var/lib/poolgate/run-1"), "{}", said.stderr);
    assert_eq!((root.text(DROP_IN), root.calls().len()), (None, 0));
}

#[test]
fn a_machine_below_another_root_is_not_changed_from_here() {
    let root = debian().without("etc/poolgate/reboot-hook");
    let said = flags(&root, "/r +slab_nomerge");
    assert!(said.code == Some(3) && said.stderr.contains("is not the machine that runs poolgate"), "{}", said.stderr);
    assert_eq!(root.text(DROP_IN), None);
}
