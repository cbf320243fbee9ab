//! Tests on a real registry, such as Wine's: every value is restored with its exact type and bytes.
//!
//! Tests write to a key of their own. One test writes this machine's own values, numbers only, and only if
//! `POOLGATE_TEST_REAL_FLAGS` is set: if that test is killed, the values stay until the next boot.

use std::sync::atomic::{AtomicU32, Ordering};

use windows_registry::CURRENT_USER;

use super::*;
use crate::failure::help;
use crate::machine::windows::flags::setting::VERIFY_LEVEL;
use crate::machine::{BootSettings, FlagValue, RequestedSetting, SettingChange, VerifierRequest};

/// A key for one test, with subkeys for all settings; removed with its contents on drop.
struct Scratch {
    name: String,
    hive: &'static Key,
}

impl Scratch {
    fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!(r"Software\poolgate test of flags {} {number}", std::process::id());
        let hive: &'static Key = Box::leak(Box::new(CURRENT_USER.create(&name).unwrap()));
        RegistrySetting::all().for_each(|setting| drop(hive.create(setting.key).unwrap()));
        Scratch { name, hive }
    }

    fn registry(&self) -> LiveRegistry {
        LiveRegistry { hive: self.hive }
    }

    fn flags(&self) -> RegistryFlags<LiveRegistry> {
        let running = registry_flags(|| Ok(Tagging::Off)).running;
        RegistryFlags { registry: self.registry(), running, notes: Vec::new() }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        CURRENT_USER.remove_tree(&self.name).unwrap();
    }
}

fn value(kind: u32, bytes: &[u8]) -> RegistryValue {
    RegistryValue { kind, bytes: bytes.to_vec() }
}

