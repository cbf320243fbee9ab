//! poolgate runs a workload against a driver, watches the kernel's pools tag by tag, and says, with evidence a merge
//! gate can trust, whether the driver leaks.
#![warn(missing_docs)]

pub mod exit;
pub mod pool;
