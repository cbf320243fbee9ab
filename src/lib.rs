//! poolgate runs a workload against a driver, watches the kernel's pools tag by tag, and decides, with evidence that a
//! merge gate can trust, whether the driver leaks.
//!
//! ```text
//! scenario.yaml ──load──▶ Scenario ──measure──▶ Recording ──judge──▶ Judgement ──report──▶ junit.xml, report.json
//!                                       logs ──import──▲
//! ```
//!
//! A [`Gate`](gate::Gate) does all of it: a scenario in, an outcome out.
//!
//! ```standalone_crate
//! use poolgate::gate::{Gate, Options, Reached, block_on, serve_as_warden};
//! use poolgate::{report::Outcome, scenario};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // On Unix, the gate starts this program again to guard each command.
//!     if let Some(served) = serve_as_warden() {
//!         return Ok(served?);
//!     }
//!     let folder = tempfile::tempdir()?;
//!     let file = folder.path().join("copy.yaml");
//!     let text = "
//!         scenario: copy
//!         machine: { simulated: { tags: 20 } }
//!         sampling: { every: 20 ms, settle: 0 ms, lead_in: 100 ms, cool_down: 100 ms }
//!         workload: { run: echo copied, iterations: 5 }
//!         thresholds: [ { total: nonpaged, max_growth: 1 MiB } ]";
//!     let scenario = scenario::parse("copy.yaml", text.as_bytes())?;
//!     let gate = Gate::new(Options { reports: folder.path().join("reports"), ..Options::default() });
//!     let reached = block_on(gate.run(&file, &scenario))??;
//!     assert!(matches!(reached, Reached::Over(Outcome::Held)));
//!     Ok(())
//! }
//! ```
//!
//! The steps are modules of their own: [`scenario`] loads, [`run`] measures a [`machine`], [`import`] reads logs, both
//! into a recording of [`record`], [`judge`] is a pure function, and [`report`] writes. [`pool`] has the basic terms, and
//! [`tags`] finds the owner of a pool tag. ARCHITECTURE.md has the other modules and the permitted imports.

#![cfg_attr(not(test), deny(clippy::disallowed_macros))]

mod counted;
mod durable;
pub mod failure;
pub mod gflags;
mod long_path;
mod plain;
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
mod leakbench;
pub mod machine;

mod mon;

pub mod report;
pub mod run;

mod doctor;
pub mod gate;
mod init;

mod cli;
pub mod exit;

pub use cli::run as run_command_line;
