//! The contents of a kernel's pool tables: plain data, no I/O.
//!
//! A [`Tag`] names the user of memory and a [`Pool`] its source; a [`Key`] is both. [`Usage`] is the counts under one
//! key, and a [`Snapshot`] is every key's usage at one instant. Windows calls the names pool tags; on Linux the name of
//! a slab cache replaces the tag. All modules above this one use only these terms.

mod figure;
mod key;
mod pattern;
mod snapshot;
mod survivors;
mod tag;
mod usage;

pub use figure::Figure;
pub use key::{Counters, Key, Pool};
pub use pattern::{PatternError, TagPattern};
pub use snapshot::{RowId, Snapshot};
pub use survivors::{CacheSurvivors, CallFrame, CallPath, IterationSurvivors, Survivors, SymbolNames, TraceLosses};
pub use tag::{Tag, TagError};
pub use usage::Usage;
