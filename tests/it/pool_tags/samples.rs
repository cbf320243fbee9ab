//! The samples of a table: rows, absences, totals, and no heap memory.

use poolgate::machine::PoolSource;
use poolgate::machine::windows::pool::{Bits, Class, PoolTotals};
use poolgate::pool::{Counters, Pool, Tag, Usage};
use proptest::prelude::*;

use crate::pool_tags::bytes::{Row, sessions, table};
use crate::pool_tags::kernel::Kernel;
use crate::pool_tags::{expected, nonpaged, paged, sample, source};
use crate::sampler::Sampler;

fn set(kernel: &Kernel, rows: &[Row]) {
    kernel.set(Class::PoolTag, Ok(table(Class::PoolTag, Bits::Bits64, rows)));
}

#[test]
fn a_pool_is_left_out_until_the_tag_has_something_there_and_then_a_zero_is_a_zero() {
    let kernel = Kernel::listing(&[nonpaged(b"MyD1", 2), nonpaged(b"None", 0)]);
    let mut source = source(&kernel);
    assert_eq!(sample(&mut source).unwrap(), expected(&[("MyD1 nonpaged", (2, 0, 128))]));

    set(&kernel, &[Row { tag: *b"MyD1", paged: [0, 1, 0], nonpaged: [0; 3] }, nonpaged(b"None", 0)]);
    let rows = [("MyD1 nonpaged", (0, 0, 0)), ("MyD1 paged", (0, 1, 0))];
    assert_eq!(sample(&mut source).unwrap(), expected(&rows), "allocs may have wrapped to 0");

    set(&kernel, &[nonpaged(b"None", 0), paged(b"Ntfs", 1)]);
    assert_eq!(sample(&mut source).unwrap(), expected(&[("Ntfs paged", (1, 0, 64))]), "MyD1 is absent, not empty");
}

#[test]
fn a_list_in_another_order_reads_to_the_same_figures() {
    let kernel = Kernel::listing(&[paged(b"Aaaa", 1), paged(b"Bbbb", 2), paged(b"Cccc", 3)]);
    let mut source = source(&kernel);
    let first = sample(&mut source).unwrap();
    for order in [[b"Cccc", b"Aaaa", b"Bbbb"], [b"Bbbb", b"Cccc", b"Aaaa"]] {
        set(&kernel, &order.map(|tag| paged(tag, u64::from(tag[0] - b'A') + 1)));
        assert_eq!(sample(&mut source).unwrap(), first);
    }
}

#[test]
fn a_tag_that_is_listed_twice_counts_once_with_both() {
    let kernel = Kernel::listing(&[paged(b"MyD1", 1), nonpaged(b"Irp ", 1), paged(b"MyD1", 2)]);
    let rows = [("MyD1 paged", (3, 0, 192)), ("Irp nonpaged", (1, 0, 64))];
    let mut source = source(&kernel);
    for _ in 0..2 {
        assert_eq!(sample(&mut source).unwrap(), expected(&rows));
    }
}

#[test]
fn counters_that_wrap_still_give_the_objects_in_use() {
    let kernel = Kernel::listing(&[]);
    let mut live = Vec::new();
    let mut source = source(&kernel);
    for allocs in [u64::from(u32::MAX) - 1, u64::from(u32::MAX), 0, 1] {
        set(&kernel, &[Row { tag: *b"Wrap", paged: [0; 3], nonpaged: [allocs, 0xffff_fff0, 64] }]);
        let (key, usage) = source.sample().unwrap().present().map(|(key, usage)| (key.clone(), usage)).next().unwrap();
        assert_eq!(key.counters, Counters::Wrapping32);
        live.push(key.live(usage));
    }
    assert_eq!(live, [14, 15, 16, 17]);
}

#[test]
fn pool_totals_come_with_each_sample() {
    let kernel = Kernel::listing(&[nonpaged(b"Irp ", 1)]);
    kernel.change(|answers| answers.totals = Some(PoolTotals { paged: 1000, nonpaged: 10, page: 4096 }));
    let mut source = source(&kernel);
    let rows =
        [("Irp nonpaged", (1, 0, 64)), ("paged kernel", (1000, 0, 4_096_000)), ("nonpaged kernel", (10, 0, 40_960))];
    assert_eq!(sample(&mut source).unwrap(), expected(&rows));
    let totals = source.sample().unwrap().keys().iter().filter(|key| key.pool == Pool::Kernel);
    assert!(totals.map(|key| key.counters).eq([Counters::InUse; 2]));

    kernel.change(|answers| answers.totals = None);
    assert_eq!(sample(&mut source).unwrap().len(), 1, "absent, not zero");
}

