//! The Linux machine on roots made in temporary folders: nothing of the machine which runs the tests is touched.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod autostart;
mod boot;
mod by_hand;
mod doctor;
mod flags;
mod kernel_install;
mod loader_once;
mod once;
mod pools;
mod restore;
mod root;
mod trust;