/// Possible initial values of GlobalFlag, each with its text during a run.
fn found_before() -> [(Option<RegistryValue>, &'static str); 5] {
    [
        (None, "dword:00002400"),
        (Some(RegistryValue::dword(0x1001)), "dword:00003401"),
        (Some(RegistryValue::sz("0x00001001")), "dword:00003401"),
        (Some(value(3, &[1, 0x10, 0, 0])), "dword:00003401"),
        (Some(RegistryValue::dword(0)), "dword:00002400"),
    ]
}

/// Sets GlobalFlag for a run and restores it, each twice as after a crash, because a visible change may not be on disk.
fn there_and_back(flags: &mut RegistryFlags<LiveRegistry>) -> SettingChange {
    let asked = [RequestedSetting::PoolTagging, RequestedSetting::GlobalFlag("+kst".parse().unwrap())];
    let before = flags.registry.get(&GLOBAL_FLAG).unwrap();
    let [change] = flags.plan(&asked).unwrap().try_into().unwrap();
    for _ in 0..2 {
        flags.write(&change.name, &change.wanted).unwrap();
        flags.flush().unwrap();
        assert_eq!(flags.read(&change.name).unwrap(), change.wanted);
    }
    for _ in 0..2 {
        flags.write(&change.name, &change.original).unwrap();
        flags.flush().unwrap();
        assert_eq!(flags.registry.get(&GLOBAL_FLAG).unwrap(), before);
    }
    change
}

#[test]
fn global_flag_is_set_for_a_run_and_restored_from_any_value() {
    let scratch = Scratch::new();
    let mut flags = scratch.flags();
    for (before, during) in found_before() {
        match &before {
            Some(value) => flags.registry.set(&GLOBAL_FLAG, value).unwrap(),
            None => flags.registry.delete(&GLOBAL_FLAG).unwrap(),
        }
        let change = there_and_back(&mut flags);
        assert_eq!(change.name, r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\GlobalFlag");
        assert_eq!(change.wanted, FlagValue::Present(during.to_owned()));
    }
}

#[test]
fn this_machine_s_own_global_flag_is_set_and_put_back() {
    if std::env::var_os("POOLGATE_TEST_REAL_FLAGS").is_none() {
        eprintln!("skipped: it writes this machine's GlobalFlag; set POOLGATE_TEST_REAL_FLAGS where that may be");
        return;
    }
    let mut flags = registry_flags(|| Ok(Tagging::Off));
    there_and_back(&mut flags);
}

#[test]
fn this_machine_s_own_boot_mode_is_set_and_put_back() {
    let verifier = windows().join(r"System32\verifier.exe");
    if std::env::var_os("POOLGATE_TEST_REAL_FLAGS").is_none() || !verifier.exists() {
        eprintln!("skipped: POOLGATE_TEST_REAL_FLAGS is not set, or there is no verifier.exe, as in Wine");
        return;
    }
    let mut flags = registry_flags(|| Ok(Tagging::Off));
    let drivers = vec!["poolgate-no-such-driver.sys".to_owned()];
    let asked = [RequestedSetting::Verifier(VerifierRequest { drivers, level: 8, reset_on_boot_failure: true })];
    let changes = flags.plan(&asked).unwrap();
    let set = changes.iter().try_for_each(|change| flags.write(&change.name, &change.wanted));
    let now: Vec<_> = changes.iter().map(|change| flags.read(&change.name).unwrap()).collect();
    changes.iter().for_each(|change| flags.write(&change.name, &change.original).unwrap());
    let back: Vec<_> = changes.iter().map(|change| flags.read(&change.name).unwrap()).collect();
    assert!(changes.iter().map(|change| &change.original).eq(&back), "{changes:?} {back:?}");
    // The output shows the place in which this Windows keeps the mode.
    set.unwrap_or_else(|error| panic!("{error}: {now:?}"));
    eprintln!("the boot mode was {}, and is {} for a run", changes[2].original, now[2]);
}

#[test]
fn every_type_and_every_bytes_are_put_back_exactly() {
    let scratch = Scratch::new();
    let texts: [&[u8]; 7] =
        [&[], &[0], &[0x61], &[0x61, 0], &[0x61, 0, 0], &[0x61, 0, 0, 0], &[0x61, 0, 0, 0, 0x62, 0, 0, 0, 0, 0]];
    let kinds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xdead];
    for (kind, bytes) in kinds.iter().flat_map(|kind| texts.map(|bytes| (*kind, bytes))) {
        let value = value(kind, bytes);
        let name = GLOBAL_FLAG.to_string();
        let mut flags = scratch.flags();
        flags.write(&name, &FlagValue::Present(value.to_string())).unwrap();
        assert_eq!(flags.registry.get(&GLOBAL_FLAG).unwrap(), Some(value), "{kind:x} {bytes:x?}");
    }
}

#[test]
fn driver_verifier_s_settings_are_put_back() {
    let scratch = Scratch::new();
    let mut flags = scratch.flags();
    let before = [(&VERIFY_DRIVERS, Some(RegistryValue::sz("other.sys"))), (&VERIFY_LEVEL, None)];
    flags.registry.set(&VERIFY_DRIVERS, before[0].1.as_ref().unwrap()).unwrap();
    let drivers = vec!["mydrv.sys".to_owned(), "second.sys".to_owned()];
    let asked = [RequestedSetting::Verifier(VerifierRequest { drivers, level: 0x209bb, reset_on_boot_failure: false })];
    let changes = flags.plan(&asked).unwrap();
    changes.iter().for_each(|change| flags.write(&change.name, &change.wanted).unwrap());
    assert_eq!(flags.registry.get(&VERIFY_DRIVERS).unwrap(), Some(RegistryValue::sz("mydrv.sys second.sys")));
    assert_eq!(flags.registry.get(&VERIFY_LEVEL).unwrap(), Some(RegistryValue::dword(0x209bb)));
    assert!(flags.in_force(&asked).unwrap());
    changes.iter().for_each(|change| flags.write(&change.name, &change.original).unwrap());
    for (setting, value) in before {
        assert_eq!(flags.registry.get(setting).unwrap(), value);
    }
}

#[test]
fn the_values_that_may_hold_the_boot_mode_are_found_and_put_back() {
    let scratch = Scratch::new();
    let mut flags = scratch.flags();
    let asked = [RequestedSetting::Verifier(VerifierRequest {
        drivers: vec!["mydrv.sys".to_owned()],
        level: 8,
        reset_on_boot_failure: true,
    })];
    let named = |name: &'static str| RegistrySetting { key: MEMORY, value: name.into() };
    let odd = value(0xdead, &[1, 2, 3]);
    for name in ["VerifierOdd", "PoolTag"] {
        flags.registry.set(&named(name), &odd).unwrap();
    }
    let [_, _, change] = flags.plan(&asked).unwrap().try_into().unwrap();
    assert_eq!(change.original, FlagValue::Present(r#"{"VerifierOdd":"hex(dead):01,02,03"}"#.to_owned()));
    flags.registry.delete(&named("VerifierOdd")).unwrap();
    flags.registry.set(&named("verifierNew"), &RegistryValue::dword(1)).unwrap();
    flags.write(&change.name, &change.original).unwrap();
    assert_eq!(flags.read(&change.name).unwrap(), change.original);
    assert_eq!(flags.registry.get(&named("PoolTag")).unwrap(), Some(odd));
}

#[test]
fn verifier_exe_is_believed_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let ending_with = |code: u32| {
        let program = folder.path().join(format!("verifier-{code}.cmd"));
        fs_err::write(&program, format!("@echo asked for %1 %2\r\n@exit /b {code}\r\n")).unwrap();
        set_boot_mode(&program, BootMode::ResetOnBootFail)
    };
    ending_with(0).unwrap();
    // Success after a restart.
    ending_with(2).unwrap();
    let error = ending_with(1).unwrap_err().to_string();
    assert!(error.contains("asked for /bootmode resetonbootfail"), "{error}");
    let missing = set_boot_mode(&folder.path().join("no-verifier.exe"), BootMode::Persistent).unwrap_err();
    assert!(missing.to_string().contains("no-verifier.exe") && help(&missing).is_some(), "{missing}");
}

#[test]
fn a_missing_key_has_no_value_and_is_not_created() {
    let scratch = Scratch::new();
    let mut registry = scratch.registry();
    let nowhere =
        RegistrySetting { key: r"SYSTEM\CurrentControlSet\Control\poolgate nowhere", value: "GlobalFlag".into() };
    assert_eq!(registry.get(&nowhere).unwrap(), None);
    registry.delete(&nowhere).unwrap();
    let error = registry.set(&nowhere, &RegistryValue::dword(1)).unwrap_err();
    assert!(error.to_string().starts_with(r"cannot change HKLM\SYSTEM\CurrentControlSet\Control\poolgate nowhere"));
    assert!(if_there(system(scratch.hive.open(nowhere.key))).unwrap().is_none());
}

#[test]
fn a_refusal_includes_the_way_to_get_permission() {
    const ACCESS_DENIED: i32 = 5;
    let error = failed("change", &GLOBAL_FLAG, io::Error::from_raw_os_error(ACCESS_DENIED));
    assert_eq!(help(&error).as_deref(), Some("run poolgate from an elevated prompt (Run as administrator)"));
}
