//! A real Linux kernel in QEMU with real restarts and a drive that can lose power.
//!
//! These tests check the bed itself: its machine restarts, the driver leaks, and the loss of an acknowledged write
//! would be noticed. `bed.rs` lists the parts of the bed; it needs some packages (CONTRIBUTING.md) and reports missing
//! ones.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod bed;
#[path = "../beds/mod.rs"]
mod beds;
mod chain;
mod disk;
mod drive;
mod grub;
mod leaks;
mod machine;
mod nbd;
mod no_systemd;
mod packages;
mod power;
mod restarts;
mod tool;
