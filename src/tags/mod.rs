//! The owners of pool tags, from Microsoft's list, a list of the machine's drivers and the images of the drivers.
//!
//! [`PoolTags`] and [`LocalTags`] are the two text files. [`Scan`] searches driver images. [`Sources::owners`] combines
//! all their evidence on one tag and adds a [`Grade`]. An owner allocates under the tag, but does not have to be the
//! leaking driver. The module only reads files; it runs and loads nothing.

use crate::pool::Tag;

mod clue;
mod image;
mod localtag;
mod mapped;
mod owner;
mod place;
mod pooltag;
mod scan;
mod slab;

pub use clue::{Clue, Grade};
pub use image::{Effect, Image, ImageError, Routine, TimeLimit, WantedTags};
pub use localtag::LocalTags;
pub use mapped::mapped_driver;
pub use owner::{Owner, Sources};
pub use place::find_pooltag;
pub use pooltag::{Malformed, PoolTagRow, PoolTags};
pub use scan::{Scan, Scanned};
pub use slab::{Slab, module_of_callsite};

pub use crate::version_info::VersionInfo;

/// Returns the forms of a pool tag for lookups: without PROTECTED_POOL, as in lists, and with it, as it may be in code.
/// Empty if `tag` is no pool tag.
pub fn forms(tag: &Tag) -> Vec<[u8; 4]> {
    let plain = tag.unprotected().unwrap_or_else(|| tag.clone());
    let Some([a, b, c, d]) = plain.pool_tag_bytes() else { return Vec::new() };
    vec![[a, b, c, d], [a, b, c, d | 0x80]]
}