#[test]
fn a_system_without_pool_totals_has_no_such_rows() {
    let mut source = source(&Kernel::listing(&[nonpaged(b"Irp ", 1)]));
    assert!(source.sample().unwrap().keys().iter().all(|key| key.pool != Pool::Kernel));
}

/// Any row, with 32-bit counters.
fn any_row() -> impl Strategy<Value = Row> {
    let pool = || (any::<u32>(), any::<u32>(), any::<u64>()).prop_map(|(a, f, used)| [a.into(), f.into(), used]);
    (any::<[u8; 4]>(), pool(), pool()).prop_map(|(tag, paged, nonpaged)| Row { tag, paged, nonpaged })
}

proptest! {
    #[test]
    fn every_row_comes_back_with_any_tag_bytes(rows in proptest::collection::vec(any_row(), 1..40)) {
        // Each tag once, as in the kernel's list.
        let mut rows = rows;
        rows.sort_by_key(|row| row.tag);
        rows.dedup_by_key(|row| row.tag);
        let kernel = Kernel::listing(&rows);
        let mut source = source(&kernel);
        let snapshot = source.sample().unwrap();
        let read: Vec<([u8; 4], Pool, Usage)> =
            snapshot.present().map(|(key, usage)| (key.tag.pool_tag_bytes().unwrap(), key.pool, usage)).collect();
        let written: Vec<([u8; 4], Pool, Usage)> = rows
            .iter()
            .flat_map(|row| [(row.tag, Pool::Paged, row.paged), (row.tag, Pool::Nonpaged, row.nonpaged)])
            .map(|(tag, pool, [allocs, frees, bytes])| (tag, pool, Usage { allocs, frees, bytes }))
            .filter(|(_, _, usage)| *usage != Usage::default())
            .collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn no_table_at_all_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), class in 0..3usize) {
        let kernel = Kernel::listing(&[nonpaged(b"Irp ", 1)]);
        kernel.set([Class::PoolTag2, Class::PoolTag, Class::SessionPoolTag][class], Ok(bytes));
        let mut source = source(&kernel);
        for _ in 0..2 {
            let _ = source.sample();
        }
    }
}

#[test]
fn a_sample_takes_no_heap_memory() {
    // The figures get longer as in a leak, the list rotates, and one tag comes and goes.
    let rows = |time: u64| -> Vec<Row> {
        let row = |tag: u64| {
            let allocs = tag % 3 * time * time;
            Row { tag: (tag as u32).to_le_bytes(), paged: [allocs, 1, allocs * 16], nonpaged: [allocs, 0, allocs] }
        };
        let mut rows: Vec<Row> = (0..300).map(row).collect();
        rows.rotate_left((time % 50 == 49).into());
        rows.truncate(300 - usize::from(time % 7 == 3));
        rows
    };
    let kernel = Kernel::listing(&rows(1));
    let mut sampler = Sampler::new(source(&kernel));
    // Enough for two whole samples after the first; keys are repeated before each of them.
    for time in 1..=600 {
        set(&kernel, &rows(time));
        let session = [paged(b"Gla1", time), nonpaged(b"Gla2", time * 1000)];
        kernel.set(Class::SessionPoolTag, Ok(sessions(Bits::Bits64, &[(0, &session), (1, &session[..1])])));
        kernel.change(|answers| answers.totals = Some(PoolTotals { paged: time * 7, nonpaged: time, page: 4096 }));
        let (_, taken) = sampler.counted();
        assert!(time <= 2 || taken == 0, "sample {time}: {taken}");
    }
    // Every third tag never has memory in the nonpaged pool.
    assert_eq!(sampler.source.sample().unwrap().keys().len(), 300 + 200 + 3 + 2);
}

#[test]
fn a_tag_keeps_its_protected_pool_bit_and_is_not_merged_with_the_one_without() {
    let kernel = Kernel::listing(&[paged(b"MyD1", 1), paged(&[b'M', b'y', b'D', b'1' | 0x80], 2)]);
    let mut source = source(&kernel);
    let tags: Vec<Tag> = source.sample().unwrap().keys().iter().map(|key| key.tag.clone()).collect();
    assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["MyD1", "MyD\\xb1"]);
    let pattern: poolgate::pool::TagPattern = "MyD1".parse().unwrap();
    assert!(source.sample().unwrap().keys().iter().all(|key| pattern.matches(key)));
}
