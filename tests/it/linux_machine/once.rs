//! Booting once with the parameters: GRUB's `custom.cfg` and `next_entry`.

use poolgate::machine::{FlagValue, SettingChange, linux};

use super::root::{Root, parameter};

const CUSTOM: &str = "boot/grub/custom.cfg";
const BLOCK: &str = "boot/grub/grubenv";
const HEADER: &str = "# GRUB Environment Block\n";

fn block(lines: &str) -> String {
    let text = format!("{HEADER}{lines}");
    text.clone() + &"#".repeat(1024 - text.len())
}

/// A `grub-probe` that reports this file system for `/boot/grub`.
fn probe(file_system: &str, abstraction: &str) -> String {
    format!("case $1 in --target=fs) echo {file_system} ;; --target=abstraction) echo {abstraction} ;; esac")
}

fn debian() -> Root {
    Root::debian()
        .copy("boot/grub/grub.cfg", "grub/grub.cfg-debian")
        .with(BLOCK, &block(""))
        .program("usr/sbin/grub-probe", &probe("ext2", ""))
}

fn planned(root: &Root) -> [SettingChange; 2] {
    let asked = [parameter("slab_nomerge"), parameter("panic=30")];
    root.machine().flags.plan(&asked).unwrap().try_into().unwrap()
}

fn present(text: &str) -> FlagValue {
    FlagValue::Present(text.to_owned())
}

/// The name of the setting that the flags go into.
fn way(root: &Root) -> String {
    root.machine().flags.plan(&[parameter("slab_nomerge")]).unwrap()[0].name.clone()
}

/// Changes the block as GRUB does when it boots the next entry.
fn booted(root: Root) -> Root {
    root.with(BLOCK, &block("next_entry=\n"))
}

#[test]
fn the_default_entry_is_booted_once_with_the_parameters() {
    let root = debian();
    let changes = planned(&root);
    let mut flags = root.machine().flags;
    for change in &changes {
        flags.write(&change.name, &change.wanted).unwrap();
    }
    flags.flush().unwrap();
    assert_eq!(changes[1].name, "/boot/grub/grubenv: next_entry");
    assert_eq!(root.text(BLOCK).unwrap(), block("next_entry=poolgate\n"));
    let custom = root.text(CUSTOM).unwrap();
    let entry = custom.lines().skip(1).collect::<Vec<_>>();
    let heading = "menuentry 'poolgate' '--class' 'debian' '--class' 'gnu-linux' '--class' 'gnu' '--class' 'os' --id 'poolgate' {";
    assert_eq!(entry[0], heading);
    let linux = entry.iter().find(|line| line.contains("\tlinux\t")).unwrap();
    assert!(linux.ends_with(" ro console=ttyS0 quiet slab_nomerge panic=30"), "{linux}");
    assert!(entry.iter().any(|line| line.starts_with("\tinitrd\t/boot/initrd.img-")), "{custom}");
    // Neither GRUB's configuration nor the files it is made from have changed.
    assert_eq!(root.text("boot/grub/grub.cfg").unwrap(), include_str!("../../fixtures/grub/grub.cfg-debian"));
    assert_eq!(root.text("etc/default/grub.d/99-poolgate.cfg"), None);
    assert!(root.calls().iter().all(|call| call.starts_with("grub-probe ")), "{:?}", root.calls());
}

#[test]
fn both_are_put_back_byte_for_byte_whether_grub_booted_or_not() {
    for (custom, lines) in [(None, ""), (Some("menuentry 'mine' {\n}\n"), "saved_entry=0\n"), (Some("# mine"), "")] {
        for boots in [false, true] {
            let root = debian().with(BLOCK, &block(lines));
            let root = match custom {
                Some(text) => root.with(CUSTOM, text),
                None => root,
            };
            let changes = planned(&root);
            let mut flags = root.machine().flags;
            changes.iter().for_each(|change| flags.write(&change.name, &change.wanted).unwrap());
            let root = if boots { root.with(BLOCK, &block(&format!("{lines}next_entry=\n"))) } else { root };
            for change in &changes {
                let now = flags.read(&change.name).unwrap();
                // GRUB's own change to its block does not count as an edit.
                assert!(now == change.wanted || now == change.original, "{now}");
                assert_eq!(flags.undo(change, &change.wanted), Some(change.original.clone()));
                for _ in 0..2 {
                    flags.write(&change.name, &change.original).unwrap();
                    flags.flush().unwrap();
                }
            }
            assert_eq!((root.text(CUSTOM).as_deref(), root.text(BLOCK).unwrap()), (custom, block(lines)));
        }
    }
}

