//! Files that run as SYSTEM after a boot were not written by other users.

use std::os::unix::fs::PermissionsExt;

use super::bed::bed;
use super::machine::{Machine, POOLGATE};
use super::registry::SESSION_MANAGER;

#[test]
fn a_state_folder_that_all_users_can_write_is_refused_before_any_change() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_old_windows().with_file("lab/chain.yaml", include_str!("chain.yaml"));
    let state = machine.file("ProgramData/poolgate");
    fs_err::create_dir(&state).unwrap();
    // Wine converts the permissions to an access list.
    fs_err::set_permissions(&state, PermissionsExt::from_mode(0o777)).unwrap();
    let flag = machine.registry().value(SESSION_MANAGER, "GlobalFlag").map(str::to_owned);

    let ended = machine.power_on().run(POOLGATE, &["run", r"C:\lab\chain.yaml", "--allow-reboot"]);
    assert_eq!(ended.code, Some(3), "{ended}");
    assert!(ended.stdout.contains(r"C:\ProgramData\poolgate is not safe to use"), "{ended}");
    assert_eq!(machine.registry().value(SESSION_MANAGER, "GlobalFlag"), flag.as_deref());
    assert!(!machine.has_service("poolgate-resume"));
    assert_eq!(fs_err::read_dir(&state).unwrap().count(), 0, "{ended}");
}
