//! Kernel parameters: planned changes, and GRUB's files.

use poolgate::machine::{FlagValue, RequestedSetting, VerifierRequest};

use super::root::{Root, fixture, parameter, told};

const DROP_IN: &str = "etc/default/grub.d/99-poolgate.cfg";

fn present(text: &str) -> FlagValue {
    FlagValue::Present(text.to_owned())
}

#[test]
fn parameters_in_force_need_no_change_and_no_boot_loader() {
    let root = Root::new().with("proc/cmdline", "quiet slab_nomerge sysctl.vm.mem_profiling=1\n");
    let asked = [parameter("slab_nomerge"), parameter("sysctl.vm.mem_profiling=1")];
    let mut flags = root.machine().flags;
    assert!(flags.in_force(&asked).unwrap());
    assert_eq!(flags.plan(&asked).unwrap(), []);
    assert!(!flags.in_force(&[parameter("slab_merge")]).unwrap());
}

#[test]
fn without_flags_nothing_is_read() {
    let mut flags = Root::new().machine().flags;
    assert_eq!(flags.plan(&[]).unwrap(), []);
    assert!(flags.in_force(&[]).unwrap());
}

#[test]
fn flags_of_windows_are_named_on_linux() {
    let root = Root::debian();
    for (asked, name) in [
        (RequestedSetting::GlobalFlag("+kst".parse().unwrap()), "global flag +kst"),
        (
            RequestedSetting::Verifier(VerifierRequest {
                drivers: vec!["mydrv.sys".to_owned()],
                level: 8,
                reset_on_boot_failure: false,
            }),
            "Driver Verifier",
        ),
    ] {
        let (error, help) = root.refusal(std::slice::from_ref(&asked));
        assert_eq!(error, format!("{name} is a boot setting of Windows; a Linux kernel does not have it"));
        assert!(help.contains("kernel parameter"), "{help}");
        assert!(root.machine().flags.in_force(&[asked]).is_err());
    }
}

#[test]
fn pool_tagging_is_never_off() {
    let mut flags = Root::new().machine().flags;
    assert_eq!(flags.plan(&[RequestedSetting::PoolTagging]).unwrap(), []);
    assert!(flags.in_force(&[RequestedSetting::PoolTagging]).unwrap());
}

#[test]
fn a_parameter_that_a_shell_would_change_is_refused() {
    let root = Root::debian();
    for odd in ["", "a b", "a\"b", "$(reboot)", "a\nb", "`a`", "a\\b", "ä", "--"] {
        let (error, help) = root.refusal(&[parameter(odd)]);
        assert!(error.starts_with(&format!("kernel parameter {odd:?}")), "{error}");
        assert!(!help.is_empty());
    }
}

#[test]
fn debian_gets_a_drop_in_that_is_removed_without_trace() {
    let root = Root::debian();
    let change = root.change();
    assert_eq!((change.name.as_str(), &change.original), ("/etc/default/grub.d/99-poolgate.cfg", &FlagValue::Absent));
    let mut flags = root.machine().flags;
    for _ in 0..2 {
        flags.write(&change.name, &change.wanted).unwrap();
        flags.flush().unwrap();
    }
    let text = root.text(DROP_IN).unwrap();
    assert_eq!(flags.read(&change.name).unwrap(), present(&text));
    assert!(text.starts_with("# Written by poolgate"), "{text}");
    assert!(text.ends_with("\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX slab_nomerge\"\n"), "{text}");
    // Removes it twice: the visible removal may not have reached the disk or GRUB's own configuration.
    for _ in 0..2 {
        flags.write(&change.name, &FlagValue::Absent).unwrap();
        flags.flush().unwrap();
    }
    assert_eq!(flags.read(&change.name).unwrap(), FlagValue::Absent);
    assert_eq!(root.calls(), ["update-grub"; 4]);
    assert_eq!(fs_err::read_dir(root.at("etc/default/grub.d")).unwrap().count(), 1, "a temporary file is left");
}

#[test]
fn a_shell_reads_the_parameters_behind_those_it_had() {
    let root = Root::debian();
    let change = root.change();
    root.machine().flags.write(&change.name, &change.wanted).unwrap();
    let script = ". ./grub && . ./grub.d/99-poolgate.cfg && printf %s \"$GRUB_CMDLINE_LINUX\"";
    let shell = std::process::Command::new("sh").args(["-c", script]).current_dir(root.at("etc/default")).output();
    assert_eq!(String::from_utf8(shell.unwrap().stdout).unwrap(), "console=ttyS0,115200 slab_nomerge");
}

