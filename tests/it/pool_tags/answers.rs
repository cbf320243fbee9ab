//! Every answer that the kernel may return is distinguished.

use poolgate::failure::help;
use poolgate::machine::windows::pool::{Bits, Class, NtStatus, PoolTagsError, ProcessKind};
use poolgate::machine::{MachineError, PoolSource};

use crate::pool_tags::bytes::{Row, give, table};
use crate::pool_tags::kernel::Kernel;
use crate::pool_tags::{expected, nonpaged, sample, source};

const TRIES: usize = 10;
const MOST: usize = 64 << 20;

fn rows() -> Vec<Row> {
    vec![nonpaged(b"Irp ", 3), nonpaged(b"MyD1", 7)]
}

/// The queries for tags so far, by class.
fn classes(kernel: &Kernel) -> Vec<Class> {
    let calls = kernel.change(|answers| answers.calls.iter().map(|(class, _)| *class).collect::<Vec<_>>());
    calls.into_iter().filter(|class| *class != Class::SessionPoolTag).collect()
}

/// The error of a reading if classes 255 and 22 return `status`.
fn failure(status: NtStatus) -> MachineError {
    let kernel = Kernel::listing(&rows());
    kernel.set(Class::PoolTag2, Err(status));
    kernel.set(Class::PoolTag, Err(status));
    sample(&mut source(&kernel)).unwrap_err()
}

fn said(error: &MachineError) -> (String, String) {
    (error.to_string(), help(error).unwrap_or_default())
}

#[test]
fn class_255_is_tried_first_and_class_22_if_it_is_missing() {
    let kernel = Kernel::listing(&rows());
    let mut older = source(&kernel);
    assert_eq!(older.class(), None);
    for _ in 0..2 {
        sample(&mut older).unwrap();
    }
    assert_eq!(older.class(), Some(Class::PoolTag));
    assert_eq!(classes(&kernel), [Class::PoolTag2, Class::PoolTag, Class::PoolTag], "255 is not tried again");

    let kernel = Kernel::listing(&rows());
    // Class 22 wraps.
    let wide = [nonpaged(b"New ", (1 << 40) + 7)];
    kernel.set(Class::PoolTag2, Ok(table(Class::PoolTag2, Bits::Bits64, &wide)));
    kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, &wide)));
    let mut newer = source(&kernel);
    let figures = expected(&[("New nonpaged", ((1 << 40) + 7, 0, (1 << 46) + 448))]);
    assert_eq!((sample(&mut newer).unwrap(), newer.note()), (figures, None));
    let compared = [Class::PoolTag2, Class::PoolTag, Class::PoolTag2, Class::PoolTag];
    assert_eq!((newer.class(), classes(&kernel)), (Some(Class::PoolTag2), compared.to_vec()));
    sample(&mut newer).unwrap();
    assert_eq!(classes(&kernel)[4..], [Class::PoolTag2], "compared once");
}

#[test]
fn class_255_in_name_only_is_not_there() {
    let kernel = Kernel::listing(&rows());
    kernel.set(Class::PoolTag2, Err(NtStatus::NOT_IMPLEMENTED));
    let mut source = source(&kernel);
    assert_eq!(sample(&mut source).unwrap().len(), 2);
    assert_eq!(source.class(), Some(Class::PoolTag));
}

#[test]
fn disabled_pool_tagging_is_reported_with_the_command_to_enable_it() {
    let error = failure(NtStatus::NOT_IMPLEMENTED);
    assert!(matches!(error, MachineError::TaggingOff), "{error:?}");
    let (message, help) = said(&error);
    assert!(message.contains("c0000002") && help.contains("pool_tagging: if_needed"), "{message}; {help}");
}

#[test]
fn tagging_that_was_off_may_be_on_later() {
    let kernel = Kernel::listing(&rows());
    kernel.set(Class::PoolTag, Err(NtStatus::NOT_IMPLEMENTED));
    let mut source = source(&kernel);
    sample(&mut source).unwrap_err();
    kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, &rows())));
    assert_eq!(sample(&mut source).unwrap().len(), 2);
}

#[test]
fn a_system_without_pool_tags_is_an_error() {
    let error = failure(NtStatus::INVALID_INFO_CLASS);
    assert!(matches!(error, MachineError::PoolTags(PoolTagsError::NotReported)), "{error:?}");
    let (message, help) = said(&error);
    assert_eq!(message, "this system does not report pool tags (c0000003)");
    assert!(help.contains("simulated"), "{help}");
}

