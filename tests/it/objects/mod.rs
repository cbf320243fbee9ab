//! The tracer of kernel objects, on the running kernel: real leaks of keys and of System V IPC objects.
//!
//! They need root, BTF, `keyctl`, and `ipcmk`. In CI a missing program fails the test. On a kernel that cannot follow objects
//! the test is skipped, but fails if the kernel has BTF.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod keys;
mod killed;
mod live;
mod paths;
mod refused;
mod storm;
