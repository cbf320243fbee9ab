//! poolgate runs a workload against a driver, watches the kernel's pools tag by tag, and decides, with evidence that a
//! merge gate can trust, whether the driver leaks.
//!
//! ```text
//! scenario.yaml ─load─▶ Scenario ─conduct(Machine)─▶ Recording ─judge─▶ Judgement ─▶ Report ─▶ junit.xml, report.json
//! ```
//!
//! The modules in reading order. Imports only point upwards in this list, and a test enforces that:
//!
//! - [`pool`]: the basic terms: tag, pool, usage, snapshot
//! - [`failure`]: an error message with advice
//! - [`gflags`]: the global flags of Windows and their notation
//! - [`plain`]: text from outside, made safe for a terminal
//! - [`long_path`]: paths of any length on Windows
//! - [`random`]: random numbers that follow from a seed
//! - `table`: the layout of tables in a terminal
//! - `utf16`: text of Windows and UEFI in bytes
//! - `version_info`: version, build and vendor of a driver, from its image
//! - `durable`: steps of writing a file that survives a power cut
//! - [`scenario`]: the workload and its thresholds, read from YAML
//! - [`record`]: the measurements, as an append-only file
//! - [`tags`]: the owner of a pool tag, from lists of tags and the drivers' own images
//! - [`import`]: logs of other samplers, as recordings
//! - [`machine`]: a machine under test: Linux, or a simulated kernel
//! - [`mon`]: PoolMon: the live pool table for people to read
//! - [`judge`]: a pure function from scenario and recording to verdicts
//! - [`leakbench`]: the accuracy of that function, measured on simulated tags
//! - [`run`]: set up, measure, tear down; the only async code
//! - [`report`]: the result of a run, one file per format
//! - [`cli`]: the commands, which join all of these, and [`exit`], their exit codes

#![cfg_attr(not(test), deny(clippy::disallowed_macros))]

mod durable;
pub mod failure;
pub mod gflags;
pub mod long_path;
pub mod plain;
pub mod pool;
pub mod random;
mod table;
mod utf16;
mod version_info;

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
