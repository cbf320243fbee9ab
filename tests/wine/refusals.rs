//! A run that needs a boot does not begin if poolgate could not be started after the boot, or if another user could
//! control the run.

use std::os::unix::fs::PermissionsExt;

use super::bed::bed;
use super::machine::{Machine, POOLGATE};
use super::registry::{SERVICES, SESSION_MANAGER};

#[test]
fn a_program_that_any_user_can_replace_is_refused() {
    let Some(bed) = bed() else { return };
    let machine = machine(Machine::new(bed, 0));
    let folder = machine.file("Program Files/poolgate");
    fs_err::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    refused(&machine, "Program Files\\poolgate is not safe to use: Everyone can write to it");
    // The folder holds the machine's lock but no run's state.
    let states = fs_err::read_dir(machine.file("ProgramData/poolgate")).unwrap().flatten();
    assert_eq!(states.filter(|entry| entry.path().is_dir()).count(), 0);
}

#[test]
fn a_foreign_service_of_that_name_is_refused_and_left() {
    let Some(bed) = bed() else { return };
    let theirs = format!(r"{SERVICES}\poolgate-resume");
    let command = r#""C:\\windows\\notepad.exe""#;
    let machine = machine(Machine::new(bed, 0))
        .with_value(&theirs, "Type", "dword:00000010")
        .with_value(&theirs, "Start", "dword:00000003")
        .with_value(&theirs, "ErrorControl", "dword:00000001")
        .with_value(&theirs, "ImagePath", command);
    refused(&machine, "was not written by poolgate, so poolgate does not change it");
    assert_eq!(machine.registry().value(&theirs, "ImagePath"), Some(command));
}

fn machine(machine: Machine) -> Machine {
    machine.with_old_windows().with_file("lab/chain.yaml", include_str!("chain.yaml"))
}

/// Begins a run that needs boots. It must be refused for this reason before its flag is changed.
#[track_caller]
fn refused(machine: &Machine, because: &str) {
    let flag = machine.registry().value(SESSION_MANAGER, "GlobalFlag").map(str::to_owned);
    let boot = machine.power_on();
    let ended = boot.run(POOLGATE, &["run", r"C:\lab\chain.yaml", "--allow-reboot"]);
    boot.cut();
    assert_eq!(ended.code, Some(3), "{ended}");
    // Not the table, which may break the line.
    let junit = machine.only_run().junit();
    assert!(junit.contains(because) && junit.contains("<error"), "{junit}");
    assert_eq!(machine.registry().value(SESSION_MANAGER, "GlobalFlag"), flag.as_deref(), "{ended}");
}
