//! Kernel parameters: `/etc/kernel/cmdline`.

use poolgate::machine::FlagValue;

use super::root::{Root, parameter};

const FILE: &str = "etc/kernel/cmdline";

#[test]
fn the_file_keeps_its_end_and_is_put_back_byte_for_byte() {
    for (original, wanted) in [
        ("root=/dev/vda1 quiet\n", "root=/dev/vda1 quiet slab_nomerge\n"),
        ("root=/dev/vda1 quiet", "root=/dev/vda1 quiet slab_nomerge"),
        ("root=/dev/vda1  quiet \n\n", "root=/dev/vda1  quiet slab_nomerge \n\n"),
        ("quiet -- single\n", "quiet slab_nomerge -- single\n"),
    ] {
        let root = Root::systemd_boot().with(FILE, original);
        let change = root.change();
        assert_eq!(change.name, "/etc/kernel/cmdline");
        let mut flags = root.machine().flags;
        for value in [&change.wanted, &change.wanted, &change.original, &change.original] {
            flags.write(&change.name, value).unwrap();
            flags.flush().unwrap();
        }
        assert_eq!(change.wanted, FlagValue::Present(wanted.to_owned()));
        assert_eq!(root.text(FILE).unwrap(), original);
        assert_eq!(root.text("entries").unwrap(), [wanted, wanted, original, original].concat());
        assert_eq!(root.calls(), ["kernel-install add 6.1.0 ROOT/usr/lib/modules/6.1.0/vmlinuz"; 4]);
    }
}

#[test]
fn an_existing_parameter_is_not_added_twice() {
    let root = Root::systemd_boot().with(FILE, "quiet slab_nomerge\n");
    let asked = [parameter("slab_nomerge"), parameter("page_owner=on")];
    let changes = root.machine().flags.plan(&asked).unwrap();
    assert_eq!(changes[0].wanted, FlagValue::Present("quiet slab_nomerge page_owner=on\n".to_owned()));
}

/// Without the file kernel-install takes the running kernel's line. By then that line has the parameters.
#[test]
fn an_absent_file_is_absent_again_and_the_entry_is_as_before() {
    let root = Root::systemd_boot();
    let before = "root=UUID=3f0c2f1e-9a5b-4a53-8f6e-0d1c7a6b5e4f ro console=tty0 console=ttyS0,115200 quiet";
    let change = root.change();
    assert_eq!(change.original, FlagValue::Absent);
    let mut flags = root.machine().flags;
    flags.write(&change.name, &change.wanted).unwrap();
    assert_eq!(root.text(FILE).unwrap(), format!("{before} poolgate.added slab_nomerge\n"));
    let root = root.with("proc/cmdline", &format!("BOOT_IMAGE=/vmlinuz {before} poolgate.added slab_nomerge\n"));
    assert!(flags.in_force(&[parameter("slab_nomerge")]).unwrap());
    for _ in 0..2 {
        flags.write(&change.name, &FlagValue::Absent).unwrap();
    }
    assert_eq!(root.text(FILE), None);
    assert_eq!(root.text("entries").unwrap().lines().last(), Some(before));
}

#[test]
fn an_interrupted_restore_is_repeated() {
    let root = Root::systemd_boot();
    let change = root.change();
    let mut flags = root.machine().flags;
    flags.write(&change.name, &change.wanted).unwrap();
    let root = root.program("usr/bin/kernel-install", "exit 1");
    flags.write(&change.name, &FlagValue::Absent).unwrap_err();
    assert!(root.at(FILE).exists(), "the file went before the entry was made without it");
    let root =
        root.program("usr/bin/kernel-install", "cp \"$POOLGATE_ROOT/etc/kernel/cmdline\" \"$POOLGATE_ROOT/entry\"");
    flags.write(&change.name, &FlagValue::Absent).unwrap();
    assert_eq!(root.text(FILE), None);
    assert!(!root.text("entry").unwrap().contains("slab_nomerge"));
}

#[test]
fn the_distributions_line_counts_before_the_running_kernels() {
    let root = Root::systemd_boot().with("usr/lib/kernel/cmdline", "root=LABEL=os quiet\n");
    let wanted = "root=LABEL=os quiet poolgate.added slab_nomerge\n";
    assert_eq!(root.change().wanted, FlagValue::Present(wanted.to_owned()));
}

#[test]
fn grub_is_changed_if_systemd_boot_did_not_start_the_kernel() {
    let variable = "sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
    let root = Root::systemd_boot().with(FILE, "quiet\n").copy("etc/default/grub", "grub/default-debian");
    let root = root.program("usr/sbin/update-grub", "");
    assert_eq!(root.change().name, "/etc/kernel/cmdline");
    assert_eq!(root.without(variable).change().name, "/etc/default/grub");
}

#[test]
fn without_a_kernel_to_install_nothing_is_changed() {
    let root = Root::systemd_boot().with(FILE, "quiet\n").without("usr/lib/modules/6.1.0/vmlinuz");
    let (error, _) = root.refusal(&[parameter("slab_nomerge")]);
    assert!(error.contains("kernel-install"), "{error}");
    let root = root.with("boot/vmlinuz-6.1.0", "");
    assert_eq!(root.change().name, "/etc/kernel/cmdline");
}
