//! `judge` reads the output of `mon`: the same figures, tag by tag and screen by screen.

use std::collections::BTreeMap;

use crate::import;
use crate::machine::Memory;
use crate::mon::{Drivers, LiveTable, PoolScope, PoolmonLayout, PoolmonText, RowFilter, SortColumn, SortOrder};
use crate::pool::{Counters, Key, Pool, Snapshot, Tag, Usage};
use crate::record::{Event, Recording};
use jiff::Timestamp;
use proptest::prelude::*;

/// The content of a screen, row by row.
type ScreenRows = BTreeMap<(Tag, Pool), Usage>;

/// ScreenRows of pool tags, with any bytes that a line can contain.
fn rows() -> impl Strategy<Value = ScreenRows> {
    let byte =
        prop_oneof![4 => b' '..=b'~', 1 => any::<u8>().prop_filter("a line ends there", |b| !b"\n\r".contains(b))];
    let tag = proptest::array::uniform4(byte).prop_map(Tag::from_pool_tag);
    let pool = prop_oneof![Just(Pool::Paged), Just(Pool::Nonpaged)];
    let usage = (any::<u32>(), any::<u32>(), 0..i64::MAX as u64);
    let usage = usage.prop_map(|(allocs, frees, bytes)| Usage { allocs: allocs.into(), frees: frees.into(), bytes });
    proptest::collection::btree_map((tag, pool), usage, 1..20)
}

/// Some screens of a log, each with its rows.
fn screens() -> impl Strategy<Value = Vec<ScreenRows>> {
    proptest::collection::vec(rows(), 1..5)
}

/// The samples of a recording, without absent rows and without the figures of the header.
fn samples(recording: &Recording) -> Vec<ScreenRows> {
    let (mut samples, mut events) = (Vec::new(), recording.events());
    while let Some(event) = events.next() {
        if let Event::Sample { snapshot, .. } = event {
            let tags = snapshot.present().filter(|(key, _)| key.pool != Pool::Kernel);
            samples.push(tags.map(|(key, usage)| ((key.tag.clone(), key.pool), usage)).collect());
        }
    }
    samples
}

/// A log of these screens; `write` writes each one.
fn log(screens: &[ScreenRows], session: Option<u32>, write: impl Fn(&crate::mon::Screen) -> Vec<u8>) -> Vec<u8> {
    let (mut table, mut snapshot, mut log) = (LiveTable::new(), Snapshot::new(), Vec::new());
    let scope = session.map_or(PoolScope::System, PoolScope::Session);
    for rows in screens {
        snapshot.clear();
        for ((tag, pool), usage) in rows {
            let row = snapshot.row(Key { session, ..Key::new(tag.clone(), *pool, Counters::Wrapping32) });
            snapshot.set(row, Some(*usage));
        }
        table.take(&snapshot, Memory::default(), Timestamp::UNIX_EPOCH);
        let order = SortOrder { by: SortColumn::Bytes, change: false };
        log.extend(write(&table.screen(&RowFilter { scope, totals: true, ..RowFilter::default() }, order)));
        log.push(b'\n');
    }
    log
}

fn assert_read_back(screens: &[ScreenRows], log: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.log");
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), log).unwrap();
    let imported = import::read(&path, Some(std::time::Duration::from_secs(5))).unwrap();
    // Tags that appear and disappear cause a note, which is correct; skipped lines would cause one too.
    let passed: Vec<_> = imported.notes.iter().filter(|note| !note.contains("tags are missing in some")).collect();
    assert!(passed.is_empty(), "{passed:?} {}", String::from_utf8_lossy(log));
    assert_eq!(samples(&imported.recording), screens);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn live_screens_are_read_back_equal(screens in screens(), session in proptest::option::of(any::<u32>())) {
        for layout in [PoolmonLayout::X86, PoolmonLayout::X64] {
            assert_read_back(&screens, &log(&screens, session, |screen| PoolmonText::new(layout, None).live(screen)));
        }
    }

    #[test]
    fn snapshots_are_read_back_equal(screens in screens()) {
        assert_read_back(&screens, &log(&screens, None, |screen| PoolmonText::new(PoolmonLayout::X64, None).snapshot(screen)));
    }

    #[test]
    fn screens_with_drivers_are_read_back_equal(screens in screens()) {
        let found = |tag: &Tag| if tag.as_str().contains('a') { "[mydrv.sys  -  Create.c 3]" } else { "Unknown Driver" };
        let text = PoolmonText::new(PoolmonLayout::X64, Some(Drivers::found_by(move |tag| found(tag).to_owned())));
        assert_read_back(&screens, &log(&screens, None, |screen| text.live(screen)));
    }
}