#[test]
fn menu_entries_written_meanwhile_stay() {
    let root = debian().with(CUSTOM, "# mine");
    let [custom, next] = planned(&root);
    let mut flags = root.machine().flags;
    flags.write(&custom.name, &custom.wanted).unwrap();
    let written = root.text(CUSTOM).unwrap();
    for (now, expected) in [
        (format!("{written}# theirs\n"), "# mine\n# theirs\n"),
        (written.replace("# mine", "# theirs"), "# theirs"),
        (written.replace("quiet", "loud"), "# mine"),
        ("# theirs\n".to_owned(), "# theirs\n"),
    ] {
        assert_eq!(flags.undo(&custom, &present(&now)), Some(present(expected)), "{now}");
    }
    assert_eq!(flags.undo(&custom, &present(&written.replace("# The end", "# the end"))), None);
    assert_eq!(flags.undo(&next, &present("theirs")), Some(present("theirs")));
}

#[test]
fn remaining_changes_are_printed_as_commands() {
    let root = debian().with(CUSTOM, "# mine\n");
    let changes = planned(&root);
    let mut flags = root.machine().flags;
    changes.iter().for_each(|change| flags.write(&change.name, &change.wanted).unwrap());
    let copied = "cp ROOT/saved ROOT/boot/grub/custom.cfg";
    assert_eq!(root.by_hand(&changes), [copied, "grub-editenv ROOT/boot/grub/grubenv unset next_entry"]);
    let root = booted(root);
    assert_eq!(root.by_hand(&changes), [copied]);
    let written = root.text(CUSTOM).unwrap();
    let root = root.with(CUSTOM, &format!("{written}# theirs\n"));
    let commands = root.by_hand(&changes);
    let command = commands[0].replace("ROOT", root.path().to_str().unwrap());
    assert!(command.starts_with("sed -i "), "{commands:?}");
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().unwrap().success());
    assert_eq!(root.text(CUSTOM).unwrap(), "# mine\n# theirs\n");
    assert_eq!(root.by_hand(&changes), [""; 0]);
}

#[test]
fn a_grub_without_one_time_entries_gets_the_drop_in() {
    let drop_in = "/etc/default/grub.d/99-poolgate.cfg";
    assert_eq!(way(&debian()), "/boot/grub/custom.cfg");
    assert_eq!(linux::facts(debian().path()).every_boot, None);
    for (file_system, abstraction, expected) in [
        ("xfs", "", "/boot/grub/custom.cfg"),
        ("fat", "", "/boot/grub/custom.cfg"),
        ("btrfs", "", drop_in),
        ("zfs", "", drop_in),
        ("ext2", "lvm", drop_in),
        ("ext2", "diskfilter mdraid1x", drop_in),
        ("ext2", "cryptodisk luks", drop_in),
    ] {
        let root = debian().program("usr/sbin/grub-probe", &probe(file_system, abstraction));
        assert_eq!(way(&root), expected, "{file_system} {abstraction}");
        let every_boot = linux::facts(root.path()).every_boot;
        assert_eq!(every_boot.is_some(), expected == drop_in, "{file_system} {abstraction}: {every_boot:?}");
    }
    let text = include_str!("../../fixtures/grub/grub.cfg-debian");
    for (what, text) in [
        ("next_entry", text.replace("save_env next_entry", "")),
        ("custom.cfg", text.replace("custom.cfg", "other.cfg")),
        ("computed", text.replace("set default=\"0\"", "set default=\"$computed\"")),
        ("a submenu", text.replace("set default=\"0\"", "set default=\"1\"")),
        ("no Linux", text.replacen("\tlinux\t", "\tchainloader\t", 1)),
    ] {
        assert_eq!(way(&debian().with("boot/grub/grub.cfg", &text)), drop_in, "{what}");
    }
    assert_eq!(way(&debian().program("usr/sbin/grub-probe", "exit 1")), drop_in);
    assert_eq!(way(&debian().without("usr/sbin/grub-probe")), drop_in);
    assert_eq!(way(&debian().without(BLOCK)), drop_in);
    assert_eq!(way(&debian().with(BLOCK, "no block")), drop_in);
    // The administrator has chosen another entry for the next boot.
    assert_eq!(way(&debian().with(BLOCK, &block("next_entry=1\n"))), drop_in);
}

#[test]
fn a_block_removed_by_a_person_does_not_block_the_restore() {
    let root = debian();
    let [_, next] = planned(&root);
    let mut flags = root.machine().flags;
    flags.write(&next.name, &next.wanted).unwrap();
    let root = root.without(BLOCK);
    assert_eq!(flags.read(&next.name).unwrap(), FlagValue::Absent);
    flags.write(&next.name, &next.original).unwrap();
    flags.flush().unwrap();
    assert!(!root.at(BLOCK).exists());
}
