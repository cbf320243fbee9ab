//! Driver images of any bytes: reading them ends, and never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use poolgate_fuzz::tags::{Budget, Image, Wanted};

fuzz_target!(|bytes: &[u8]| {
    for wanted in [Wanted::All, Wanted::Tags(vec![*b"MyD1", *b"Leak"])] {
        let _ = Image::read(bytes, &wanted, &Budget::endless());
    }
});
