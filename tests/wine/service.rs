//! The service under the control of the service manager and of a person.

use super::bed::bed;
use super::boot::{Boot, until};
use super::machine::{Machine, POOLGATE};
use super::registry::{SERVICES, SESSION_MANAGER};

const SERVICE: &str = "poolgate-resume";

#[test]
fn a_service_started_by_hand_prints_the_right_command() {
    let Some(bed) = bed() else { return };
    let ended = Machine::new(bed, 0).power_on().run(POOLGATE, &["service", r"C:\ProgramData\poolgate\run"]);
    assert_eq!(ended.code, Some(3), "{ended}");
    assert!(ended.stderr.contains("only the service manager can start this command"), "{ended}");
    assert!(ended.stderr.contains("poolgate resume RUN"), "{ended}");
}

#[test]
fn a_service_whose_run_cannot_be_resumed_ends_and_stays_for_the_next_boot() {
    let Some(bed) = bed() else { return };
    let ours = format!(r"{SERVICES}\{SERVICE}");
    let command = r#""\"C:\\Program Files\\poolgate\\poolgate.exe\" service \"C:\\ProgramData\\poolgate\\run\"""#;
    let machine = Machine::new(bed, 0)
        .with_value(&ours, "Type", "dword:00000010")
        .with_value(&ours, "Start", "dword:00000003")
        .with_value(&ours, "ErrorControl", "dword:00000001")
        .with_value(&ours, "ImagePath", command);
    let boot = machine.power_on();
    assert_eq!(boot.run("sc", &["start", SERVICE]).code, Some(0));
    until(|| (boot.running(" service ") == 0).then_some(())).expect("the service does not end");
    let asked = boot.run("sc", &["query", SERVICE]);
    // STOPPED.
    assert!(asked.stdout.contains("STATE              : 1"), "{asked}");
    boot.cut();
    assert_eq!(machine.registry().value(&ours, "ImagePath"), Some(command));
}

#[test]
fn a_stopped_service_ends_its_run_in_order_and_restores_the_flag() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_old_windows().with_file("lab/long.yaml", &long());
    machine.registry().remove(SESSION_MANAGER, "GlobalFlag");
    let boot = measuring(&machine);
    let stopped = boot.run("sc", &["stop", SERVICE]);
    assert_eq!(stopped.code, Some(0), "{stopped}");
    is_restored(&machine, boot);
    assert_eq!(machine.only_run().report()["failure"]["message"], "interrupted");
}

#[test]
fn a_machine_that_goes_down_ends_the_service_at_once_and_the_next_boot_reports_it() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_old_windows().with_file("lab/long.yaml", &long());
    machine.registry().remove(SESSION_MANAGER, "GlobalFlag");
    let boot = measuring(&machine);
    // The sign for SERVICE_CONTROL_PRESHUTDOWN, which Wine's service manager does not send.
    fs_err::write(machine.file("lab/preshutdown"), "").unwrap();
    until(|| (boot.running(" service ") == 0).then_some(())).expect("the service does not end");
    let told = story(&machine);
    assert!(!told.contains("stopping") && !told.contains("phase restore"), "{told}");
    boot.cut();
    fs_err::remove_file(machine.file("lab/preshutdown")).unwrap();
    assert_eq!(machine.registry().value(SESSION_MANAGER, "GlobalFlag"), Some("dword:00000400"));

    let boot = machine.power_on();
    is_restored(&machine, boot);
    assert_eq!(machine.only_run().report()["failure"]["message"], "the machine went down while the workload ran");
}

/// Starts the run of `long.yaml`, and returns the boot in which the service measures.
fn measuring(machine: &Machine) -> Boot<'_> {
    let mut boot = machine.power_on();
    boot.start(POOLGATE, &["run", r"C:\lab\long.yaml", "--allow-reboot"]);
    until(|| (story(machine).contains("restarting") || boot.is_over()).then_some(()))
        .expect("the run does not restart");
    boot.cut();

    let boot = machine.power_on();
    until(|| story(machine).contains("Z workload").then_some(())).expect("the service does not measure");
    boot
}

/// Checks that the service removes the flag in this boot, and that the next boot ends the run.
#[track_caller]
fn is_restored(machine: &Machine, mut boot: Boot) {
    until(|| (story(machine).contains("phase boot restored") || boot.is_over()).then_some(()))
        .expect("the run is not put back");
    until(|| (boot.is_over() || boot.running(" service ") == 0).then_some(())).expect("the service does not end");
    boot.cut();
    assert_eq!(machine.registry().value(SESSION_MANAGER, "GlobalFlag"), None);
    over(machine);
}

/// Lets the service run until its run is over.
#[track_caller]
fn over(machine: &Machine) {
    let mut boot = machine.power_on();
    until(|| {
        let gone = story(machine).contains("phase done") && boot.running(" service ") == 0;
        (gone || boot.is_over()).then_some(())
    })
    .expect("the run does not end");
    boot.until_no_service(SERVICE);
    boot.cut();
    assert!(!machine.has_service(SERVICE));
}

/// Returns [`chain.yaml`] with far more iterations than the test needs.
fn long() -> String {
    include_str!("chain.yaml").replace("iterations: 12", "iterations: 100000")
}

/// Returns the run's log, once there is a run.
fn story(machine: &Machine) -> String {
    machine.runs().pop().map(|run| machine.story_of(&run)).unwrap_or_default()
}
