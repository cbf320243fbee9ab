//! Attacks by an ordinary user on root. The tests run as root, with the help of a stranger: a process of an
//! unprivileged user. docs/security.md names these tests.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod commands;
mod copied;
mod locks;
mod logs;
mod reports;
mod stranger;
mod swapped;
mod umask;
mod whole_runs;
