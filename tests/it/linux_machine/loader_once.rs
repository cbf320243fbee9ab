//! Booting once with the parameters: systemd-boot's entry and `LoaderEntryOneShot`.

use poolgate::machine::{FlagValue, SettingChange, linux};

use super::root::{Root, parameter};

const ENTRY: &str = "boot/loader/entries/a-poolgate.conf";
const BOOTED: &str =
    "title Debian\nversion 6.1.0\nsort-key debian\nlinux /vmlinuz\ninitrd /initrd\noptions root=/dev/vda1 quiet\n";

/// The path of a firmware variable.
fn variable(name: &str) -> String {
    format!("sys/firmware/efi/efivars/{name}-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f")
}

fn with_variable(root: Root, name: &str, value: &[u8]) -> Root {
    let root = root.with(&variable(name), "");
    fs_err::write(root.at(&variable(name)), [&[7, 0, 0, 0], value].concat()).unwrap();
    root
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn systemd_boot() -> Root {
    let root = Root::systemd_boot().with("boot/loader/entries/Debian-6.1.0+2-1.conf", BOOTED);
    let root = with_variable(root, "LoaderEntrySelected", &utf16("debian-6.1.0.conf"));
    let root = with_variable(root, "LoaderFeatures", &[0xff, 0, 0, 0, 0, 0, 0, 0]);
    // Does the same as bootctl, for ASCII letters.
    let file = format!("\"$POOLGATE_ROOT/{}\"", variable("LoaderEntryOneShot"));
    let utf16 = r"printf %s\\n $2 | sed 's/./&\n/g' | grep . | tr '\n' '\0'; printf '\0\0'";
    let set = format!("if [ -z \"$2\" ]; then rm -f {file}; else {{ printf '\\7\\0\\0\\0'; {utf16}; }} > {file}; fi");
    root.program("usr/bin/bootctl", &set)
}

fn planned(root: &Root) -> [SettingChange; 2] {
    root.machine().flags.plan(&[parameter("slab_nomerge"), parameter("panic=30")]).unwrap().try_into().unwrap()
}

fn way(root: &Root) -> String {
    root.machine().flags.plan(&[parameter("slab_nomerge")]).unwrap()[0].name.clone()
}

#[test]
fn the_booted_entry_is_booted_once_more_with_the_parameters_and_goes_without_trace() {
    let root = systemd_boot();
    assert_eq!(linux::facts(root.path()).every_boot, None);
    let changes = planned(&root);
    assert_eq!(changes[0].name, "/boot/loader/entries/a-poolgate.conf");
    assert_eq!(changes[1].name, "LoaderEntryOneShot");
    let mut flags = root.machine().flags;
    for change in &changes {
        for _ in 0..2 {
            flags.write(&change.name, &change.wanted).unwrap();
        }
        assert_eq!(flags.read(&change.name).unwrap(), change.wanted);
    }
    flags.flush().unwrap();
    let entry = root.text(ENTRY).unwrap();
    let (_, entry) = entry.split_once('\n').unwrap();
    assert_eq!(entry, BOOTED.replace("sort-key debian\n", "") + "options slab_nomerge panic=30\n");
    assert_eq!(root.text("etc/kernel/cmdline"), None);
    assert_eq!(root.by_hand(&changes), ["rm -f ROOT/boot/loader/entries/a-poolgate.conf", "bootctl set-oneshot ''"]);
    // systemd-boot removes the variable when it boots the entry.
    let root = root.without(&variable("LoaderEntryOneShot"));
    assert_eq!(root.by_hand(&changes), ["rm -f ROOT/boot/loader/entries/a-poolgate.conf"]);
    for change in &changes {
        let edited = FlagValue::Present("title theirs\n".to_owned());
        assert_eq!(flags.undo(&changes[0], &edited), Some(FlagValue::Absent));
        flags.write(&change.name, &change.original).unwrap();
        assert_eq!(flags.read(&change.name).unwrap(), FlagValue::Absent);
    }
    flags.flush().unwrap();
    assert_eq!((root.text(ENTRY), root.by_hand(&changes)), (None, Vec::new()));
    let calls = root.calls();
    assert!(calls.iter().all(|call| call.starts_with("bootctl set-oneshot")), "{calls:?}");
}

#[test]
fn a_systemd_boot_without_one_time_entries_gets_kernel_installs_file() {
    let file = "/etc/kernel/cmdline";
    assert_eq!(way(&systemd_boot()), "/boot/loader/entries/a-poolgate.conf");
    let image = with_variable(systemd_boot(), "LoaderEntrySelected", &utf16("debian-6.1.0.efi"));
    assert_eq!((way(&image), linux::facts(image.path()).every_boot.is_some()), (file.to_owned(), true));
    drop(image);
    assert_eq!(way(&with_variable(systemd_boot(), "LoaderFeatures", &[0xf7, 0, 0, 0, 0, 0, 0, 0])), file);
    assert_eq!(way(&with_variable(systemd_boot(), "LoaderEntryOneShot", &utf16("theirs.conf"))), file);
    assert_eq!(way(&systemd_boot().without("usr/bin/bootctl")), file);
    assert_eq!(way(&systemd_boot().without(&variable("LoaderEntrySelected"))), file);
    let windows = systemd_boot().with("boot/loader/entries/Debian-6.1.0+2-1.conf", "title x\nefi /windows.efi\n");
    assert_eq!(way(&windows), file);
}
