//! Tests of showing and changing GlobalFlag by hand.

use super::*;
use crate::gflags::{Switch, Switches};
use crate::machine::windows::pool::PoolTagsError;
use crate::machine::{ByHand, CurrentSettings, Edit, Edited, GlobalFlags};

fn switched(words: &[&str]) -> Edit {
    let switches = words.iter().map(|word| word.parse::<Switch>().unwrap());
    Edit::Switched(switches.fold(Switches::default(), Switches::then))
}

fn with(value: Option<&str>) -> FakeRegistry {
    memory(&value.map(|value| (&GLOBAL_FLAG, value.parse().unwrap())).into_iter().collect::<Vec<_>>())
}

fn value(text: Option<&str>) -> FlagValue {
    text.map_or(FlagValue::Absent, present)
}

#[test]
fn stored_and_running_settings_are_distinguished() {
    for (kept, number, tagging, running) in [
        (None, Some(0), Tagging::Always, Some(0x400)),
        (Some("dword:00002400"), Some(0x2400), Tagging::On, Some(0)),
        (Some("sz:0x400"), Some(0x400), Tagging::Off, None),
        (Some("sz:hello"), None, Tagging::Off, None),
    ] {
        let CurrentSettings::GlobalFlags(flags) = machine(&with(kept), tagging, running).current_settings().unwrap()
        else {
            panic!()
        };
        let expected = GlobalFlags {
            name: GLOBAL_FLAG.to_string(),
            stored: value(kept),
            number,
            running,
            always_tags: tagging == Tagging::Always,
        };
        assert_eq!(flags, expected);
    }
}

#[test]
fn a_kernel_is_shown_even_if_the_query_for_tags_fails() {
    let mut machine = machine(&with(None), Tagging::On, Some(0));
    machine.running.tagging = Box::new(|| Err(MachineError::HiddenBootMode));
    let CurrentSettings::GlobalFlags(flags) = machine.current_settings().unwrap() else { panic!() };
    assert!(!flags.always_tags);
}

#[test]
fn in_a_container_no_flag_is_shown_or_switched() {
    let mut machine = machine(&with(None), Tagging::Always, Some(0));
    machine.running.tagging = Box::new(|| Err(MachineError::PoolTags(PoolTagsError::Container)));
    assert!(matches!(machine.current_settings(), Err(MachineError::PoolTags(PoolTagsError::Container))));
}

/// In contrast to a run, a change by hand ignores the flags of the running kernel, and can set and clear `ptg`.
#[test]
fn flags_are_switched_from_any_state() {
    for (before, words, after) in [
        (None, &["+ptg"][..], Some("dword:00000400")),
        (Some("dword:00000401"), &["-ptg"], Some("dword:00000001")),
        (Some("dword:00000401"), &["-ffffffff", "+kst"], Some("dword:00002000")),
        (Some("sz:0x1"), &["+kst"], Some("dword:00002001")),
        (Some("sz:0x400"), &["+ptg"], Some("dword:00000400")),
        (Some("hex(3):01,00,00,00"), &["-soe"], Some("dword:00000000")),
    ] {
        for (tagging, running) in [(Tagging::Always, Some(0x2400)), (Tagging::Off, Some(0)), (Tagging::On, None)] {
            let mut machine = machine(&with(before), tagging, running);
            let Edited { change, back } = machine.edit(&switched(words)).unwrap().unwrap();
            assert_eq!((&change.original, &change.wanted), (&value(before), &value(after)), "{words:?}");
            machine.write(&change.name, &change.wanted).unwrap();
            assert_eq!(machine.edit(&switched(words)).unwrap(), None, "{words:?}");
            // The edit can be undone exactly.
            let undo = machine.edit(&back).unwrap().unwrap().change;
            machine.write(&undo.name, &undo.wanted).unwrap();
            assert_eq!(machine.read(&change.name).unwrap(), value(before));
        }
    }
}

#[test]
fn a_setting_that_is_already_right_is_no_change() {
    for (before, words) in [
        (None, &["-kst"][..]),
        (None, &["-ffffffff"]),
        (None, &["+kst", "-kst"]),
        (Some("dword:00000000"), &["-ffffffff"]),
        (Some("dword:00000400"), &["+ptg"]),
    ] {
        assert_eq!(machine(&with(before), Tagging::Off, None).edit(&switched(words)).unwrap(), None, "{words:?}");
    }
    let exactly = Edit::Exactly(FlagValue::Absent);
    assert_eq!(machine(&with(None), Tagging::Off, None).edit(&exactly).unwrap(), None);
}

#[test]
fn a_value_that_is_no_number_can_only_be_replaced() {
    let mut machine = machine(&with(Some("sz:hello")), Tagging::Off, None);
    let error = machine.edit(&switched(&["+kst"])).unwrap_err();
    assert!(error.to_string().contains("GlobalFlag is not a number"), "{error}");
    for exactly in [FlagValue::Absent, present("dword:00000000")] {
        let edited = machine.edit(&Edit::Exactly(exactly.clone())).unwrap().unwrap();
        assert_eq!((edited.change.wanted, edited.back), (exactly, Edit::Exactly(present("sz:hello"))));
    }
    for not in ["400", "", "dword:400"] {
        assert!(matches!(machine.edit(&Edit::Exactly(present(not))), Err(MachineError::NotAValue { .. })), "{not}");
    }
}

#[test]
fn settings_of_linux_are_not_written_to_a_registry() {
    let parameters = Edit::Parameters { added: Vec::new(), dropped: vec!["slab_nomerge".to_owned()] };
    let error = machine(&with(None), Tagging::Off, None).edit(&parameters).unwrap_err();
    assert!(error.to_string().contains("slab_nomerge"), "{error}");
}
