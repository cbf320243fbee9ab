//! The Linux machine on roots in temporary folders: the machine that runs the tests is not touched.
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
