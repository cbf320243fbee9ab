//! The machine restarts as a real one does, with the settings on the disk.

use std::time::Duration;

use super::bed::bed;
use super::drive::Cut;

#[test]
fn a_kernel_parameter_is_in_force_after_update_grub_and_a_restart() {
    let Some(bed) = bed() else { return };
    let disk = bed
        .disk_running(
            "grep -q slab_nomerge /proc/cmdline && exit 7
            mkdir -p /etc/default/grub.d
            echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX slab_nomerge\"' >/etc/default/grub.d/99-test.cfg
            update-grub && systemctl reboot
            sleep 1000",
        )
        .made();
    let boots = disk.boot_until_off(3);
    let codes: Vec<_> = boots.iter().map(|ended| ended.code).collect();
    assert_eq!(codes, [None, Some(7)]);
    assert_ne!(boots[0].boot_id(), boots[1].boot_id());
    assert!(disk.read("/boot/grub/grub.cfg").unwrap().contains(" slab_nomerge"));
    assert_eq!(disk.read("/etc/default/grub.d/no-such.cfg"), None);
}

#[test]
fn a_unit_enabled_at_boot_replaces_the_script() {
    let Some(bed) = bed() else { return };
    let disk = bed
        .disk_running("systemctl enable test.service; systemctl reboot; sleep 1000")
        .with_file("etc/systemd/system/test.service", "[Service]\nExecStart=/bin/sh -c \"exit 3\"\n")
        .made();
    let boots = disk.boot_until_off(3);
    assert_eq!(boots[1].last("BED: starting "), Some("test.service"));
    assert_eq!(boots[1].code, Some(3));
}

#[test]
fn a_chain_of_restarts_comes_to_its_end_through_power_cuts() {
    let Some(bed) = bed() else { return };
    let disk = bed
        .disk_running(
            "step=$(cat /root/step || echo 0)
            [ $step = 2 ] && exit 0
            echo $((step + 1)) >/root/next
            sync /root/next && mv /root/next /root/step && sync /root
            systemctl reboot
            sleep 1000",
        )
        .made();
    let boots = disk.boot_until_off_but(8, |before, machine| match before {
        0 | 2 => machine.until_marker("BED: up").cut_after(Duration::from_millis(40), Cut::Scatter(before as u64)),
        _ => machine.until_end(),
    });
    assert!((3..=5).contains(&boots.len()), "{boots:?}");
    assert_eq!(disk.read("/root/step").as_deref(), Some("2\n"));
}
