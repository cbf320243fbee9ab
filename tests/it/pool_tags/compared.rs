//! Class 255 compared with class 22 at the first sample.

use poolgate::machine::PoolSource;
use poolgate::machine::windows::pool::{Bits, Class, NtStatus};

use crate::pool_tags::bytes::{Row, give, table};
use crate::pool_tags::kernel::Kernel;
use crate::pool_tags::{nonpaged, paged, sample, source};

fn rows() -> Vec<Row> {
    vec![nonpaged(b"Irp ", 3), nonpaged(b"MyD1", 7)]
}

/// A kernel with `wide` in class 255 and one entry of `narrow` for each reading of class 22; the last entry repeats.
fn both(wide: &[Row], narrow: Vec<Vec<Row>>) -> Kernel {
    let kernel = Kernel::listing(&rows());
    kernel.set(Class::PoolTag2, Ok(table(Class::PoolTag2, Bits::Bits64, wide)));
    let mut readings = 0;
    kernel.change(|answers| {
        answers.instead = Some(Box::new(move |class, buffer| {
            let rows = &narrow[readings.min(narrow.len() - 1)];
            readings += usize::from(class == Class::PoolTag);
            (class == Class::PoolTag).then(|| give(&table(class, Bits::Bits64, rows), buffer))
        }));
    });
    kernel
}

#[test]
fn class_255_that_differs_from_class_22_is_not_used_and_there_is_a_note() {
    let irp = |allocs| nonpaged(b"Irp ", allocs);
    for (what, wide, narrow, says) in [
        ("a tag is missing", vec![irp(3)], vec![vec![irp(3), nonpaged(b"MyD1", 7)]], "does not list the tag MyD1"),
        ("a tag is new", vec![irp(3), nonpaged(b"MyD1", 7)], vec![vec![irp(3)]], "class 22 does not list the tag MyD1"),
        ("a count is shifted", vec![irp(3 << 8)], vec![vec![irp(3)]], "count the tag Irp differently"),
        ("it counts less", vec![irp(2)], vec![vec![irp(3)], vec![irp(5)]], "count the tag Irp differently"),
        ("it counts more", vec![irp(6)], vec![vec![irp(3)], vec![irp(5)]], "count the tag Irp differently"),
        ("the other pool", vec![paged(b"Irp ", 3)], vec![vec![irp(3)]], "count the tag Irp differently"),
    ] {
        let kernel = both(&wide, narrow.clone());
        let mut source = source(&kernel);
        assert_eq!(sample(&mut source).unwrap().len(), narrow[0].len(), "{what}");
        assert_eq!(source.class(), Some(Class::PoolTag), "{what}");
        let note = source.note().unwrap();
        assert!(note.contains(says) && note.contains("read by class 22") && note.contains("winver"), "{what}: {note}");
        assert_eq!(source.note(), None, "{what}");
    }
}

#[test]
fn changes_between_the_readings_are_no_difference() {
    let irp = |allocs| nonpaged(b"Irp ", allocs);
    let wrapped = u64::from(u32::MAX);
    for (wide, narrow) in [
        (vec![irp(4)], vec![vec![irp(3)], vec![irp(5)]]),
        (vec![irp(5)], vec![vec![irp(3)], vec![irp(5)]]),
        (vec![irp(wrapped + 2)], vec![vec![irp(wrapped)], vec![irp(wrapped + 3)]]),
        // A tag that appears in between.
        (vec![irp(3)], vec![vec![irp(3)], vec![irp(3), nonpaged(b"MyD1", 7)]]),
        (vec![irp(3), nonpaged(b"MyD1", 7)], vec![vec![irp(3)], vec![irp(3), nonpaged(b"MyD1", 8)]]),
    ] {
        let kernel = both(&wide, narrow);
        let mut source = source(&kernel);
        sample(&mut source).unwrap();
        assert_eq!((source.class(), source.note()), (Some(Class::PoolTag2), None), "{wide:?}");
    }
}

#[test]
fn class_255_that_fails_in_any_way_is_left_for_class_22_and_there_is_a_note() {
    let torn = table(Class::PoolTag2, Bits::Bits64, &rows())[..40].to_vec();
    for answer in [Err(NtStatus(0xc000_009a)), Err(NtStatus::ACCESS_DENIED), Ok(torn), Ok(vec![0; 8])] {
        let kernel = Kernel::listing(&rows());
        kernel.set(Class::PoolTag2, answer);
        let mut source = source(&kernel);
        assert_eq!(sample(&mut source).unwrap().len(), 2);
        assert_eq!(source.class(), Some(Class::PoolTag));
        assert!(source.note().unwrap().contains("read by class 22, not 255: cannot read pool tags"));
    }
    // Class 255 does not exist on an older Windows, which is no reason for a note.
    let kernel = Kernel::listing(&rows());
    let mut older = source(&kernel);
    sample(&mut older).unwrap();
    assert_eq!(older.note(), None);
}
