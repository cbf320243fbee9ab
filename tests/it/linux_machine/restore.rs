//! Restoring kernel parameters after the file was edited or a step failed: the undone changes, the repeated steps, and
//! the commands that finish the restore by hand.

use std::path::Path;
use std::process::Command;

use poolgate::machine::{FlagValue, SettingChange};

use super::root::{Root, parameter, told};

const CMDLINE: &str = "etc/kernel/cmdline";
const ENTRY: &str = "boot/loader/entries/debian.conf";
const GRUB_CFG: &str = "set default=0\nmenuentry 'Debian' {\n\tlinux\t/boot/vmlinuz root=/dev/sda1 ro quiet\n}\n";
const FAILS: &str = "echo no space left >&2; exit 1";

fn present(text: &str) -> FlagValue {
    FlagValue::Present(text.to_owned())
}

/// A GRUB that reads no drop-ins.
fn arch(default: &str) -> Root {
    Root::debian()
        .without("usr/sbin/update-grub")
        .without("usr/sbin/grub-mkconfig")
        .program("usr/sbin/grub-mkconfig", "")
        .with("boot/grub/grub.cfg", &armed())
        .with("etc/default/grub", default)
}

/// The configuration that `update-grub` makes with the run's parameters.
fn armed() -> String {
    GRUB_CFG.replace("quiet", "quiet slab_nomerge")
}

/// Returns the remaining commands, with the root shown as `ROOT`.
fn by_hand(root: &Root, change: &SettingChange) -> Vec<String> {
    let flags = root.machine().flags;
    let now = flags.read(&change.name).unwrap();
    let commands = flags.by_hand(change, Some(&now), &root.at("saved text"));
    commands.into_iter().map(|command| command.replace(root.path().to_str().unwrap(), "ROOT")).collect()
}

/// Runs the commands that change files; the boot loader's program runs in a root of its own.
fn obey(root: &Root, commands: &[String]) {
    for command in commands.iter().filter(|command| !command.starts_with("chroot ")) {
        let command = command.replace("ROOT", root.path().to_str().unwrap());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success(), "{command}");
    }
}

#[test]
fn edits_of_grub_s_file_stay_when_ours_are_undone() {
    let root = arch("A=1\n");
    let change = root.change();
    let mut flags = root.machine().flags;
    flags.write(&change.name, &change.wanted).unwrap();
    let edited = format!("{}B=2\n", root.text("etc/default/grub").unwrap().replace("A=1", "A=3"));
    let root = root.with("etc/default/grub", &edited);
    let now = flags.read(&change.name).unwrap();
    let undone = flags.undo(&change, &now).unwrap();
    assert_eq!(undone, present("A=3\nB=2\n"));
    // A text with the other edits only stays unchanged.
    assert_eq!(flags.undo(&change, &undone), Some(undone));

    let commands = by_hand(&root, &change);
    assert!(commands[0].starts_with("sed -i ") && commands[0].ends_with(" ROOT/etc/default/grub"), "{commands:?}");
    assert_eq!(commands[1..], ["chroot ROOT grub-mkconfig -o /boot/grub/grub.cfg"]);
    obey(&root, &commands);
    assert_eq!(root.text("etc/default/grub").unwrap(), "A=3\nB=2\n");
    // Another parameter was added to poolgate's line.
    let root = root.with("etc/default/grub", &edited.replace("slab_nomerge", "slab_nomerge theirs"));
    obey(&root, &by_hand(&root, &change));
    assert_eq!(root.text("etc/default/grub").unwrap(), "A=3\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX theirs\"\nB=2\n");
}

#[test]
fn ambiguous_changes_are_left_to_a_person() {
    let root = arch("GRUB_CMDLINE_LINUX=\"quiet\"\n");
    let change = root.change();
    let root = root.with("etc/default/grub", "GRUB_CMDLINE_LINUX=\"quiet slab_nomerge\"\n");
    let flags = root.machine().flags;
    assert_eq!(flags.undo(&change, &flags.read(&change.name).unwrap()), None);
    let edit = "${EDITOR:-vi} ROOT/etc/default/grub # take out slab_nomerge";
    assert_eq!(by_hand(&root, &change), [edit, "chroot ROOT grub-mkconfig -o /boot/grub/grub.cfg"]);
}

#[test]
fn a_remaining_drop_in_is_removed_by_hand() {
    let root = Root::debian().with("boot/grub/grub.cfg", &armed());
    let change = root.change();
    root.machine().flags.write(&change.name, &change.wanted).unwrap();
    assert_eq!(by_hand(&root, &change), ["rm -f ROOT/etc/default/grub.d/99-poolgate.cfg", "chroot ROOT update-grub"]);
    let flags = root.machine().flags;
    let unread = flags.by_hand(&change, None, Path::new("saved"));
    assert_eq!(unread.len(), 2, "{unread:?}");
}

#[test]
fn a_file_with_an_original_is_copied_back_by_hand() {
    let root = arch("A='1'\n").with("saved text", "A='1'\n");
    let change = root.change();
    root.machine().flags.write(&change.name, &change.wanted).unwrap();
    let commands = by_hand(&root, &change);
    assert_eq!(commands[0], "cp 'ROOT/saved text' ROOT/etc/default/grub");
    obey(&root, &commands);
    assert_eq!(root.text("etc/default/grub").unwrap(), "A='1'\n");
    assert_eq!(by_hand(&root, &change), ["chroot ROOT grub-mkconfig -o /boot/grub/grub.cfg"]);
}

