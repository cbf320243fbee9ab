//! The Windows build of poolgate, running under Wine on machines that restart and lose their power.
//!
//! Wine has a registry, services, job objects and drivers, and it loads a real driver of ours. It counts no pool tags:
//! its substitute for that part of the kernel is called *simulated class 22* (`guest/simulated_class_22.c`).
//! docs/windows-checklist.md lists the points that Wine cannot show.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod bed;
#[path = "../beds/mod.rs"]
mod beds;
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
