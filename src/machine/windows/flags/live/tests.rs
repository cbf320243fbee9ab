//! The real registry, such as Wine's: every value comes back with its exact type and bytes, or not at all.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;
use crate::machine::windows::flags::setting::{VERIFY_DRIVERS, VERIFY_LEVEL};
use crate::machine::{Asked, FlagValue, Flags};

/// One test at a time has the machine's registry.
static ALONE: Mutex<()> = Mutex::new(());

/// Leaves the registry as it was found, keys included.
struct PutBack {
    values: Vec<(&'static Setting, Option<Value>)>,
    made: Vec<&'static str>,
    _alone: MutexGuard<'static, ()>,
}

impl PutBack {
    fn afterwards() -> PutBack {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let settings: Vec<_> = Setting::all().collect();
        let mut made: Vec<&str> = settings.iter().map(|setting| setting.key).collect();
        made.dedup();
        // Wine has no key for memory management, which every Windows has.
        made.retain(|key| if_there(system(LOCAL_MACHINE.open(key))).unwrap().is_none());
        made.iter().for_each(|key| drop(LOCAL_MACHINE.create(key).unwrap()));
        let values = settings.into_iter().map(|setting| (setting, LiveRegistry.get(setting).unwrap())).collect();
        PutBack { values, made, _alone: alone }
    }
}

impl Drop for PutBack {
    fn drop(&mut self) {
        for (setting, value) in &self.values {
            match value {
                Some(value) => LiveRegistry.set(setting, value).unwrap(),
                None => LiveRegistry.delete(setting).unwrap(),
            }
        }
        self.made.iter().for_each(|key| LOCAL_MACHINE.remove_tree(key).unwrap());
    }
}

fn flags() -> RegistryFlags<LiveRegistry> {
    registry_flags(|| Ok(Tagging::Off))
}

fn value(kind: u32, bytes: &[u8]) -> Value {
    Value { kind, bytes: bytes.to_vec() }
}

/// What GlobalFlag may be found as, with what a run would make of it.
fn found_before() -> [(Option<Value>, &'static str); 5] {
    [
        (None, "dword:00002400"),
        (Some(Value::dword(0x1001)), "dword:00003401"),
        (Some(Value::sz("0x00001001")), "sz:0x00003401"),
        (Some(value(3, &[1, 0x10, 0, 0])), "hex(3):01,34,00,00"),
        (Some(Value::dword(0)), "dword:00002400"),
    ]
}

#[test]
fn global_flag_is_set_for_a_run_and_put_back_whatever_it_was() {
    let _put_back = PutBack::afterwards();
    for (before, during) in found_before() {
        match &before {
            Some(value) => LiveRegistry.set(&GLOBAL_FLAG, value).unwrap(),
            None => LiveRegistry.delete(&GLOBAL_FLAG).unwrap(),
        }
        let mut flags = flags();
        let [change] =
            flags.plan(&[Asked::PoolTagging, Asked::GlobalFlag("+kst".parse().unwrap())]).unwrap().try_into().unwrap();
        assert_eq!(change.name, r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\GlobalFlag");
        assert_eq!(change.wanted, FlagValue::Present(during.to_owned()));
        // Twice, as after a crash: what is seen may not be on disk.
        for _ in 0..2 {
            flags.write(&change.name, &change.wanted).unwrap();
            flags.flush().unwrap();
            assert_eq!(flags.read(&change.name).unwrap(), change.wanted);
        }
        for _ in 0..2 {
            flags.write(&change.name, &change.original).unwrap();
            flags.flush().unwrap();
            assert_eq!(LiveRegistry.get(&GLOBAL_FLAG).unwrap(), before);
        }
    }
}

#[test]
fn every_type_and_every_bytes_are_put_back_exactly() {
    let _put_back = PutBack::afterwards();
    let texts: [&[u8]; 7] =
        [&[], &[0], &[0x61], &[0x61, 0], &[0x61, 0, 0], &[0x61, 0, 0, 0], &[0x61, 0, 0, 0, 0x62, 0, 0, 0, 0, 0]];
    let kinds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xdead];
    for (kind, bytes) in kinds.iter().flat_map(|kind| texts.map(|bytes| (*kind, bytes))) {
        let value = value(kind, bytes);
        let name = GLOBAL_FLAG.to_string();
        let mut flags = flags();
        flags.write(&name, &FlagValue::Present(value.to_string())).unwrap();
        assert_eq!(LiveRegistry.get(&GLOBAL_FLAG).unwrap(), Some(value), "{kind:x} {bytes:x?}");
    }
}

#[test]
fn driver_verifier_s_settings_are_put_back() {
    let _put_back = PutBack::afterwards();
    let before = [(&VERIFY_DRIVERS, Some(Value::sz("other.sys"))), (&VERIFY_LEVEL, None)];
    LiveRegistry.set(&VERIFY_DRIVERS, before[0].1.as_ref().unwrap()).unwrap();
    LiveRegistry.delete(&VERIFY_LEVEL).unwrap();
    let mut flags = flags();
    let drivers = vec!["mydrv.sys".to_owned(), "second.sys".to_owned()];
    let asked = [Asked::Verifier { drivers, level: 0x209bb, reset_on_boot_failure: false }];
    let changes = flags.plan(&asked).unwrap();
    changes.iter().for_each(|change| flags.write(&change.name, &change.wanted).unwrap());
    assert_eq!(LiveRegistry.get(&VERIFY_DRIVERS).unwrap(), Some(Value::sz("mydrv.sys second.sys")));
    assert_eq!(LiveRegistry.get(&VERIFY_LEVEL).unwrap(), Some(Value::dword(0x209bb)));
    assert!(flags.in_force(&asked).unwrap());
    changes.iter().for_each(|change| flags.write(&change.name, &change.original).unwrap());
    for (setting, value) in before {
        assert_eq!(LiveRegistry.get(setting).unwrap(), value);
    }
}

#[test]
fn a_key_which_is_not_there_holds_no_value_and_is_not_made() {
    let _put_back = PutBack::afterwards();
    let nowhere = Setting { key: r"SYSTEM\CurrentControlSet\Control\poolgate nowhere", value: "GlobalFlag" };
    assert_eq!(LiveRegistry.get(&nowhere).unwrap(), None);
    LiveRegistry.delete(&nowhere).unwrap();
    let error = LiveRegistry.set(&nowhere, &Value::dword(1)).unwrap_err();
    assert!(error.to_string().starts_with(r"cannot change HKLM\SYSTEM\CurrentControlSet\Control\poolgate nowhere"));
    assert!(if_there(system(LOCAL_MACHINE.open(nowhere.key))).unwrap().is_none());
}

#[test]
fn a_refusal_says_how_to_be_allowed() {
    const ACCESS_DENIED: i32 = 5;
    let error = failed("change", &GLOBAL_FLAG, io::Error::from_raw_os_error(ACCESS_DENIED));
    assert_eq!(error.help(), Some("run poolgate from an elevated prompt (Run as administrator)"));
}
