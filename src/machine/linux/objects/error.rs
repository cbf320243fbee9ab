//! Why objects cannot be followed, each with a remedy.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;

use super::Unavailable;
use super::layout::{CACHES, LONGEST_NAME};
use crate::pool::Tag;

/// A tracer that could not be attached or read. The machine and the driver under test are as before.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum TracerError {
    /// This machine cannot follow objects.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Unavailable(#[from] Unavailable),
    /// No cache was named.
    #[error("no slab cache was given to follow")]
    #[diagnostic(help("name 1 to {CACHES} caches"))]
    NoCache,
    /// More caches were named than can be followed at once.
    #[error("{0} slab caches were given to follow, and {CACHES} at once are possible")]
    #[diagnostic(help("follow the {CACHES} that grow the most, then the others"))]
    TooManyCaches(usize),
    /// The kernel has no such cache.
    #[error("this kernel has no slab cache {0}")]
    #[diagnostic(help("`poolgate mon` lists the caches; a module's own cache exists while the module is loaded"))]
    UnknownCache(Tag),
    /// The name is longer than the BPF program compares.
    #[error("the name of slab cache {0} is longer than {LONGEST_NAME} bytes")]
    #[diagnostic(help("it cannot be followed; boot with `slab_debug=U,CACHE` instead"))]
    LongName(Tag),
    /// A file of the kernel could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error that the system returned.
        source: io::Error,
    },
    /// The kernel did not accept a BPF map or program. Its BTF or its tracepoints differ from those that poolgate knows.
    #[error("the kernel refuses the BPF program {program}: {problem}")]
    #[diagnostic(help("report this as a bug, with the output of `uname -r`"))]
    Refused {
        /// The program, or `objects.bpf.o` for the maps.
        program: &'static str,
        /// The kernel's answer, shortened.
        problem: String,
    },
    /// A map of the tracer could not be read or written.
    #[error("cannot use the BPF map {map}: {problem}")]
    Map {
        /// The map.
        map: &'static str,
        /// The problem.
        problem: String,
    },
}
