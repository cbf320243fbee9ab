//! Driver images.

use poolgate::tags::{Budget, Image, Wanted};

/// Reads an image, and looks for all tags and for some. Reading ends; an image that is none is an error.
pub fn driver(bytes: &[u8]) {
    for wanted in [Wanted::All, Wanted::Tags(vec![*b"MyD1", *b"Leak"])] {
        let _ = Image::read(bytes, &wanted, &Budget::endless());
    }
}
