//! Driver images.

use poolgate::tags::{Image, TimeLimit, WantedTags};

/// Reads an image twice: for all tags, and for some. Reading must end; it may fail.
pub fn driver(bytes: &[u8]) {
    for wanted in [WantedTags::All, WantedTags::Only(vec![*b"MyD1", *b"Leak"])] {
        let _ = Image::read(bytes, &wanted, &TimeLimit::none());
    }
}