#[test]
fn a_failed_update_is_named_alone_and_repeated() {
    let root = Root::debian().with("boot/grub/grub.cfg", &armed()).program("usr/sbin/update-grub", FAILS);
    let change = root.change();
    let mut flags = root.machine().flags;
    for _ in 0..2 {
        let (error, help) = told(flags.write(&change.name, &FlagValue::Absent).unwrap_err());
        assert!(error.contains("cannot make the boot loader's configuration from "), "{error}");
        assert!(error.ends_with("update-grub failed: exit status: 1: no space left"), "{error}");
        assert!(help.contains("by hand"), "{help}");
        assert_eq!(flags.read(&change.name).unwrap(), FlagValue::Absent);
        assert_eq!(by_hand(&root, &change), ["chroot ROOT update-grub"]);
    }
    let works = format!("printf '%s' '{}' > \"$POOLGATE_ROOT/boot/grub/grub.cfg\"", GRUB_CFG.replace('\'', "\""));
    let root = root.program("usr/sbin/update-grub", &works);
    flags.write(&change.name, &FlagValue::Absent).unwrap();
    assert_eq!(root.calls(), ["update-grub"; 3]);
    assert_eq!(by_hand(&root, &change), [""; 0]);
    // Without a configuration the boot loader's behaviour is unknown.
    assert_eq!(by_hand(&root.without("boot/grub/grub.cfg"), &change), ["chroot ROOT update-grub"]);
}

#[test]
fn a_stale_boot_entry_gets_instructions_by_hand() {
    let root = Root::systemd_boot().with(CMDLINE, "quiet\n").with(ENTRY, "title x\noptions quiet slab_nomerge\n");
    let change = root.change();
    let add = "chroot ROOT kernel-install add 6.1.0 /usr/lib/modules/6.1.0/vmlinuz";
    assert_eq!(by_hand(&root, &change), [add]);
    let root = root.with(CMDLINE, "quiet slab_nomerge\n");
    assert_eq!(by_hand(&root, &change), ["cp 'ROOT/saved text' ROOT/etc/kernel/cmdline", add]);
    let root = root.with(CMDLINE, "quiet slab_nomerge it's\n");
    let commands = by_hand(&root, &change);
    assert_eq!(commands, [r"printf '%s\n' 'quiet it'\''s' > ROOT/etc/kernel/cmdline", add]);
    obey(&root, &commands);
    assert_eq!(root.text(CMDLINE).unwrap(), "quiet it's\n");
    let root = root.with(ENTRY, "title x\noptions quiet it's\n");
    let flags = root.machine().flags;
    let restored = flags.undo(&change, &flags.read(&change.name).unwrap());
    assert_eq!((restored, by_hand(&root, &change)), (Some(present("quiet it's\n")), Vec::new()));
}

/// The entry is made before the file is removed: without the file kernel-install takes the running kernel's line, with
/// the parameters.
#[test]
fn a_command_line_of_our_making_goes_after_its_entry_was_made() {
    let root = Root::systemd_boot();
    let change = root.change();
    root.machine().flags.write(&change.name, &change.wanted).unwrap();
    let running = format!("BOOT_IMAGE=/vmlinuz {}", root.text(CMDLINE).unwrap());
    let root = root.with("proc/cmdline", &running).with(ENTRY, &format!("options {running}"));
    let before = "root=UUID=3f0c2f1e-9a5b-4a53-8f6e-0d1c7a6b5e4f ro console=tty0 console=ttyS0,115200 quiet";
    let commands = by_hand(&root, &change);
    let add = "chroot ROOT kernel-install add 6.1.0 /usr/lib/modules/6.1.0/vmlinuz";
    let printf = format!(r"printf '%s\n' '{before}' > ROOT/etc/kernel/cmdline");
    assert_eq!(commands, [printf.as_str(), add, "rm -f ROOT/etc/kernel/cmdline"]);
    // Removing the file by hand changes no entry.
    let root = root.without(CMDLINE);
    assert_eq!(by_hand(&root, &change), commands);
    let mut flags = root.machine().flags;
    flags.write(&change.name, &FlagValue::Absent).unwrap();
    assert_eq!((root.text(CMDLINE), root.text("entries").unwrap().lines().last()), (None, Some(before)));
    // With a correct entry nothing is left to do.
    let root = root.with(ENTRY, &format!("options {before}\n"));
    assert_eq!(by_hand(&root, &change), [""; 0]);
}

#[test]
fn an_interrupted_restore_is_not_mistaken_for_an_edit() {
    let root = Root::systemd_boot();
    let change = root.change();
    let mut flags = root.machine().flags;
    flags.write(&change.name, &change.wanted).unwrap();
    let root = root.program("usr/bin/kernel-install", FAILS);
    assert!(flags.write(&change.name, &FlagValue::Absent).is_err());
    let now = flags.read(&change.name).unwrap();
    assert!(matches!(&now, FlagValue::Present(text) if !text.contains("slab_nomerge")), "{now}");
    assert_eq!(flags.undo(&change, &now), Some(FlagValue::Absent));
    drop(root);
}

#[test]
fn several_parameters_are_undone_together() {
    let root = arch("A=1");
    let asked = [parameter("slab_nomerge"), parameter("page_owner=on")];
    let [change] = root.machine().flags.plan(&asked).unwrap().try_into().unwrap();
    let FlagValue::Present(wanted) = &change.wanted else { panic!("{change:?}") };
    let flags = root.machine().flags;
    assert_eq!(flags.undo(&change, &present(&format!("{wanted}B=2\n"))), Some(present("A=1\nB=2\n")));
    assert_eq!(flags.undo(&change, &change.wanted), Some(present("A=1")));
    assert_eq!(flags.undo(&change, &FlagValue::Absent), Some(FlagValue::Absent));
}
