//! Driver images.

use poolgate::tags::{Budget, Image, Wanted};

/// Reads an image twice: for all tags, and for some. Reading must end; it may fail.
pub fn driver(bytes: &[u8]) {
    for wanted in [Wanted::All, Wanted::Tags(vec![*b"MyD1", *b"Leak"])] {
        let _ = Image::read(bytes, &wanted, &Budget::endless());
    }
}
