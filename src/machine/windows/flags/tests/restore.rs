//! Tests of the restoration of values that another program edited during the run, and of the commands for doing it by
//! hand.

use super::super::setting::VERIFY_LEVEL;
use super::*;

fn change(setting: &RegistrySetting, original: Option<&str>, wanted: &str) -> SettingChange {
    SettingChange { name: setting.to_string(), original: value(original), wanted: present(wanted) }
}

fn value(text: Option<&str>) -> FlagValue {
    text.map_or(FlagValue::Absent, present)
}

fn undone(change: &SettingChange, now: Option<&str>) -> Option<FlagValue> {
    machine(&FakeRegistry::default(), Tagging::On, None).undo(change, &value(now))
}

fn by_hand(change: &SettingChange, now: Option<&str>) -> Vec<String> {
    machine(&FakeRegistry::default(), Tagging::On, None).by_hand(change, Some(&value(now)), Path::new("saved"))
}

#[test]
fn global_flags_of_others_stay() {
    for (original, wanted, now, expected) in [
        (None, "dword:00002000", Some("dword:00002002"), Some("dword:00000002")),
        (None, "dword:00002000", Some("dword:00002000"), None),
        // The value, or poolgate's flag in it, was removed.
        (None, "dword:00002000", None, None),
        (None, "dword:00002000", Some("dword:00000000"), Some("dword:00000000")),
        (Some("dword:00000001"), "dword:00002000", Some("dword:00002002"), Some("dword:00000003")),
        (Some("sz:0x1"), "sz:0x00002001", Some("sz:0x2005"), Some("sz:0x00000005")),
        (Some("sz:0x1"), "sz:0x00002001", Some("dword:00002005"), Some("dword:00000005")),
    ] {
        assert_eq!(undone(&change(&GLOBAL_FLAG, original, wanted), now), Some(value(expected)), "{now:?}");
    }
    assert_eq!(undone(&change(&GLOBAL_FLAG, None, "dword:00002000"), Some("sz:hello")), None);
}

#[test]
fn drivers_added_by_others_stay() {
    for (original, now, expected) in [
        (None, Some("sz:mydrv.sys theirs.sys"), Some("sz:theirs.sys")),
        (Some("sz:other.sys"), Some("sz:mydrv.sys theirs.sys"), Some("sz:other.sys theirs.sys")),
        (Some("sz:other.sys"), Some("sz:MyDrv.sys OTHER.sys"), Some("sz:other.sys")),
        (None, Some("sz:MYDRV.SYS"), None),
        // A different list.
        (Some("sz:other.sys"), Some("sz:theirs.sys"), Some("sz:theirs.sys")),
        (Some("sz:other.sys"), Some("sz:*"), Some("sz:*")),
        // The value was removed, as Windows does after a failed boot.
        (Some("sz:other.sys"), None, Some("sz:other.sys")),
        (None, None, None),
    ] {
        assert_eq!(undone(&change(&VERIFY_DRIVERS, original, "sz:mydrv.sys"), now), Some(value(expected)), "{now:?}");
    }
    assert_eq!(undone(&change(&VERIFY_DRIVERS, None, "sz:mydrv.sys"), Some("hex(1):61")), None);
}

#[test]
fn a_level_is_not_taken_apart() {
    let change = change(&VERIFY_LEVEL, None, "dword:00000008");
    assert_eq!(undone(&change, Some("dword:000209bb")), None);
    assert_eq!(undone(&change, Some("dword:00000002")), Some(present("dword:00000002")));
    assert_eq!(undone(&change, None), Some(FlagValue::Absent));
    let look = by_hand(&change, Some("dword:000209bb"));
    assert!(look[0].starts_with("look at HKLM\\") && look[0].contains("the value was absent"), "{look:?}");
}

#[test]
fn remaining_changes_are_printed_as_commands_of_reg_exe() {
    let key = r#""HKLM\SYSTEM\CurrentControlSet\Control\Session Manager""#;
    for (original, now, command) in [
        (None, Some("dword:00002000"), format!("reg delete {key} /v GlobalFlag /f")),
        (Some("dword:00000001"), Some("dword:00002000"), format!("reg add {key} /v GlobalFlag /t REG_DWORD /d 0x1 /f")),
        (Some("dword:00000001"), None, String::new()),
        (Some("sz:0x1"), Some("dword:00002000"), format!(r#"reg add {key} /v GlobalFlag /t REG_SZ /d "0x1" /f"#)),
        (
            Some("hex(3):01,00,00,00"),
            Some("dword:00002000"),
            format!("reg add {key} /v GlobalFlag /t REG_BINARY /d 01000000 /f"),
        ),
        // With another program's flag.
        (None, Some("dword:00002002"), format!("reg add {key} /v GlobalFlag /t REG_DWORD /d 0x2 /f")),
    ] {
        let change = change(&GLOBAL_FLAG, original, "dword:00002000");
        let expected = Vec::from_iter(Some(command).filter(|command| !command.is_empty()));
        assert_eq!(by_hand(&change, now), expected, "{original:?} {now:?}");
        assert_eq!(by_hand(&change, original), Vec::<String>::new());
    }
    let odd = change(&VERIFY_DRIVERS, Some("hex(7):61,00"), "sz:mydrv.sys");
    let said = by_hand(&odd, Some("sz:mydrv.sys"));
    assert!(
        said[0].ends_with("exactly hex(7):61,00, which reg.exe cannot write: in regedit, or by the API"),
        "{said:?}"
    );
    // A value that cannot be read is restored to the original.
    let unread = machine(&FakeRegistry::default(), Tagging::On, None).by_hand(&odd, None, Path::new("saved"));
    assert_eq!(unread, said);
}

proptest! {
    /// undo(edit(with(x))) == edit(x), for edits of bits that the run left alone.
    #[test]
    fn edits_of_other_bits_survive(
        before in proptest::option::of(any::<u32>()), on: u32, off: u32, set: u32, clear: u32, as_text: bool,
    ) {
        let value = |number: u32| if as_text { RegistryValue::sz(&format!("{number:08x}")) } else { RegistryValue::dword(number) };
        let flags = before.unwrap_or_default();
        let wanted = (flags & !off) | on;
        let edit = |number: u32| {
            let free = !(flags ^ wanted);
            (number | (set & free)) & !(clear & free)
        };
        let original = before.map(value).map(|value| value.to_string());
        let change = change(&GLOBAL_FLAG, original.as_deref(), &value(wanted).to_string());
        let expected = match edit(flags) {
            0 if before.is_none() && wanted != 0 => FlagValue::Absent,
            number => present(&value(number).to_string()),
        };
        prop_assume!(edit(wanted) != wanted);
        prop_assert_eq!(undone(&change, Some(&value(edit(wanted)).to_string())), Some(expected));
    }
}
