//! Whole runs of the real program with real processes, most of them going wrong: whatever a workload or a machine does,
//! the message says what to do, the exit code is right, and junit.xml tells the truth.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod bad_machine;
mod bad_workload;
mod ending;
mod facts;
mod flags;
mod harness;
mod outcomes;
mod survives;
