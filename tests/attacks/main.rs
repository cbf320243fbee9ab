//! What an ordinary user can try against root, tried: as root, with the help of a stranger, which is a process of a user
//! without rights. docs/security.md names these tests.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod commands;
mod copied;
#[expect(dead_code, reason = "not all of it is needed here")]
#[path = "../runs/harness.rs"]
mod harness;
mod locks;
mod logs;
mod reports;
mod stranger;
mod swapped;
mod umask;
mod whole_runs;
