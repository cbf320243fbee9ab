//! poolgate runs a workload against a driver, watches the kernel's pools tag by tag, and says, with evidence a merge
//! gate can trust, whether the driver leaks.
//!
//! ```text
//! scenario.yaml ─load─▶ Scenario ─conduct(Machine)─▶ Recording ─judge─▶ Judgement ─▶ Report ─▶ junit.xml, report.json
//! ```
//!
//! The modules in reading order; imports only ever point upwards in this list, and a test keeps it so:
//!
//! - [`pool`]: the words everything is said in: tag, pool, usage, snapshot
//! - [`gflags`]: the global flags of Windows, and how they are written
//! - [`plain`]: text from outside, made safe for a terminal
//! - [`long_path`]: paths of any length on Windows
//! - [`scenario`]: what is run and what must hold, read from YAML
//! - [`record`]: what was measured, as an append-only file
//! - [`tags`]: whose a pool tag is: lists of tags, and the drivers' own images
//! - [`import`]: logs which other samplers wrote, as recordings
//! - [`machine`]: a machine under test: Linux, or a simulated kernel
//! - [`mon`]: PoolMon: the pool table as a person reads it, screen after screen
//! - [`judge`]: a pure function from scenario and recording to verdicts
//! - [`leakbench`]: how good that function is, measured on simulated tags
//! - [`run`]: set up, measure, tear down; the only async code
//! - [`report`]: what a run came to, one file a format
//! - [`cli`]: the commands, which join all of these, and [`exit`], the codes they end with

#![cfg_attr(not(test), deny(clippy::disallowed_macros))]

pub mod gflags;
pub mod long_path;
pub mod plain;
pub mod pool;

pub mod record;
pub mod scenario;
pub mod tags;

pub mod import;
pub mod judge;
pub mod leakbench;
pub mod machine;

pub mod mon;

pub mod report;
pub mod run;

pub mod cli;
pub mod exit;
