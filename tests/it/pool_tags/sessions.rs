//! Session pools: rows of their own if the kernel reports them, and no failure if it does not.

use poolgate::machine::windows::pool::{Bits, Class, NtStatus, PoolTagsError};
use poolgate::machine::{MachineError, PoolSource};

use crate::pool_tags::bytes::{Row, sessions};
use crate::pool_tags::kernel::Kernel;
use crate::pool_tags::{expected, nonpaged, paged, sample, source};

fn system() -> Kernel {
    Kernel::listing(&[nonpaged(b"Irp ", 3), paged(b"Gla1", 5)])
}

fn set(kernel: &Kernel, told: &[(u32, &[Row])]) {
    kernel.set(Class::SessionPoolTag, Ok(sessions(Bits::Bits64, told)));
}

fn asked(kernel: &Kernel) -> usize {
    let of_sessions = |(class, _): &&(Class, usize)| *class == Class::SessionPoolTag;
    kernel.change(|answers| answers.calls.iter().filter(of_sessions).count())
}

#[test]
fn each_session_has_rows_of_its_own_beside_the_systems() {
    let kernel = system();
    set(&kernel, &[(0, &[paged(b"Gla1", 1)]), (1, &[paged(b"Gla1", 2), paged(b"Usb1", 4)])]);
    let figures = sample(&mut source(&kernel)).unwrap();
    let rows = [
        ("Irp nonpaged", (3, 0, 192)),
        ("Gla1 paged", (5, 0, 320)),
        ("Gla1 paged (session 0)", (1, 0, 64)),
        ("Gla1 paged (session 1)", (2, 0, 128)),
        ("Usb1 paged (session 1)", (4, 0, 256)),
    ];
    assert_eq!(figures, expected(&rows));
}

#[test]
fn an_ended_session_is_absent_and_a_new_one_is_added() {
    let kernel = system();
    set(&kernel, &[(1, &[paged(b"Gla1", 2)])]);
    let mut source = source(&kernel);
    let first = sample(&mut source).unwrap();

    set(&kernel, &[(2, &[paged(b"Gla1", 9)])]);
    let second = sample(&mut source).unwrap();
    assert!(first.contains_key("Gla1 paged (session 1)") && !second.contains_key("Gla1 paged (session 1)"));
    assert_eq!(second["Gla1 paged (session 2)"], (9, 0, 576));
    assert_eq!(source.sample().unwrap().keys().len(), 4, "rows keep their places");

    // No session is logged on.
    kernel.set(Class::SessionPoolTag, Ok(Vec::new()));
    assert_eq!(sample(&mut source).unwrap().len(), 2);
}

#[test]
fn a_system_without_session_tables_is_queried_once() {
    for status in [NtStatus::INVALID_INFO_CLASS, NtStatus::NOT_IMPLEMENTED, NtStatus(0xc000_000d)] {
        let kernel = system();
        kernel.set(Class::SessionPoolTag, Err(status));
        let mut source = source(&kernel);
        for _ in 0..3 {
            assert_eq!(sample(&mut source).unwrap().len(), 2);
        }
        assert_eq!(asked(&kernel), 1);
    }
}

/// Tables of two sessions with an error in each.
fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let whole = || sessions(Bits::Bits64, &[(0, &[paged(b"Gla1", 1)]), (1, &[paged(b"Gla1", 2)])]);
    let with = |at: usize, byte: u8| {
        let mut bytes = whole();
        bytes[at] = byte;
        bytes
    };
    vec![
        ("the last row is not all there", whole()[..111].to_vec()),
        ("the second head is not all there", whole()[..71].to_vec()),
        ("more rows than there are before the next session", with(12, 2)),
        ("more rows than there are", with(68, 2)),
        ("the next session begins inside the first", with(0, 8)),
        ("the next session begins behind the end", with(2, 1)),
        ("the next session is where none is", with(56, 200)),
    ]
}

#[test]
fn implausible_sessions_in_the_first_reading_are_not_reported() {
    for (what, table) in broken() {
        let kernel = system();
        kernel.set(Class::SessionPoolTag, Ok(table));
        let mut source = source(&kernel);
        for _ in 0..2 {
            assert_eq!(sample(&mut source).unwrap().len(), 2, "{what}");
        }
    }
}

#[test]
fn known_sessions_do_not_vanish_by_a_failed_reading() {
    let told: &[(u32, &[Row])] = &[(0, &[paged(b"Gla1", 1)]), (1, &[paged(b"Gla1", 2)])];
    for (what, table) in broken() {
        let kernel = system();
        set(&kernel, told);
        let mut source = source(&kernel);
        assert_eq!(sample(&mut source).unwrap().len(), 4);
        kernel.set(Class::SessionPoolTag, Ok(table));
        let error = sample(&mut source).unwrap_err();
        let torn = matches!(error, MachineError::PoolTags(PoolTagsError::Torn(Class::SessionPoolTag)));
        assert!(torn, "{what}: {error:?}");
    }
    let kernel = system();
    set(&kernel, told);
    let mut source = source(&kernel);
    sample(&mut source).unwrap();
    kernel.set(Class::SessionPoolTag, Err(NtStatus::INVALID_INFO_CLASS));
    let error = sample(&mut source).unwrap_err();
    assert_eq!(error.to_string(), "cannot read session pools: the kernel returned c0000003 for class 67");
}

#[test]
fn sessions_are_read_again_after_a_failed_reading() {
    let kernel = system();
    set(&kernel, &[(1, &[paged(b"Gla1", 2)])]);
    let mut source = source(&kernel);
    let whole = sample(&mut source).unwrap();
    for _ in 0..2 {
        kernel.set(Class::SessionPoolTag, Err(NtStatus(0xc000_009a)));
        assert!(sample(&mut source).is_err());
        set(&kernel, &[(1, &[paged(b"Gla1", 2)])]);
        assert_eq!(sample(&mut source).unwrap(), whole);
    }
}