#[test]
fn an_unknown_status_is_reported_in_hexadecimal() {
    let kernel = Kernel::listing(&rows());
    kernel.set(Class::PoolTag, Err(NtStatus(0xc000_009a)));
    let error = sample(&mut source(&kernel)).unwrap_err();
    assert_eq!(error.to_string(), "cannot read pool tags: the kernel returned c000009a for class 22");
    assert_eq!(
        failure(NtStatus(0x105)).to_string(),
        "cannot read pool tags: the kernel returned 00000105 for class 22"
    );
}

#[test]
fn a_refused_reading_is_repeated_once_with_more_privileges() {
    for denied in [NtStatus::ACCESS_DENIED, NtStatus::PRIVILEGE_NOT_HELD] {
        let kernel = Kernel::listing(&rows());
        kernel.set(Class::PoolTag, Err(denied));
        let error = sample(&mut source(&kernel)).unwrap_err();
        let expected = PoolTagsError::NotAllowed(Class::PoolTag, denied);
        assert!(matches!(error, MachineError::PoolTags(error) if error == expected), "{error:?}");
        let (message, help) = said(&error);
        assert!(message.contains(&denied.to_string()) && help.contains("elevated"), "{message}; {help}");
        assert_eq!(classes(&kernel), [Class::PoolTag2, Class::PoolTag, Class::PoolTag]);
        assert_eq!(kernel.change(|answers| answers.privileges), 1);
    }
}

#[test]
fn privileges_that_help_make_a_sample() {
    let kernel = Kernel::listing(&rows());
    let mut denied = false;
    kernel.change(|answers| {
        answers.instead = Some(Box::new(move |class, _| {
            let first = class == Class::PoolTag && !std::mem::replace(&mut denied, true);
            first.then_some((NtStatus::ACCESS_DENIED, 0))
        }));
    });
    assert_eq!(sample(&mut source(&kernel)).unwrap().len(), 2);
    assert_eq!(kernel.change(|answers| answers.privileges), 1);
}

#[test]
fn a_table_that_outgrows_its_buffer_ten_times_is_an_error() {
    let kernel = Kernel::listing(&rows());
    kernel.change(|answers| {
        // The table is always larger than the buffer.
        answers.instead = Some(Box::new(|class, buffer| match class {
            Class::PoolTag => Some((NtStatus::INFO_LENGTH_MISMATCH, buffer.len() + 1)),
            Class::PoolTag2 | Class::SessionPoolTag | Class::Verifier | Class::Modules => None,
        }));
    });
    let error = sample(&mut source(&kernel)).unwrap_err();
    assert!(matches!(error, MachineError::PoolTags(PoolTagsError::Growing(Class::PoolTag))), "{error:?}");
    assert!(said(&error).0.contains("c0000004"));
    assert_eq!(classes(&kernel)[1..], [Class::PoolTag; TRIES]);
    let offered = kernel.change(|answers| answers.calls[1..].iter().map(|(_, bytes)| *bytes).collect::<Vec<_>>());
    assert!(offered.windows(2).all(|pair| pair[1] > pair[0] + pair[0] / 5), "each time a quarter more: {offered:?}");
}

#[test]
fn a_kernel_that_requests_an_impossible_buffer_is_refused() {
    for wanted in [usize::MAX, MOST + 1, u32::MAX as usize] {
        let kernel = Kernel::listing(&rows());
        kernel.change(|answers| {
            answers.instead = Some(Box::new(move |_, _| Some((NtStatus::INFO_LENGTH_MISMATCH, wanted))));
        });
        let error = sample(&mut source(&kernel)).unwrap_err();
        assert!(matches!(error, MachineError::PoolTags(PoolTagsError::TooLarge(Class::PoolTag))), "{error:?}");
        let most = kernel.change(|answers| answers.calls.iter().map(|(_, bytes)| *bytes).max());
        assert_eq!(most, Some(MOST));
    }
}

#[test]
fn a_table_that_grows_during_reading_is_read_completely() {
    let many = |count: u32| (0..count).map(|tag| nonpaged(&tag.to_be_bytes(), 1)).collect::<Vec<_>>();
    let kernel = Kernel::listing(&rows());
    let mut calls = 0;
    kernel.change(|answers| {
        answers.instead = Some(Box::new(move |class, buffer| {
            // Each call finds 5,000 tags more than the previous one, up to 20,000.
            calls += u32::from(class == Class::PoolTag);
            let tags = many(5_000 * calls.min(4));
            (class == Class::PoolTag).then(|| give(&table(class, Bits::Bits64, &tags), buffer))
        }));
    });
    let mut source = source(&kernel);
    assert_eq!(sample(&mut source).unwrap().len(), 20_000);
    let asked = classes(&kernel).len();
    assert_eq!(asked, 1 + 5, "four calls each found more than the one before left room for");
    assert_eq!(sample(&mut source).unwrap().len(), 20_000);
    assert_eq!(classes(&kernel).len(), asked + 1, "the buffer is kept");
}

