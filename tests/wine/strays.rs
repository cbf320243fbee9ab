//! Processes that a command leaves behind are ended when its run is over.

use super::bed::bed;
use super::machine::{Machine, POOLGATE};

const SCENARIO: &str = "
scenario: strays
workload: { run: work.exe leave C:/lab/left, iterations: 4 }
sampling: { every: 250 ms, settle: 20 ms, lead_in: 1 s, cool_down: 1 s }
thresholds: [ { total: nonpaged, max_growth: 1 GiB } ]
";

#[test]
fn a_process_that_a_command_detached_is_ended_and_is_an_error() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_file("lab/strays.yaml", SCENARIO);
    let boot = machine.power_on();
    let ended = boot.run(POOLGATE, &["run", r"C:\lab\strays.yaml"]);
    assert!(machine.file("lab/left").exists(), "it never ran: {ended}");
    assert_eq!(boot.running("linger C:/lab/left"), 0, "{ended}");
    assert_eq!(ended.code, Some(3), "{ended}");
    assert!(machine.only_run().junit().contains("left a process running"), "{ended}");
}
