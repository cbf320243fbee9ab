//! A machine without a running systemd: an administrator's hook starts poolgate again after a boot, and reboot(2)
//! restarts the machine.

use super::bed::bed;
use super::chain::{left_the_machine_as_it_was, report, short_chain};

/// Keeps the run to be resumed in a file of its own.
const HOOK: &str = r#"#!/bin/sh
case $1 in
set) echo "$3" >/etc/bed/resume ;;
remove) rm -f /etc/bed/resume ;;
get) [ ! -e /etc/bed/resume ] || cat /etc/bed/resume ;;
esac
"#;

/// The script that such a machine runs at each boot, as its /etc/rc.local would.
const RC_LOCAL: &str = r#"
    if [ -e /etc/bed/resume ]; then
        poolgate resume "$(cat /etc/bed/resume)"
    else
        poolgate run /root/chain.yaml --allow-reboot --reports /root/reports
    fi"#;

/// Only this program asks the test bed's init for a restart, and here it does not.
const SYSTEMCTL: &str = "#!/bin/sh
echo \"BED: systemctl $*\" >/dev/console
exit 1
";

#[test]
fn the_whole_chain_restarts_by_the_kernel_and_comes_back_by_the_hook() {
    let Some(bed) = bed() else { return };
    let disk = bed
        .disk_running(RC_LOCAL)
        .with_file("etc/bed/no-systemd", "")
        .with_program("etc/poolgate/autostart-hook", HOOK)
        .with_program("usr/bin/systemctl", SYSTEMCTL)
        .with_file("root/chain.yaml", &short_chain(10))
        .made();
    let boots = disk.boot_until_off(4);
    let codes: Vec<_> = boots.iter().map(|ended| ended.code).collect();
    assert_eq!(codes, [None, None, Some(1)], "{boots:?}");
    assert!(boots.iter().all(|ended| ended.last("BED: systemctl").is_none()), "{boots:?}");
    assert_eq!(report(&disk)["outcome"], "broken");
    left_the_machine_as_it_was(&disk);
    assert_eq!(disk.read("/etc/bed/resume"), None);
}