/// A class 22 table with `count` in its header, and a changed returned length.
fn torn(count: u32, returned: impl Fn(usize) -> usize) -> Kernel {
    let kernel = Kernel::listing(&rows());
    let mut bytes = table(Class::PoolTag, Bits::Bits64, &rows());
    bytes[..4].copy_from_slice(&count.to_le_bytes());
    let length = returned(bytes.len());
    kernel.change(|answers| {
        answers.instead = Some(Box::new(move |class, buffer| {
            buffer[..bytes.len()].copy_from_slice(&bytes);
            (class == Class::PoolTag).then_some((NtStatus::SUCCESS, length))
        }));
    });
    kernel
}

#[test]
fn a_table_with_fewer_rows_than_announced_is_never_a_sample() {
    let as_it_is = |length| length;
    for (what, kernel) in [
        ("one row too few", torn(3, as_it_is)),
        ("more rows than the buffer could hold", torn(1 << 20, as_it_is)),
        ("more rows than bytes there are", torn(u32::MAX, as_it_is)),
        ("the last byte is missing", torn(2, |length| length - 1)),
        ("nothing was returned", torn(2, |_| 0)),
        ("not even the count", torn(2, |_| 3)),
        ("longer than the buffer", torn(2, |_| usize::MAX)),
    ] {
        let mut source = source(&kernel);
        let error = sample(&mut source).unwrap_err();
        assert!(matches!(error, MachineError::PoolTags(PoolTagsError::Torn(Class::PoolTag))), "{what}: {error:?}");
        assert_eq!(classes(&kernel)[1..], [Class::PoolTag; TRIES], "{what}");
    }
    // The unchanged table is valid, so the changes made the others torn.
    assert_eq!(sample(&mut source(&torn(2, as_it_is))).unwrap().len(), 2);
}

#[test]
fn a_table_torn_once_is_read_again() {
    let kernel = Kernel::listing(&rows());
    let mut torn = false;
    kernel.change(|answers| {
        answers.instead = Some(Box::new(move |class, buffer| {
            let first = class == Class::PoolTag && !std::mem::replace(&mut torn, true);
            first.then(|| {
                buffer[..4].copy_from_slice(&9u32.to_le_bytes());
                (NtStatus::SUCCESS, 88)
            })
        }));
    });
    assert_eq!(sample(&mut source(&kernel)).unwrap().len(), 2);
}

#[test]
fn a_table_without_rows_is_an_error_never_an_empty_sample() {
    let kernel = Kernel::listing(&rows());
    kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, &[])));
    for newer in [Err(NtStatus::INVALID_INFO_CLASS), Ok(table(Class::PoolTag2, Bits::Bits64, &[]))] {
        kernel.set(Class::PoolTag2, newer);
        let error = sample(&mut source(&kernel)).unwrap_err();
        assert!(matches!(error, MachineError::PoolTags(PoolTagsError::NoRows(Class::PoolTag))), "{error:?}");
    }
}

#[test]
fn after_a_failed_sample_the_next_is_whole() {
    let kernel = Kernel::listing(&rows());
    let mut source = source(&kernel);
    let whole = sample(&mut source).unwrap();
    kernel.set(Class::PoolTag, Err(NtStatus(0xc000_009a)));
    sample(&mut source).unwrap_err();
    kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, &rows())));
    assert_eq!(sample(&mut source).unwrap(), whole);
}

#[test]
fn a_32_bit_program_on_a_64_bit_windows_reads_nothing() {
    let kernel = Kernel::of(ProcessKind::Wow64);
    kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits32, &rows())));
    let error = sample(&mut source(&kernel)).unwrap_err();
    assert!(matches!(error, MachineError::PoolTags(PoolTagsError::Wow64)), "{error:?}");
    let (message, help) = said(&error);
    assert!(message.contains("32-bit poolgate") && help.contains("x64 build"), "{message}; {help}");
    assert_eq!(classes(&kernel), []);
}

#[test]
fn a_program_in_a_container_reads_nothing() {
    let kernel = Kernel::of(ProcessKind::Container);
    kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, &rows())));
    let error = sample(&mut source(&kernel)).unwrap_err();
    let (message, help) = said(&error);
    assert!(
        message.contains("does not run in a Windows container") && help.contains("on the host"),
        "{message}; {help}"
    );
    assert_eq!(classes(&kernel), []);
}

#[test]
fn counts_are_exact_so_there_is_nothing_to_shrink() {
    let mut source = source(&Kernel::listing(&rows()));
    source.sample().unwrap();
    assert_eq!(source.shrink(&["MyD1".parse().unwrap()]).unwrap(), 0);
}
