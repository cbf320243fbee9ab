//! Whole runs of the real program with real processes. In most of them a workload or a machine fails. The message must
//! advise the user, and the exit code and junit.xml must be right.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod bad_machine;
mod bad_workload;
#[cfg(unix)]
mod below_a_root;
mod bound;
#[cfg(unix)]
mod closing;
#[cfg(windows)]
mod cmd_exe;
#[cfg(unix)]
mod contained;
mod ending;
#[cfg(unix)]
mod facts;
mod flags;
#[cfg(unix)]
mod hanging;
pub(crate) mod harness;
#[cfg(unix)]
mod kernel_log;
mod lines;
mod outcomes;
mod second_look;
mod stopping;
mod survives;
#[cfg(target_os = "linux")]
mod synced;
