//! A scenario: what is run, how it is sampled, and what must hold.
//!
//! [`load()`] turns a YAML file into a checked [`Scenario`], or into [`Mistakes`], each shown where it stands with what
//! would be right; nothing on the machine has been touched by then. The way goes from bytes to text (`encoding`), over
//! the whole document (`walk`), into types as they are written (`written`, with `scalar`, `quantity`, `words` and `kernel_flags` reading
//! single values), and through the checks across keys (`validate`), whose places `place` finds again. `explain` puts into
//! words what serde and libyaml say. [`schema()`] makes the same structs known to editors.

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

pub use kernel_flags::VerifiedDriver;
pub use load::{LoadError, Loaded, load, parse};
pub use mistake::{Mistake, Mistakes};
pub use offline::Shown;
pub use quantity::{Amount, Bytes, Duration, Growth, Per, Percent, Rate};
#[cfg(test)]
pub(crate) use schema::assert_is_committed;
pub use schema::schema;
pub use simulated::{MachineChoice, Noise, Simulated, SimulatedTagging};
pub use threshold::{Limit, Measure, Subject, Threshold};
pub use types::{
    Flags, Ignore, OnBootFailure, Pause, Plan, PoolTagging, Reboot, Sampling, Scenario, Step, Verifier, WarmUp,
    Workload,
};
pub use words::{Command, DriverFile, LinePattern, Name};
