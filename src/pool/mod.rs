//! What a kernel says about its pools: plain data, no I/O.
//!
//! A [`Tag`] names who allocated, a [`Pool`] where; a [`Key`] is both. [`Usage`] is what the kernel counts under one
//! key, and a [`Snapshot`] is every key's usage at one instant. Windows calls these pool tags; on Linux a slab cache's
//! name takes the place of the tag. Everything above this module speaks only in these words.

mod figure;
mod key;
mod pattern;
mod snapshot;
mod tag;
mod usage;

pub use figure::Figure;
pub use key::{Counters, Key, Pool};
pub use pattern::{PatternError, TagPattern};
pub use snapshot::{RowId, Snapshot};
pub use tag::{Tag, TagError};
pub use usage::Usage;
