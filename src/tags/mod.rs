//! Whose a pool tag is: what Microsoft's list, a list of the machine's drivers and the drivers' own images say.
//!
//! [`PoolTags`] and [`LocalTags`] are the two text files, [`Scan`] a look through driver images, and [`Sources::owners`] puts
//! together what all of them say of one tag, with the evidence and a [`Grade`]. An answer is about who allocates under the
//! tag, never about who leaks. Everything here reads; nothing runs, and nothing is loaded.

use crate::pool::Tag;

mod evidence;
mod image;
mod localtag;
mod mapped;
mod owner;
mod place;
mod pooltag;
mod scan;
mod slab;

pub use evidence::{Evidence, Grade};
pub use image::{Budget, Does, Image, ImageError, Routine, Version, Wanted};
pub use localtag::LocalTags;
pub use mapped::mapped_driver;
pub use owner::{Owner, Sources};
pub use place::find_pooltag;
pub use pooltag::{Malformed, PoolTags, Row};
pub use scan::{Scan, Scanned};
pub use slab::{Slab, module_of_callsite};

/// The bytes a pool tag is looked up by: without PROTECTED_POOL, as lists have it, and with it, as code may. None for what is
/// no pool tag.
pub fn forms(tag: &Tag) -> Vec<[u8; 4]> {
    let plain = tag.unprotected().unwrap_or_else(|| tag.clone());
    let Some([a, b, c, d]) = plain.pool_tag_bytes() else { return Vec::new() };
    vec![[a, b, c, d], [a, b, c, d | 0x80]]
}
