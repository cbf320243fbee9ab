//! Lists of pool tags: pooltag.txt and localtag.txt.

use poolgate::tags::{LocalTags, PoolTags};

/// Reads a list both ways.
///
/// # Panics
/// When a row is not found by its own tag, or its text is not safe to print.
pub fn tag_list(bytes: &[u8]) {
    let tags = PoolTags::read(bytes);
    assert_eq!(tags.is_empty(), matches!(tags.len(), 0));
    for (_, line) in &tags.malformed.first {
        super::printable(line);
    }
    for tag in bytes.windows(4).take(64) {
        let tag: [u8; 4] = tag.try_into().expect("four bytes");
        for row in tags.rows(tag) {
            assert!((1..=4).contains(&row.tag.len()), "{row:?}");
            for text in [&row.description, &row.text].into_iter().chain(&row.binary) {
                super::printable(text);
            }
        }
    }
    let local = LocalTags::read(bytes);
    let mut written = Vec::new();
    local.write(&mut written).expect("memory takes it");
    let again = LocalTags::read(&written);
    assert!(local.tags().eq(again.tags()), "{:?}", String::from_utf8_lossy(&written));
    for (_, line) in &local.malformed.first {
        super::printable(line);
    }
}
