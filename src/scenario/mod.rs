//! A scenario: the workload, how memory is sampled, and the thresholds.
//!
//! [`load()`] turns a YAML file into a checked [`Scenario`] or into [`Mistakes`] with places and corrections, before
//! anything on the machine changes. The steps are: bytes to text (`encoding`), a walk over the whole document (`walk`),
//! types close to the YAML (`written`; `scalar`, `quantity`, `words` and `kernel_flags` read single values), and checks
//! across keys (`validate`; `place` finds their places again). `explain` rewrites the errors of serde and libyaml.
//! [`schema()`] makes a JSON Schema for editors from the same structs.

mod blank;
mod encoding;
mod explain;
mod given;
mod kernel_flags;
mod load;
mod mistake;
mod offline;
mod place;
mod quantity;
mod scalar;
mod schema;
mod simulated;
mod threshold;
mod types;
mod validate;
mod walk;
mod words;
mod written;

pub use kernel_flags::DriverToVerify;
pub use load::{LoadError, Loaded, load, parse};
pub use mistake::{Mistake, Mistakes};
pub use offline::RecordingProperties;
pub use quantity::{Amount, Bytes, Duration, GrowthLimit, Per, Percent, Rate};
#[cfg(test)]
pub(crate) use schema::assert_is_committed;
pub use schema::schema;
pub use simulated::{MachineChoice, SimulatedNoise, SimulatedSettings, SimulatedTagging};
pub use threshold::{Limit, Measure, Subject, Threshold};
pub use types::{
    Ignore, OnBootFailure, Pause, Plan, PoolTagging, Reboot, Sampling, Scenario, ScenarioFlags, Stacks, Step, Verifier,
    WarmUp, Workload,
};
pub use words::{DriverFile, LinePattern, ScenarioName, ShellCommand};
