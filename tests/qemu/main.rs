//! A real Linux kernel in QEMU which really restarts, on a drive whose power can be cut.
//!
//! These tests keep the bed itself honest: that its machine restarts, that the driver's leak is there, and that an
//! acknowledged write which is lost would be noticed. What the bed is made of is in `bed.rs`; it needs some packages
//! (CONTRIBUTING.md) and says what is missing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod bed;
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
