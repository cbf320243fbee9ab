//! poolgate as it is built for Windows, running: under Wine, on machines which restart and which lose their power.
//!
//! Wine has a registry, services, job objects and drivers, and it loads a real one of ours. It counts no pool tags: what
//! stands in for the kernel there is called *simulated class 22* (`guest/simulated_class_22.c`). What Wine cannot show is on
//! the list in docs/windows-checklist.md.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod bed;
mod boot;
mod chain;
mod ctrl_c;
mod flags;
mod leaks;
mod machine;
mod power;
mod refusals;
mod registry;
mod restarts;
mod runs;
mod service;
mod strays;
mod tagging;
mod tool;
mod troubles;
mod trust;
mod verifier;
