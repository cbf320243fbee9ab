//! Tests of Driver Verifier's boot mode, on a Windows that keeps it in a value poolgate can or cannot see.

use super::super::setting::{MEMORY, VERIFY_LEVEL};
use super::*;

const NAME: &str = "Driver Verifier's boot mode";

/// The place of Driver Verifier's boot mode in the simulated Windows.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) enum ModeKept {
    /// In a value that is absent for the default.
    #[default]
    Value,
    /// Not in any visible value.
    Elsewhere,
    /// verifier.exe fails.
    Failing,
}

/// The value of the mode in the simulated Windows. The real name is not documented.
pub(super) fn somewhere() -> RegistrySetting {
    setting("VerifierSomething")
}

fn setting(name: &'static str) -> RegistrySetting {
    RegistrySetting { key: MEMORY, value: name.into() }
}

fn resetting() -> RequestedSetting {
    RequestedSetting::Verifier(VerifierRequest {
        drivers: vec!["mydrv.sys".to_owned()],
        level: 8,
        reset_on_boot_failure: true,
    })
}

fn change(memory: &FakeRegistry) -> SettingChange {
    let changes = machine(memory, Tagging::On, None).plan(&[resetting()]).unwrap();
    let [_, _, change] = changes.try_into().unwrap();
    change
}

#[test]
fn the_mode_is_reset_on_boot_failure_for_the_run_and_every_value_is_put_back() {
    for before in [
        &[][..],
        &[(&somewhere(), RegistryValue::dword(1))],
        // The mode was set before the run.
        &[(&somewhere(), RegistryValue::dword(4)), (&setting("verifierother"), "hex(dead):01".parse().unwrap())],
        &[(&setting("VerifierOther"), RegistryValue::sz("\"{}\\é"))],
    ] {
        let memory = memory(before);
        let change = change(&memory);
        assert_eq!((change.name.as_str(), &change.wanted), (NAME, &present("resetonbootfail")));
        let original = memory.0.borrow().clone();
        let mut machine = machine(&memory, Tagging::On, None);
        assert_eq!(machine.read(NAME).unwrap(), change.original);
        // Twice, as after a crash.
        for _ in 0..2 {
            machine.write(NAME, &change.wanted).unwrap();
            assert_eq!(memory.get(&somewhere()).unwrap(), Some(RegistryValue::dword(4)));
            assert!(machine.is_made(&change, &machine.read(NAME).unwrap()));
        }
        for _ in 0..2 {
            machine.write(NAME, &change.original).unwrap();
            assert_eq!(*memory.0.borrow(), original);
        }
        assert_eq!(machine.by_hand(&change, None, Path::new("saved")), Vec::<String>::new());
    }
}

#[test]
fn a_mode_that_could_not_be_put_back_is_an_error() {
    let memory = FakeRegistry(Rc::default(), ModeKept::Elsewhere);
    let error = machine(&memory, Tagging::On, None).write(NAME, &present("resetonbootfail")).unwrap_err();
    assert!(error.to_string().contains("could not be put back"), "{error}");
    assert!(help(&error).unwrap().contains("on_boot_failure: keep"), "{error}");
    let failing = FakeRegistry(Rc::default(), ModeKept::Failing);
    assert!(machine(&failing, Tagging::On, None).write(NAME, &present("resetonbootfail")).is_err());
    assert!(memory.0.borrow().is_empty() && failing.0.borrow().is_empty());
}

#[test]
fn the_mode_is_not_changed_if_it_is_to_be_kept() {
    let names: Vec<SettingChange> = machine(&FakeRegistry::default(), Tagging::On, None).plan(&[verifier()]).unwrap();
    assert!(names.iter().all(|change| change.name != NAME), "{names:?}");
}

#[test]
fn driver_verifier_disabled_by_windows_is_distinguished_from_a_manual_change() {
    let memory = FakeRegistry::default();
    let mut machine = machine(&memory, Tagging::On, None);
    let asked = [resetting()];
    for change in machine.plan(&asked).unwrap() {
        machine.write(&change.name, &change.wanted).unwrap();
    }
    assert!(machine.in_force(&asked).unwrap());
    memory.clone().delete(&VERIFY_DRIVERS).unwrap();
    let says = |error: MachineError| {
        assert!(error.to_string().contains("is missing: Windows switches Driver Verifier off"), "{error}")
    };
    says(machine.in_force(&asked).unwrap_err());
    // Without this mode, Windows removes nothing.
    let kept = [RequestedSetting::Verifier(VerifierRequest {
        drivers: vec!["mydrv.sys".to_owned()],
        level: 8,
        reset_on_boot_failure: false,
    })];
    assert!(matches!(machine.in_force(&kept), Err(MachineError::Unreported(_))));
    memory.clone().set(&VERIFY_DRIVERS, &RegistryValue::sz("theirs.sys")).unwrap();
    assert!(matches!(machine.in_force(&asked), Err(MachineError::Unreported(_))));
}

#[test]
fn remaining_changes_of_the_mode_are_printed_as_commands_of_reg_exe() {
    let memory = memory(&[(&setting("VerifierOther"), RegistryValue::dword(1))]);
    let change = change(&memory);
    let mut machine = machine(&memory, Tagging::On, None);
    machine.write(NAME, &change.wanted).unwrap();
    memory.clone().set(&setting("VerifierOther"), &RegistryValue::dword(2)).unwrap();
    let key = r#""HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management""#;
    assert_eq!(
        machine.by_hand(&change, None, Path::new("saved")),
        [
            format!("reg delete {key} /v VerifierSomething /f"),
            format!("reg add {key} /v VerifierOther /t REG_DWORD /d 0x1 /f")
        ]
    );
}

#[test]
fn only_values_that_may_hold_the_mode_are_written() {
    let memory = FakeRegistry::default();
    let mut machine = machine(&memory, Tagging::On, None);
    for bad in [r#"{"PagingFiles":"sz:x"}"#, r#"{"VerifyDrivers":"sz:x"}"#, r#"{"Verifier":"400"}"#, "oneboot", "[]"] {
        assert!(matches!(machine.write(NAME, &present(bad)), Err(MachineError::NotAValue { .. })), "{bad}");
    }
    assert!(memory.0.borrow().is_empty());
    for (name, may) in [("VerifierOptions", true), ("verifx", true), ("VERIFYDRIVERS", false), ("Verg", false)] {
        assert_eq!(may_hold_it(name), may, "{name}");
    }
    assert!(!may_hold_it(&VERIFY_LEVEL.value) && !may_hold_it("Veri\u{e9}"));
}
