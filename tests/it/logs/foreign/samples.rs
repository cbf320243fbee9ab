//! Screens from Microsoft's documentation, each in a file of tests/fixtures/poolmon.

use std::time::Duration;

use poolgate::import;
use poolgate::pool::{Counters, Key, Pool, Tag, Usage};

use super::{fixture, samples};

/// The first sample of a screen, and the notes about it.
fn screen(name: &str) -> (Vec<(Key, Usage)>, Vec<String>) {
    let imported = import::read(&fixture(name), None).unwrap();
    let samples = samples(&imported.recording);
    assert_eq!((samples.len(), samples[0].0), (1, Duration::ZERO), "{name}");
    (samples[0].1.clone().into_iter().collect(), imported.notes)
}

fn row(tag: &[u8; 4], pool: Pool, allocs: u64, frees: u64, bytes: u64) -> (Key, Usage) {
    (Key::new(Tag::from_pool_tag(*tag), pool, Counters::Wrapping32), Usage { allocs, frees, bytes })
}

#[test]
fn every_row_of_every_screen_is_read() {
    for (name, rows, passed) in [
        ("20-msdocs-ntf-mapped-driver.txt", 13, 0),
        ("21-msdocs-1MEM-unknown-driver-no-memory-header.txt", 3, 0),
        ("22-msdocs-ipsec-double-brackets.txt", 8, 0),
        ("23-msdocs-drsd-leak-snap1.txt", 1, 0),
        ("23-msdocs-drsd-leak-snap2.txt", 1, 0),
        ("24-msdocs-all-sessions.txt", 16, 1),
        ("25-msdocs-session0.txt", 16, 1),
        ("26-msdocs-session0-mapped.txt", 16, 1),
        ("27-msdocs-empty-session.txt", 0, 0),
        ("28-msdocs-display-sorted-by-allocs.txt", 8, 0),
        ("29-msdocs-example9-nt-layout-dashes.txt", 4, 0),
        ("30-msdocs-x64-hid-mapped-truncated.txt", 3, 0),
    ] {
        let (read, notes) = screen(name);
        assert_eq!((read.len(), notes.len()), (rows, passed), "{name}: {notes:?}");
        assert!(notes.iter().all(|note| note.contains("1 line was not read: line ")), "{notes:?}");
    }
}

#[test]
fn figures_stand_under_their_tags() {
    let (rows, _) = screen("20-msdocs-ntf-mapped-driver.txt");
    assert!(rows.contains(&row(b"NtFC", Pool::Paged, 1_579_279, 1_579_269, 640)), "{rows:?}");
    assert!(rows.contains(&row(b"NtFs", Pool::Nonpaged, 48_825, 47_226, 64_536)), "{rows:?}");

    let (rows, _) = screen("30-msdocs-x64-hid-mapped-truncated.txt");
    assert!(rows.contains(&row(b"HidC", Pool::Paged, 1667, 1659, 896)), "one tag in both pools is two rows");
    assert!(rows.contains(&row(b"HidC", Pool::Nonpaged, 17_375, 17_256, 19_808)), "{rows:?}");

    let (rows, _) = screen("29-msdocs-example9-nt-layout-dashes.txt");
    for (tag, bytes) in [(b" CM ", 1_377_312), (b"Strg", 317_952), (b" Fat", 174_560), (b"MmSt", 83_456)] {
        assert!(
            rows.iter().any(|(key, usage)| key.tag == Tag::from_pool_tag(*tag) && usage.bytes == bytes),
            "{rows:?}"
        );
    }
    let (rows, _) = screen("28-msdocs-display-sorted-by-allocs.txt");
    assert!(rows.iter().any(|(key, _)| key.tag.as_str() == "Io"), "{rows:?}");
}

#[test]
fn a_session_is_part_of_the_key() {
    let (rows, _) = screen("25-msdocs-session0.txt");
    assert!(rows.iter().all(|(key, _)| key.session == Some(0)));
    assert!(rows.iter().any(|(key, _)| key.to_string() == "Dh 1 paged (session 0)"), "{rows:?}");
    let (rows, _) = screen("24-msdocs-all-sessions.txt");
    assert!(rows.iter().all(|(key, _)| key.session.is_none()));
}
