//! Troubles of a real Windows that Wine does not have, simulated at the calls of poolgate.exe (`guest/simulated_*.c`).

use super::bed::bed;
use super::machine::{Machine, POOLGATE};

const SCENARIO: &str = include_str!("leakydrv.yaml");
const RUN: [&str; 2] = ["run", r"C:\lab\leakydrv.yaml"];

#[test]
fn a_run_is_unaffected_by_a_virus_scanner_that_briefly_opens_its_files() {
    let Some(bed) = bed() else { return };
    let machine = Machine::new(bed, 0)
        .with_value(r"Software\simulated troubles", "BusyFiles", "dword:00000001")
        .with_file("lab/leakydrv.yaml", &SCENARIO.replace("TAG", "Leak"));
    let ended = machine.power_on().run(POOLGATE, &RUN);
    assert_eq!(ended.code, Some(0), "{ended}");
    let run = machine.only_run();
    assert_eq!(run.report()["outcome"], "held");
    assert!(run.junit().contains(r#"failures="0""#), "{}", run.junit());
    assert!(!ended.stderr.contains("error"), "{ended}");
}

#[test]
fn a_session_table_that_cannot_be_read_once_is_a_gap_with_a_reason() {
    let Some(bed) = bed() else { return };
    let scenario = SCENARIO.replace("TAG", "Leak") + "  - { tag: Gla1, max_growth: 0 B }\n";
    let machine = Machine::new(bed, 0)
        .with_value(r"Software\simulated class 22", "Sessions", "dword:00000009")
        .with_file("lab/leakydrv.yaml", &scenario);
    let ended = machine.power_on().run(POOLGATE, &RUN);
    assert_eq!(ended.code, Some(0), "{ended}");
    let run = machine.only_run();
    let gap = "a sample is missing: cannot read session pools: the kernel returned c000009a for class 67";
    assert_eq!(run.text("run.log").matches(gap).count(), 1, "{}", run.text("run.log"));
    let report = run.report();
    let of_session = report["tags"].as_array().unwrap().iter().find(|figures| figures["session"] == 1);
    assert_eq!(of_session.unwrap_or_else(|| panic!("{report:#}"))["tag"], "Gla1");
}
