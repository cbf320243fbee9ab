//! Tests of planning, checking and restoring flags, with a registry and a kernel in memory.
// long because the fake registry and the tests of all settings belong together.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;

use self::boot_mode::ModeKept;
use super::setting::{VERIFY_DRIVERS, VERIFY_LEVEL};
use super::*;
use crate::failure::help;
use crate::machine::VerifierRequest;
use crate::machine::windows::pool::{Class, PoolTagsError};

mod boot_mode;
mod by_hand;
mod proof;
mod restore;

/// Values by their full names.
#[derive(Clone, Default)]
struct FakeRegistry(Rc<RefCell<BTreeMap<String, RegistryValue>>>, ModeKept);

impl Registry for FakeRegistry {
    fn get(&self, setting: &RegistrySetting) -> Result<Option<RegistryValue>, MachineError> {
        Ok(self.0.borrow().get(&setting.to_string()).cloned())
    }

    fn set(&mut self, setting: &RegistrySetting, value: &RegistryValue) -> Result<(), MachineError> {
        self.0.borrow_mut().insert(setting.to_string(), value.clone());
        Ok(())
    }

    fn delete(&mut self, setting: &RegistrySetting) -> Result<(), MachineError> {
        self.0.borrow_mut().remove(&setting.to_string());
        Ok(())
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        Ok(())
    }

