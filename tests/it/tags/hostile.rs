//! Images that are cut off, damaged or no images: no panic, no endless reading, and each is reported.

use std::time::{Duration, Instant};

use poolgate::tags::{Image, Scan, TimeLimit, WantedTags};
use proptest::prelude::*;

use super::image::{ARM64, X64, X86, hands_over, image};

const TAG: [u8; 4] = *b"MyD1";

fn read(bytes: &[u8]) {
    for wanted in [WantedTags::All, WantedTags::Only(vec![TAG])] {
        if let Ok(image) = Image::read(bytes, &wanted, &TimeLimit::none()) {
            assert!(image.found.len() <= 1 << 17);
        }
    }
}

fn whole(machine: u16) -> Vec<u8> {
    image(machine, &hands_over(machine, TAG), &["ExAllocatePoolWithTag", "ExFreePoolWithTag"], b"MyD1")
}

#[test]
fn an_image_cut_anywhere_is_read_without_a_panic() {
    for machine in [X86, X64, ARM64] {
        let whole = whole(machine);
        (0..whole.len()).for_each(|length| read(&whole[..length]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_image_with_any_bytes_changed_is_read_without_a_panic(
        machine in prop::sample::select(vec![X86, X64, ARM64]),
        changes in prop::collection::vec((0usize..0x1000, any::<u8>()), 1..12),
    ) {
        let mut bytes = whole(machine);
        for (at, to) in changes {
            let length = bytes.len();
            bytes[at % length] = to;
        }
        read(&bytes);
    }

    #[test]
    fn any_code_is_read_without_a_panic(
        machine in prop::sample::select(vec![X86, X64, ARM64]),
        code in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        read(&image(machine, &code, &["ExAllocatePool2"], b""));
    }
}

/// Each section of the table is the whole file, so a naive reader would read the file once per section.
#[test]
fn sections_on_top_of_each_other_are_read_once() {
    let mut bytes = whole(X64);
    let optional = 0x80 + 4 + 20;
    let table = optional + 240;
    let count = 60_000_u16;
    bytes[0x86..0x88].copy_from_slice(&count.to_le_bytes());
    let mut section = bytes[table..table + 40].to_vec();
    let size = (table + 40 * usize::from(count) + (8 << 20)) as u32;
    section[8..12].copy_from_slice(&size.to_le_bytes());
    section[16..20].copy_from_slice(&size.to_le_bytes());
    section[20..24].copy_from_slice(&0u32.to_le_bytes());
    bytes.truncate(table);
    bytes.extend(section.repeat(usize::from(count)));
    bytes.resize(size as usize, 0x90);
    bytes.extend(TAG);
    let image = Image::read(&bytes, &WantedTags::Only(vec![TAG]), &TimeLimit::none()).unwrap();
    assert_eq!(image.in_part, Some("it has more sections or uses of tags than any driver"));
}

#[test]
fn when_the_time_is_up_the_rest_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.sys", "b.SYS", "c.txt"] {
        fs_err::write(folder.path().join(name), whole(X64)).unwrap();
    }
    let places = [folder.path().to_owned()];
    let scan = |until| Scan::from_places(&places, &WantedTags::All, &TimeLimit::until(until)).unwrap();
    let now = Instant::now();
    assert_eq!((scan(now).read, scan(now).unread), (0, 2));
    let later = now + Duration::from_secs(3600);
    assert_eq!((scan(later).read, scan(later).unread, scan(later).drivers.len()), (2, 0, 2));
}
