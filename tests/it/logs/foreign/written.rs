//! Tables written in every variant are read back unchanged.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use poolgate::pool::{Counters, Key, Pool, Tag, Usage};
use proptest::prelude::*;

use super::text::{CONSOLE, DOTNET, Encoding};
use super::writer::{Row, Table, Title, Variant, text};
use super::{Samples, read, samples};

/// Noon of 2026-01-01.
const NOON: i64 = 1_767_268_800;

fn tags() -> impl Strategy<Value = [u8; 4]> {
    let known = [
        *b"Dh 1", *b"Io  ", *b"Pp  ", *b" CM ", *b" Fat", *b"NtFC", *b"NtfC", *b"1394", *b"_LCD", *b"@GM2", *b"Tag ",
        *b"Nonp",
    ];
    prop_oneof![
        3 => prop::sample::select(known.to_vec()),
        // Any bytes except line ends.
        2 => any::<[u8; 4]>().prop_map(|tag| tag.map(|byte| if matches!(byte, b'\n' | b'\r') { b'x' } else { byte })),
    ]
}

/// Counters that wrap or have 64 bits, and numbers wider than their columns.
fn row() -> impl Strategy<Value = Row> {
    let counters = prop_oneof![
        (0..5000u32, 0..5000u32).prop_map(|(frees, live)| (u64::from(frees) + u64::from(live), u64::from(frees))),
        (any::<u32>(), 0..100_000u32).prop_map(|(frees, live)| (u64::from(frees.wrapping_add(live)), u64::from(frees))),
        (1u64 << 40..1 << 62, 0..1u64 << 20).prop_map(|(frees, live)| (frees + live, frees)),
    ];
    let bytes = prop_oneof![0..1_000_000u64, 0..=i64::MAX as u64];
    (tags(), any::<bool>(), counters, bytes, any::<[i32; 3]>())
        .prop_map(|(tag, paged, (allocs, frees), bytes, changes)| Row { tag, paged, allocs, frees, bytes, changes })
}

fn tables(variant: Variant) -> impl Strategy<Value = Vec<Table>> {
    let titles = match variant {
        Variant::Sessions => {
            vec![Title::AllSessions, Title::Session(0), Title::Session(7), Title::Session(4_294_967_295)]
        }
        _ => vec![Title::System],
    };
    let stamped = variant == Variant::PowerShell;
    // Most rows of a table are the same as in the previous one.
    let becomes = prop_oneof![
        5 => Just(Becomes::Same),
        2 => row().prop_map(Becomes::Other),
        1 => Just(Becomes::Nothing),
    ];
    let table = (prop::sample::select(titles), prop::collection::vec(becomes, 12), 1..100_000i64);
    let rows = prop::collection::vec(row(), 1..12);
    (rows, prop::collection::vec(table, 1..5), any::<bool>())
        .prop_map(move |(mut rows, tables, timed)| {
            let mut known = HashSet::new();
            rows.retain(|row| known.insert((row.tag, row.paged)));
            let mut at = NOON;
            let tables = tables.into_iter().map(|(title, becomes_, apart)| {
                at += apart;
                let there = rows.iter_mut().zip(becomes_).filter_map(|(row, becomes)| match becomes {
                    Becomes::Same => Some(row.clone()),
                    Becomes::Other(other) => {
                        *row = Row { tag: row.tag, paged: row.paged, ..other };
                        Some(row.clone())
                    }
                    Becomes::Nothing => None,
                });
                Table {
                    title,
                    rows: there.collect(),
                    stamp: (stamped || timed).then(|| Timestamp::from_second(at).unwrap()),
                }
            });
            tables.collect::<Vec<_>>()
        })
        // A table of both pools without a row has no time, so it is not a table.
        .prop_filter("tables have rows", |tables| tables.iter().all(|table| !table.rows.is_empty()))
}

/// The change of a row in the next table.
#[derive(Debug, Clone)]
enum Becomes {
    Same,
    Other(Row),
    Nothing,
}

/// The samples of the tables, if nothing is lost.
fn expected(variant: Variant, tables: &[Table], apart: Duration) -> Samples {
    let counters = match variant {
        Variant::PoolUsed | Variant::PoolUsedGlued => Counters::InUse,
        _ => Counters::Wrapping32,
    };
    let mut used = HashSet::new();
    let began = tables[0].stamp;
    let sample = |(number, table): (usize, &Table)| {
        let at = match (table.stamp, began) {
            (Some(at), Some(began)) => Duration::try_from(at.duration_since(began)).unwrap(),
            _ => apart * number as u32,
        };
        let session = match table.title {
            Title::Session(number) => Some(number),
            Title::System | Title::AllSessions => None,
        };
        let key = |tag, paged| {
            let pool = if paged { Pool::Paged } else { Pool::Nonpaged };
            Key { session, ..Key::new(Tag::from_pool_tag(tag), pool, counters) }
        };
        let mut rows: BTreeMap<Key, Usage> = BTreeMap::new();
        for Row { tag, paged, allocs, frees, bytes, .. } in &table.rows {
            let frees = if counters == Counters::InUse { 0 } else { *frees };
            rows.insert(key(*tag, *paged), Usage { allocs: *allocs, frees, bytes: *bytes });
            // The other pool has a zero in the same row. It counts once it has had another value.
            if variant.has_both_pools_in_a_row() {
                rows.entry(key(*tag, !*paged)).or_default();
            }
        }
        rows.retain(|key, usage| {
            *usage != Usage::default() || used.contains(key) || !variant.has_both_pools_in_a_row()
        });
        used.extend(rows.keys().cloned());
        (at, rows)
    };
    tables.iter().enumerate().map(sample).collect()
}

fn variants() -> impl Strategy<Value = (Variant, Vec<Table>)> {
    prop::sample::select(Variant::ALL.to_vec())
        .prop_flat_map(|variant| tables(variant).prop_map(move |tables| (variant, tables)))
}

/// The notes about partial screens, and about numbers of any size.
const EXPECTED: [&str; 2] = ["are missing in some of the tables", "longer than its column"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_written_variant_is_read_back(
        (variant, tables) in variants(),
        encoding in prop::sample::select(Encoding::ALL.to_vec()),
        windows in any::<bool>(),
    ) {
        let page = if variant == Variant::PowerShell { DOTNET } else { CONSOLE };
        let bytes = text(variant, &tables);
        let bytes = if windows { bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]) } else { bytes };
        let encoded = encoding.encode(&bytes, page);
        let (every, apart) = match variant.is_live() {
            true => (None, Duration::from_secs(5)),
            false => (Some(Duration::from_secs(1800)), Duration::from_secs(1800)),
        };
        // The interval must not contradict the text.
        let every = every.filter(|_| tables[0].stamp.is_none());
        let imported = read(&encoded, every).unwrap();
        let told: Vec<_> = imported.notes.iter().filter(|note| !EXPECTED.iter().any(|words| note.contains(words))).collect();
        prop_assert!(told.is_empty(), "{:?}", told);
        prop_assert_eq!(samples(&imported.recording), expected(variant, &tables, apart));
        prop_assert_eq!(imported.tables, Some(tables.len() as u64));
    }

    #[test]
    fn any_bytes_at_all_are_an_error_or_a_log_but_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), at in 0..2000usize) {
        // Some of the bytes inside a log.
        let mut log = fs_err::read(super::fixture("24-msdocs-all-sessions.txt")).unwrap();
        let at = at.min(log.len());
        log.splice(at..at, bytes.iter().copied());
        let _ = read(&log, None);
        let _ = read(&bytes, None);
    }
}
