//! All tests that need no emulated machine, in one program, so that they are linked once. A module for each part of poolgate:
//!
//! | module | tests |
//! |---|---|
//! | `attacks` | an ordinary user against root (needs root) |
//! | `bench` | `poolgate bench` |
//! | `book` | the book's generated pages, and its scenarios |
//! | `everyday` | the commands of every day, and lost output |
//! | `evidence` | the judge, on simulated machines |
//! | `faults` | failing system calls (needs root and strace) |
//! | `flags` | `poolgate flags` |
//! | `fuzz_inputs` | the inputs that the fuzzer starts from |
//! | `init` | `poolgate init` |
//! | `junit` | JUnit XML and JSON, read by other programs |
//! | `linux_machine` | the Linux machine below a scratch root, and doctor |
//! | `logs` | `judge`, `compare` and `export` on logs |
//! | `mistakes` | mistakes in scenarios, one file each in tests/mistakes |
//! | `mon` | `poolgate mon` |
//! | `objects` | the tracer of kernel objects, on the running kernel (needs root) |
//! | `outside_text` | text from other programs on a terminal |
//! | `packaging` | completions, manual pages, versions |
//! | `pool_tags` | Windows' pool tag tables |
//! | `recordings` | recordings, whole and damaged |
//! | `runs` | whole runs on the simulated kernel |
//! | `sampling` | `/proc/slabinfo` and other sources |
//! | `scenarios` | every scenario in scenarios/ |
//! | `tags` | `poolgate tag` |
//! | `windows_doctor` | doctor on Windows |
//!
//! Shared by them: `program` starts poolgate, `runs/harness` writes a scenario and runs it, `sampler` records the samples of a
//! source, `python` finds the Python of third-party readers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod attacks;
mod bench;
mod book;
mod everyday;
mod evidence;
mod faults;
mod flags;
mod fuzz_inputs;
mod init;
mod junit;
mod linux_machine;
mod logs;
mod mistakes;
mod mon;
#[cfg(all(target_os = "linux", feature = "objects"))]
mod objects;
mod outside_text;
mod packaging;
mod pool_tags;
mod program;
mod python;
mod recordings;
mod runs;
mod sampler;
mod sampling;
mod scenarios;
mod tags;
mod windows_doctor;

/// Copies a program to `to`, with its mode. A child process writes it: if this process had it open for writing, another
/// thread could fork meanwhile, and until that child's exec no process could execute the program (ETXTBSY).
#[cfg(unix)]
pub(crate) fn install(from: impl AsRef<std::path::Path>, to: &std::path::Path) {
    let copied = std::process::Command::new("cp").arg("--preserve=mode").arg(from.as_ref()).arg(to).status();
    assert!(copied.unwrap().success(), "cannot copy {} to {}", from.as_ref().display(), to.display());
}
