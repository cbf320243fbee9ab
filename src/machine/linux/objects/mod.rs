//! Follows the live objects of named slab caches by the call path that allocated them, with BPF.
//!
//! [`ObjectTracer::attach`] loads the programs of `bpf/objects.bpf.c` and attaches them to the kernel's events for
//! slab objects; [`ObjectTracer::survivors`] returns the objects that are alive, by call path and by iteration of birth.
//! docs/stacks.md describes it for users, with its cost and its gaps.
//!
//! The trace must not show in the measured caches. The maps have all their memory before the first event, 54 MB of
//! whole pages and no slab objects. Attaching itself adds about 20 objects to `kmalloc-8k` and `kmalloc-cg-1k` to
//! `kmalloc-cg-8k`, some 70 KB (measured on a busy 6.18 kernel, so roughly); detaching frees them.

mod available;
mod caches;
mod decode;
mod error;
mod layout;
mod source;
mod symbols;
mod tracer;

pub use available::Unavailable;
pub use error::TracerError;
pub(super) use source::{SlabObjects, available};
pub use tracer::ObjectTracer;
