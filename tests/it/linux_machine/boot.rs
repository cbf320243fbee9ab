//! Boot ids and restarts.

use super::root::{Root, told};

#[test]
fn the_boot_id_is_the_kernels() {
    let root = Root::new().with("proc/sys/kernel/random/boot_id", "0b9a6f0c-7a3e-4d0e-9a2b-1c2d3e4f5a6b\n");
    assert_eq!(root.machine().boot.id().unwrap().0, "0b9a6f0c-7a3e-4d0e-9a2b-1c2d3e4f5a6b");
    assert!(Root::machine(&root.without("proc/sys/kernel/random/boot_id")).boot.id().is_err());
}

#[test]
fn a_foreign_root_cannot_be_restarted() {
    // If a bug restarted it, then through this program and not by reboot(2).
    let root = Root::new().program("usr/bin/systemctl", "").with("run/systemd/system/.keep", "");
    let (error, help) = told(root.machine().boot.restart().unwrap_err());
    assert!(error.contains("is not the machine that runs poolgate"), "{error}");
    assert!(help.contains("reboot-hook"), "{help}");
    assert!(root.calls().is_empty());
}

#[test]
fn a_reboot_hook_restarts_in_poolgates_place() {
    let root = Root::new().restartable();
    root.machine().boot.restart().unwrap();
    assert_eq!(root.calls(), ["reboot-hook"]);
}

#[test]
fn a_hook_that_fails_is_quoted() {
    let root = Root::new().program("etc/poolgate/reboot-hook", "echo no power >&2; exit 3");
    let (error, _) = told(root.machine().boot.restart().unwrap_err());
    assert!(error.ends_with("etc/poolgate/reboot-hook failed: exit status: 3: no power"), "{error}");
}

#[test]
fn a_hook_that_others_could_have_written_is_not_run() {
    for path in ["etc/poolgate/reboot-hook", "etc/poolgate", "etc"] {
        let root = Root::new().restartable().mode(path, 0o777);
        let (error, help) = told(root.machine().boot.restart().unwrap_err());
        assert!(error.contains("users other than its owner can write to it (mode 0777)"), "{error}");
        assert_eq!(help, format!("`chmod go-w {}`", root.at(path).display()));
        assert!(root.calls().is_empty());
    }
}
