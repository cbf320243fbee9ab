//! Tests of the check against the kernel's report on Driver Verifier.

use super::*;
use crate::machine::windows::verified::{Verification, VerifiedDriver};

/// Returns whether the request of [`verifier`] is in force, and the notes, with the registry set as requested.
fn found(reported: Result<Verification, String>) -> (bool, Vec<String>) {
    let memory = memory(&[
        (&VERIFY_DRIVERS, RegistryValue::sz("mydrv.sys second.sys")),
        (&VERIFY_LEVEL, RegistryValue::dword(8)),
    ]);
    let mut machine = machine(&memory, Tagging::Always, None);
    machine.running.verification = Box::new(move || reported.clone());
    let in_force = machine.in_force(&[verifier()]).unwrap();
    let notes = machine.notes();
    assert!(machine.notes().is_empty(), "a note comes once");
    (in_force, notes)
}

fn reporting(drivers: &[(&str, u32)], loaded: &[&str]) -> Result<Verification, String> {
    let drivers = drivers.iter().map(|(name, level)| VerifiedDriver { name: (*name).to_owned(), level: *level });
    Ok(Verification { drivers: drivers.collect(), loaded: loaded.iter().map(|name| (*name).to_owned()).collect() })
}

#[test]
fn drivers_that_the_kernel_lists_are_proven_in_upper_and_lower_case() {
    let kernel = reporting(&[("SECOND.SYS", 8), ("MyDrv.sys", 8), ("third.sys", 1)], &["mydrv.sys", "ntoskrnl.exe"]);
    assert_eq!(found(kernel), (true, Vec::new()));
}

#[test]
fn a_loaded_driver_that_the_kernel_does_not_list_is_not_verified() {
    let (in_force, notes) = found(reporting(&[("second.sys", 8)], &["MYDRV.SYS"]));
    assert!(!in_force);
    assert_eq!(
        notes,
        ["mydrv.sys is loaded, and Driver Verifier does not verify it (NtQuerySystemInformation, class 51)"]
    );
}

#[test]
fn a_level_without_a_requested_flag_is_not_in_force_and_extra_flags_are_noted() {
    let (in_force, notes) = found(reporting(&[("mydrv.sys", 0x1), ("second.sys", 0x208)], &[]));
    assert!(!in_force);
    let expected = [
        "Driver Verifier verifies mydrv.sys at level 0x1, without 0x8 of the requested 0x8",
        "Driver Verifier verifies second.sys at level 0x208, 0x200 more than requested",
    ];
    assert_eq!(notes, expected);
    assert!(found(reporting(&[("mydrv.sys", 9), ("second.sys", 8)], &[])).0);
}

#[test]
fn unreported_flags_are_in_force_by_the_registry_and_noted_as_unproven() {
    let (in_force, notes) = found(reporting(&[("second.sys", 8)], &["ntoskrnl.exe"]));
    assert!(in_force && notes.len() == 1, "{notes:?}");
    assert!(
        notes[0].contains("names mydrv.sys for Driver Verifier, but the kernel does not confirm it")
            && notes[0].contains("not loaded yet"),
        "{notes:?}"
    );

    let (in_force, notes) = found(Err("the kernel returned c0000003 for class 51".to_owned()));
    assert!(in_force && notes.len() == 1, "{notes:?}");
    assert!(
        notes[0].contains("mydrv.sys, second.sys for Driver Verifier, but the kernel does not confirm it")
            && notes[0].contains("c0000003"),
        "{notes:?}"
    );
}
