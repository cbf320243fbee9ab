//! Ctrl-C at the console acts on poolgate, not on the programs it started.

use super::bed::bed;
use super::boot::until;
use super::machine::{Machine, POOLGATE};

const SCENARIO: &str = "
scenario: pressed
workload: { run: work.exe leave C:/lab/left & work.exe linger C:/lab/begun, iterations: 4 }
teardown: [ { run: work.exe linger C:/lab/tearing }, { run: work.exe linger C:/lab/never } ]
sampling: { every: 250 ms, settle: 20 ms, lead_in: 1 s, cool_down: 1 s }
thresholds: [ { total: nonpaged, max_growth: 1 GiB } ]
";
const CTRL_C: u8 = 3;

#[test]
fn pressed_once_it_ends_the_workload_and_pressed_twice_the_teardown_too() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0).with_file("lab/pressed.yaml", SCENARIO);
    let boot = machine.power_on();
    let mut console = boot.at_a_console(POOLGATE, &["run", r"C:\lab\pressed.yaml"]);
    let made = |name: &str| until(|| machine.file(name).exists().then_some(()));
    made("lab/begun").expect("the workload does not begin");
    assert!(boot.running("linger C:/lab/left") > 0 && boot.running("linger C:/lab/begun") > 0);
    console.press(CTRL_C);
    made("lab/tearing").unwrap_or_else(|| panic!("the teardown does not begin: {}", console.shown()));
    assert_eq!((boot.running("linger C:/lab/left"), boot.running("linger C:/lab/begun")), (0, 0));
    console.press(CTRL_C);
    let shown = console.end();
    assert!(shown.contains("stopping: ending the workload, then cleaning up"), "{shown}");
    assert_eq!(boot.running("linger C:/lab/tearing"), 0);
    assert!(!machine.file("lab/never").exists(), "{shown}");
    let junit = machine.only_run().junit();
    assert!(junit.contains("<error ") && junit.contains("interrupted"), "{junit}");
}