    fn verifier_values(&self) -> Result<Vec<String>, MachineError> {
        let values = self.0.borrow();
        let names = values.keys().filter_map(|name| {
            name.strip_prefix(r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\")
        });
        Ok(names.filter(|name| may_hold_it(name)).map(str::to_owned).collect())
    }

    fn boot_mode(&mut self, mode: BootMode) -> Result<(), MachineError> {
        let setting = boot_mode::somewhere();
        match (self.1, mode) {
            (ModeKept::Value, BootMode::Persistent) => self.delete(&setting),
            (ModeKept::Value, BootMode::ResetOnBootFail) => self.set(&setting, &RegistryValue::dword(4)),
            (ModeKept::Elsewhere, _) => Ok(()),
            (ModeKept::Failing, _) => Err(MachineError::HiddenBootMode),
        }
    }
}

/// Returns a machine with `memory` as its registry, and a kernel that gives these answers.
fn machine(memory: &FakeRegistry, tagging: Tagging, global_flags: Option<u32>) -> RegistryFlags<FakeRegistry> {
    let running = Running {
        tagging: Box::new(move || Ok(tagging)),
        global_flags: Box::new(move || Ok(global_flags)),
        verification: Box::new(|| Err("class 51 is not there".to_owned())),
    };
    RegistryFlags { registry: memory.clone(), running, notes: Vec::new() }
}

fn memory(values: &[(&RegistrySetting, RegistryValue)]) -> FakeRegistry {
    let memory = FakeRegistry::default();
    values.iter().for_each(|(setting, value)| memory.clone().set(setting, value).unwrap());
    memory
}

fn global_flag(switch: &str) -> RequestedSetting {
    RequestedSetting::GlobalFlag(switch.parse().unwrap())
}

fn verifier() -> RequestedSetting {
    RequestedSetting::Verifier(VerifierRequest {
        drivers: vec!["mydrv.sys".to_owned(), "second.sys".to_owned()],
        level: 8,
        reset_on_boot_failure: false,
    })
}

fn present(text: &str) -> FlagValue {
    FlagValue::Present(text.to_owned())
}

/// Returns the original and wanted text of the single change planned for GlobalFlag.
#[track_caller]
fn planned(machine: &mut RegistryFlags<FakeRegistry>, asked: &[RequestedSetting]) -> (FlagValue, FlagValue) {
    let changes = machine.plan(asked).unwrap();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.name, r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\GlobalFlag");
    (change.original.clone(), change.wanted.clone())
}

#[test]
fn pool_tagging_is_switched_on_only_if_the_kernel_reports_it_off() {
    let memory = FakeRegistry::default();
    for asked in [RequestedSetting::PoolTagging, global_flag("+ptg"), global_flag("+400")] {
        let asked = [asked];
        // The bit for `ptg` in NtGlobalFlag does not matter: since Server 2003, tags are counted without it.
        assert_eq!(machine(&memory, Tagging::On, Some(0)).plan(&asked).unwrap(), []);
        let mut off = machine(&memory, Tagging::Off, Some(0x400));
        assert_eq!(planned(&mut off, &asked), (FlagValue::Absent, present("dword:00000400")));
        assert!(!off.in_force(&asked).unwrap());
        assert!(machine(&memory, Tagging::On, None).in_force(&asked).unwrap());
    }
    assert_eq!(machine(&memory, Tagging::Off, Some(0)).plan(&[]).unwrap(), []);
}

#[test]
fn all_global_flags_are_one_change() {
    let memory = memory(&[(&GLOBAL_FLAG, RegistryValue::dword(0x201))]);
    let asked = [RequestedSetting::PoolTagging, global_flag("+kst"), global_flag("-soe"), global_flag("+hpa")];
    let (original, wanted) = planned(&mut machine(&memory, Tagging::Off, Some(0x201)), &asked);
    assert_eq!((original, wanted), (present("dword:00000201"), present("dword:02002600")));
}

#[test]
fn flags_that_the_kernel_runs_with_need_no_change() {
    let memory = FakeRegistry::default();
    let asked = [RequestedSetting::PoolTagging, global_flag("+kst"), global_flag("-soe")];
    assert_eq!(machine(&memory, Tagging::On, Some(0x2000)).plan(&asked).unwrap(), []);
    for without in [Some(0), Some(0x2001), None] {
        let mut machine = machine(&memory, Tagging::On, without);
        assert_eq!(planned(&mut machine, &asked), (FlagValue::Absent, present("dword:00002000")));
    }
}

#[test]
fn flags_already_in_the_registry_still_take_a_boot() {
    for value in ["dword:00002000", "sz:0x2000"] {
        let memory = memory(&[(&GLOBAL_FLAG, value.parse().unwrap())]);
        let change = planned(&mut machine(&memory, Tagging::On, Some(0)), &[global_flag("+kst")]);
        assert_eq!(change, (present(value), present("dword:00002000")));
    }
}

#[test]
fn clearing_all_flags_leaves_pool_tagging_as_it_is() {
    let memory = memory(&[(&GLOBAL_FLAG, RegistryValue::dword(0x1403))]);
    let asked = [RequestedSetting::PoolTagging, global_flag("-ffffffff"), global_flag("+kst")];
    let mut on = machine(&memory, Tagging::On, Some(0x1403));
    assert_eq!(planned(&mut on, &asked).1, present("dword:00002400"));
    assert!(machine(&memory, Tagging::On, Some(0x2400)).in_force(&asked).unwrap());
}

#[test]
fn a_run_writes_a_dword_over_any_type() {
    for (before, during) in [
        (RegistryValue::sz("0x1"), "dword:00002001"),
        (RegistryValue::sz("00000001"), "dword:00002001"),
        ("hex(3):01,00,00,00".parse().unwrap(), "dword:00002001"),
    ] {
        let memory = memory(&[(&GLOBAL_FLAG, before.clone())]);
        let (original, wanted) = planned(&mut machine(&memory, Tagging::On, None), &[global_flag("+kst")]);
        assert_eq!((original, wanted), (present(&before.to_string()), present(during)));
    }
}

#[test]
fn a_value_of_the_wrong_type_is_refused_and_shown() {
    for odd in ["sz:hello", "sz:400", "hex(b):00,04,00,00,00,00,00,00", "hex(4):00"] {
        let memory = memory(&[(&GLOBAL_FLAG, odd.parse().unwrap())]);
        let error = machine(&memory, Tagging::Off, Some(0)).plan(&[RequestedSetting::PoolTagging]).unwrap_err();
        assert!(error.to_string().contains(r"Session Manager\GlobalFlag is not a number"), "{error}");
        assert!(
            error.to_string().contains(odd) && help(&error).unwrap().contains("poolgate flags /r --remove"),
            "{error}"
        );
        // The value does no harm if nothing has to be changed.
        assert_eq!(machine(&memory, Tagging::On, None).plan(&[RequestedSetting::PoolTagging]).unwrap(), []);
    }
}

#[test]
fn hidden_flags_are_in_force_if_the_registry_had_them_at_boot() {
    let asked = [global_flag("+kst"), global_flag("-soe")];
    let in_force = |value: Option<RegistryValue>, flags| {
        let memory = memory(&value.map(|value| (&GLOBAL_FLAG, value)).into_iter().collect::<Vec<_>>());
        machine(&memory, Tagging::On, flags).in_force(&asked)
    };
    for shown in [Some(0), None] {
        assert!(in_force(Some(RegistryValue::dword(0x2000)), shown).unwrap());
        // The state is unknown: the value was already restored, another program wrote it, or the kernel may not read
        // its type.
        for value in [None, Some(RegistryValue::dword(0x2001)), Some(RegistryValue::sz("0x2000"))] {
            let error = in_force(value, shown).unwrap_err();
            assert!(error.to_string().contains("does not report") && help(&error).is_some(), "{error}");
        }
    }
    for value in [None, Some(RegistryValue::dword(1)), Some(RegistryValue::sz("0x2000"))] {
        assert!(in_force(value, Some(0x2000)).unwrap());
    }
}

#[test]
fn driver_verifier_has_the_requested_drivers_and_always_takes_a_boot() {
    let memory = memory(&[(&VERIFY_DRIVERS, RegistryValue::sz("other.sys"))]);
    let mut machine = machine(&memory, Tagging::On, Some(0));
    let changes = machine.plan(&[RequestedSetting::PoolTagging, verifier()]).unwrap();
    let shown: Vec<String> = changes.iter().map(|c| format!("{}: {} → {}", c.name, c.original, c.wanted)).collect();
    let memory_management = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management";
    assert_eq!(
        shown,
        [
            format!(r#"{memory_management}\VerifyDrivers: "sz:other.sys" → "sz:mydrv.sys second.sys""#),
            format!(r#"{memory_management}\VerifyDriverLevel: absent → "dword:00000008""#),
        ]
    );
    assert!(machine.in_force(&[verifier()]).unwrap_err().to_string().contains("VerifyDrivers"));
    changes.iter().for_each(|change| machine.write(&change.name, &change.wanted).unwrap());
    assert!(machine.in_force(&[verifier()]).unwrap());
    assert_eq!(machine.plan(&[verifier()]).unwrap().len(), 2);
}

#[test]
fn only_settings_and_values_poolgate_knows_are_written() {
    let memory = FakeRegistry::default();
    let mut machine = machine(&memory, Tagging::On, None);
    for name in ["GlobalFlag", r"HKLM\SOFTWARE\poolgate\GlobalFlag", "/etc/default/grub"] {
        assert!(matches!(machine.read(name), Err(MachineError::UnknownSetting(_))));
        assert!(matches!(machine.write(name, &FlagValue::Absent), Err(MachineError::UnknownSetting(_))));
    }
    let error = machine.write(&GLOBAL_FLAG.to_string(), &present("400")).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("cannot be set to \"400\", because it is not a registry value in poolgate's notation")
    );
    assert!(memory.0.borrow().is_empty());
}

#[test]
fn settings_of_linux_are_named_on_windows() {
    let asked = [RequestedSetting::KernelParameter("slab_nomerge".to_owned())];
    let memory = FakeRegistry::default();
    let mut machine = machine(&memory, Tagging::On, None);
    let error = machine.plan(&asked).unwrap_err();
    assert!(error.to_string().contains("slab_nomerge") && error.to_string().contains("Linux"), "{error}");
    assert!(help(&error).is_some() && machine.in_force(&asked).is_err());
}

#[test]
fn a_failed_query_for_tags_does_not_mean_that_there_are_none() {
    assert_eq!(Tagging::from_attempt(Ok(())).unwrap(), Tagging::Always);
    assert_eq!(Tagging::from_attempt::<()>(Err(MachineError::TaggingOff)).unwrap(), Tagging::Off);
    assert!(Tagging::from_attempt::<()>(Err(MachineError::HiddenBootMode)).is_err());
    let torn = |class| Tagging::from_attempt::<()>(Err(MachineError::PoolTags(PoolTagsError::Torn(class))));
    assert!(torn(Class::SessionPoolTag).unwrap() == Tagging::Always && torn(Class::PoolTag).is_err());
}

#[test]
fn a_change_of_global_flags_is_listed_flag_by_flag() {
    let memory = memory(&[(&GLOBAL_FLAG, RegistryValue::sz("0x1"))]);
    let asked = [global_flag("+kst"), verifier()];
    let flags: Vec<_> =
        machine(&memory, Tagging::On, None).plan(&asked).unwrap().iter().map(SettingChange::global_flags).collect();
    assert_eq!(flags, [Some((1, 0x2001)), None, None]);
    let absent =
        SettingChange { name: "GlobalFlag".to_owned(), original: FlagValue::Absent, wanted: present("dword:00000400") };
    assert_eq!(absent.global_flags(), Some((0, 0x400)));
    assert_eq!(SettingChange { wanted: present("sz:hello"), ..absent }.global_flags(), None);
}

#[test]
fn a_checkpoint_keeps_settings_in_the_words_of_the_scenario() {
    let asked = [RequestedSetting::PoolTagging, global_flag("+00002000"), global_flag("-ffffffff"), verifier()];
    let text = r#"["pool_tagging",{"global_flag":"+kst"},{"global_flag":"-ffffffff"},"#.to_owned()
        + r#"{"verifier":{"drivers":["mydrv.sys","second.sys"],"level":8}}]"#;
    assert_eq!(serde_json::to_string(&asked).unwrap(), text);
    assert_eq!(serde_json::from_str::<Vec<RequestedSetting>>(&text).unwrap(), asked);
    assert!(serde_json::from_str::<RequestedSetting>(r#"{"global_flag":"kst"}"#).is_err());
}

proptest! {
    /// For any value, and however often each step is repeated.
    #[test]
    fn a_registry_is_as_it_was_after_a_run(
        before in proptest::option::of((0u32..13, proptest::collection::vec(any::<u8>(), 0..9))),
        times in 1usize..3,
    ) {
        let before = before.map(|(kind, bytes)| RegistryValue { kind, bytes });
        let memory = memory(&before.clone().map(|value| (&GLOBAL_FLAG, value)).into_iter().collect::<Vec<_>>());
        let mut machine = machine(&memory, Tagging::Off, Some(0));
        let asked = [RequestedSetting::PoolTagging, global_flag("+kst"), verifier()];
        // A value of the wrong type is refused, and then nothing is changed.
        let changes = machine.plan(&asked).unwrap_or_default();
        for value in [|change: &SettingChange| change.wanted.clone(), |change: &SettingChange| change.original.clone()] {
            for change in changes.iter().cycle().take(changes.len() * times) {
                machine.write(&change.name, &value(change)).unwrap();
                prop_assert_eq!(machine.read(&change.name).unwrap(), value(change));
            }
        }
        prop_assert_eq!(memory.clone().get(&GLOBAL_FLAG).unwrap(), before);
        prop_assert_eq!(memory.0.borrow().len(), usize::from(memory.clone().get(&GLOBAL_FLAG).unwrap().is_some()));
    }
}
