//! Driver Verifier across a boot: whether a run takes it for in force follows from what the kernel reports (class 51), which
//! is simulated. The flags themselves are real registry values.

use super::bed::{Bed, bed};
use super::chain::{Restarts, until_over};
use super::machine::Machine;

const MEMORY: &str = r"System\CurrentControlSet\Control\Session Manager\Memory Management";
/// VerifyDrivers and VerifyDriverLevel before the run.
const BEFORE: [(&str, Option<&str>); 2] = [("VerifyDrivers", None), ("VerifyDriverLevel", Some("dword:00000001"))];

/// Runs a scenario that asks for `verifier` where the kernel reports as `simulated` says; returns its exit code and report.
fn run_with(bed: &Bed, simulated: u32) -> (Option<u32>, serde_json::Value) {
    let flags = "flags: { verifier: { drivers: [LEAKYDRV.sys], level: 0x9, on_boot_failure: keep } }";
    let scenario = format!("{}{flags}\n", include_str!("chain.yaml"));
    let machine = Machine::new(bed, 0)
        .with_value(r"Software\simulated class 22", "Verifier", &format!("dword:{simulated:08x}"))
        .with_value(MEMORY, "VerifyDriverLevel", "dword:00000001")
        .with_file("lab/chain.yaml", &scenario);
    let chain = until_over(&machine, &[], Restarts::ByTheHost);
    for (name, value) in BEFORE {
        assert_eq!(machine.registry().value(MEMORY, name), value, "{}", chain.log);
    }
    (chain.code, machine.only_run().report())
}

fn notes(report: &serde_json::Value) -> String {
    report["notes"].to_string()
}

#[test]
fn drivers_that_the_kernel_lists_are_proven_to_be_verified() {
    let Some(bed) = bed() else { return };
    let (code, report) = run_with(bed, 1);
    assert_eq!(code, Some(0), "{report:#}");
    assert!(!notes(&report).contains("Verifier"), "{report:#}");
}

#[test]
fn a_loaded_driver_that_the_kernel_does_not_verify_is_an_error() {
    let Some(bed) = bed() else { return };
    let (code, report) = run_with(bed, 2);
    assert_eq!(code, Some(3), "{report:#}");
    let message = report["failure"]["message"].as_str().unwrap();
    assert!(message.contains("its kernel runs without the flags"), "{report:#}");
    assert!(notes(&report).contains("LEAKYDRV.sys is loaded, and Driver Verifier does not verify it"), "{report:#}");
}

#[test]
fn without_class_51_the_registry_counts_and_the_report_notes_the_missing_proof() {
    let Some(bed) = bed() else { return };
    let (code, report) = run_with(bed, 0);
    assert_eq!(code, Some(0), "{report:#}");
    assert!(
        notes(&report).contains("LEAKYDRV.sys for Driver Verifier, but the kernel does not confirm it"),
        "{report:#}"
    );
    assert!(notes(&report).contains("returned c0000003 for class 51"), "{report:#}");
}