#[test]
fn a_file_is_put_back_byte_for_byte() {
    for original in ["", "A=1\n", "A=1", "A=1\r\n\n\t\u{e4}\0"] {
        let root = Root::debian().with(DROP_IN, original).mode(DROP_IN, 0o640);
        let change = root.change();
        assert_eq!(change.original, present(original));
        let mut flags = root.machine().flags;
        flags.write(&change.name, &change.wanted).unwrap();
        let newline = if original.is_empty() || original.ends_with('\n') { "" } else { "\n" };
        assert!(root.text(DROP_IN).unwrap().starts_with(&format!("{original}{newline}# Written by poolgate")));
        assert!(root.text(DROP_IN).unwrap().lines().any(|line| line.starts_with("GRUB_CMDLINE_LINUX=")));
        flags.write(&change.name, &change.original).unwrap();
        assert_eq!(root.text(DROP_IN).unwrap(), original);
        let mode = std::os::unix::fs::PermissionsExt::mode(&root.at(DROP_IN).metadata().unwrap().permissions());
        assert_eq!(mode & 0o7777, 0o640);
    }
}

#[test]
fn a_link_to_a_file_stays_a_link() {
    let root = Root::debian().with("elsewhere", "A=1\n");
    std::os::unix::fs::symlink(root.at("elsewhere"), root.at(DROP_IN)).unwrap();
    let change = root.change();
    let mut flags = root.machine().flags;
    flags.write(&change.name, &change.wanted).unwrap();
    flags.write(&change.name, &change.original).unwrap();
    assert!(root.at(DROP_IN).is_symlink());
    assert_eq!(root.text("elsewhere").unwrap(), "A=1\n");
}

#[test]
fn a_grub_that_reads_no_drop_ins_has_its_own_file_changed() {
    let root = Root::debian()
        .without("usr/sbin/update-grub")
        .without("usr/sbin/grub-mkconfig")
        .program("usr/sbin/grub2-mkconfig", "")
        .with("boot/grub2/grub.cfg", "");
    let change = root.change();
    assert_eq!(change.name, "/etc/default/grub");
    let mut flags = root.machine().flags;
    flags.write(&change.name, &change.wanted).unwrap();
    flags.write(&change.name, &change.original).unwrap();
    let before = fs_err::read_to_string(fixture("grub/default-debian")).unwrap();
    assert_eq!(root.text("etc/default/grub").unwrap(), before);
    assert_eq!(root.calls(), ["grub2-mkconfig -o ROOT/boot/grub2/grub.cfg"; 2]);
}

#[test]
fn entries_that_grub_does_not_make_are_left_to_grubby() {
    let root = Root::debian().copy("etc/default/grub", "grub/default-fedora");
    let (error, help) = root.refusal(&[parameter("slab_nomerge")]);
    assert!(error.contains("boot loader entries"), "{error}");
    assert!(help.contains("grubby --update-kernel=ALL --args=\"slab_nomerge\""), "{help}");
}

#[test]
fn an_unknown_boot_loader_gets_the_parameters_to_add_by_hand() {
    let root = Root::new().restartable().copy("proc/cmdline", "proc/cmdline-debian.txt");
    let (error, help) = root.refusal(&[parameter("slab_nomerge"), parameter("sysctl.vm.mem_profiling=1")]);
    assert!(error.contains("neither GRUB"), "{error}");
    assert!(help.contains("configuration: slab_nomerge sysctl.vm.mem_profiling=1, restart, then run again"), "{help}");
}

#[test]
fn a_machine_that_cannot_be_restarted_is_not_changed() {
    let root = Root::debian().without("etc/poolgate/reboot-hook");
    let (error, _) = root.refusal(&[parameter("slab_nomerge")]);
    assert!(error.contains("cannot be restarted"), "{error}");
}

#[test]
fn text_that_is_not_utf_8_is_refused_not_mangled() {
    let root = Root::debian();
    fs_err::write(root.at(DROP_IN), b"A=\xff\n").unwrap();
    let (error, help) = root.refusal(&[parameter("slab_nomerge")]);
    assert!(error.contains("99-poolgate.cfg is not UTF-8"), "{error}");
    assert!(!help.is_empty());
    assert_eq!(fs_err::read(root.at(DROP_IN)).unwrap(), b"A=\xff\n");
}

#[test]
fn no_other_file_is_ever_written() {
    let root = Root::debian();
    for name in ["/etc/passwd", "etc/default/grub", "/etc/default/../default/grub"] {
        assert!(root.machine().flags.write(name, &FlagValue::Absent).is_err(), "{name}");
        assert!(root.machine().flags.read(name).is_err(), "{name}");
    }
    assert!(root.calls().is_empty());
}

#[test]
fn a_boot_loaders_program_that_fails_is_quoted() {
    let root = Root::debian().program("usr/sbin/update-grub", "echo no space left >&2; exit 1");
    let change = root.change();
    let (error, _) = told(root.machine().flags.write(&change.name, &change.wanted).unwrap_err());
    assert!(error.ends_with("update-grub failed: exit status: 1: no space left"), "{error}");
}
