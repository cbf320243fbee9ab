//! A scenario, checked: whoever holds one need not check it again.
//!
//! The types follow the YAML key by key. Those which YAML writes differently (a workload's plan, a threshold's subject
//! and limits) have their written shape in `written`. The doc comments of what is read here become the descriptions in
//! the JSON Schema, so they speak to the author of a scenario.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel_flags::VerifiedDriver;
use super::quantity::Duration;
use super::scalar::{self, Text};
use super::simulated::MachineChoice;
use super::threshold::Threshold;
use super::words::{Command, DriverFile, LinePattern, Name};
use crate::gflags::Switch;
use crate::pool::TagPattern;

/// What is run against which machine, how it is sampled, and what must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name, which names folders and the JUnit suite.
    pub scenario: Name,
    /// A sentence for people.
    pub description: Option<String>,
    /// The driver it is about, for the report.
    pub driver: Option<DriverFile>,
    /// The machine; `None` is the one poolgate runs on.
    pub machine: Option<MachineChoice>,
    /// Kernel settings the run needs.
    pub flags: Option<Flags>,
    /// How reboots go, where the flags need them.
    pub reboot: Option<Reboot>,
    /// Commands before the first sample.
    pub setup: Vec<Step>,
    /// What is measured.
    pub workload: Workload,
    /// Commands after the last sample.
    pub teardown: Vec<Step>,
    /// How and when the pools are sampled.
    pub sampling: Sampling,
    /// Whether what grew is looked at a second time before anything is accused of a leak.
    pub confirm: bool,
    /// The time which a run may take from set-up to the last look.
    pub time_limit: Option<Duration>,
    /// The thresholds as given; [`Scenario::thresholds`] adds the default rule.
    pub thresholds: Vec<Threshold>,
    /// Growth which is known and explained.
    pub ignore: Vec<Ignore>,
}

impl Scenario {
    /// The thresholds to judge by: those given, or the default rule (no tag may leak) when there are none.
    pub fn thresholds(&self) -> Vec<Threshold> {
        match self.thresholds.as_slice() {
            [] => vec![Threshold::no_leak(&self.workload)],
            given => given.to_vec(),
        }
    }
}

/// Kernel settings the run needs. They are put back exactly as they were.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping of flags")]
pub struct Flags {
    /// Whether pool tagging is switched on where the kernel has it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_tagging: Option<PoolTagging>,
    /// Further GFlags, by abbreviation or in hexadecimal, with + or - as in gflags.exe.
    #[serde(deserialize_with = "scalar::many", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Text<Switch>>")]
    pub gflags: Vec<Switch>,
    /// Driver Verifier. Its settings before the run are put back after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifier: Option<Verifier>,
    /// Parameters added to the Linux kernel command line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kernel_cmdline: Vec<String>,
}

/// What is done about pool tagging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoolTagging {
    /// Acts only where the kernel says that pool tagging is off.
    IfNeeded,
}

/// Driver Verifier's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with the keys `drivers` and `level`")]
pub struct Verifier {
    /// File names of the drivers to verify, and no others.
    #[schemars(length(min = 1))]
    pub drivers: Vec<VerifiedDriver>,
    /// Verifier's flags as a number, such as 0x8 for pool tracking.
    pub level: u32,
    /// What becomes of Driver Verifier when Windows fails to start with it.
    #[serde(default)]
    pub on_boot_failure: OnBootFailure,
}

/// What becomes of Driver Verifier when a boot fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnBootFailure {
    /// Windows switches it off for the boots that follow (boot mode `resetonbootfail`), so a driver that crashes while
    /// Windows starts does not lock anybody out. The mode of before is put back after the run.
    #[default]
    Reset,
    /// The boot mode stays as it is: with Windows' default every boot is verified until a person ends it.
    Keep,
}

/// How reboots go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping such as `{ timeout: 15 min }`")]
pub struct Reboot {
    /// How long the machine may take to come back.
    pub timeout: Duration,
    /// Whether the machine is rebooted again once the flags are restored.
    pub after_restore: bool,
    /// How long after a panic of the flagged kernel the machine restarts by itself: `panic=` on the Linux kernel command
    /// line, beside the parameters under `flags`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_panic: Option<Duration>,
}

impl Default for Reboot {
    fn default() -> Reboot {
        Reboot { timeout: Duration::from_secs(15 * 60), after_restore: true, after_panic: None }
    }
}

/// One command of setup or teardown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping such as `{ run: COMMAND }`")]
pub struct Step {
    /// The command line.
    pub run: Command,
    /// How long it may take.
    #[serde(default = "command_timeout")]
    pub timeout: Duration,
}

/// How long a command may take when nothing is said: 10 minutes.
pub(super) fn command_timeout() -> Duration {
    Duration::from_secs(10 * 60)
}

/// What is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The command line.
    pub run: Command,
    /// How often or how long.
    pub plan: Plan,
    /// What comes before the part which is judged; counted in what the plan counts, or in time.
    pub warm_up: Option<WarmUp>,
    /// What it does in the blocks of a second look where it is to rest.
    pub pause: Pause,
}

impl Workload {
    /// Whether iterations are counted; rates are per hour otherwise.
    pub fn counts_iterations(&self) -> bool {
        match &self.plan {
            Plan::Iterations { .. } => true,
            Plan::Lasting { count_lines, .. } => count_lines.is_some(),
        }
    }
}

/// How often or how long a workload runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// The command is run once for each iteration.
    Iterations {
        /// How often, at least once; the warm-up is part of it.
        count: u64,
        /// How long each may take.
        timeout: Duration,
    },
    /// The command is run once, and stopped at the end.
    Lasting {
        /// How long.
        duration: Duration,
        /// Lines of its output which each end an iteration; `None` when iterations cannot be counted.
        count_lines: Option<LinePattern>,
    },
}

/// What a workload does in the blocks of a second look where it is to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Nothing is run.
    #[default]
    Idle,
    /// The command is run half as often, for workloads which must not stop. Only with `iterations`.
    HalfSpeed,
    /// It goes on as ever. That it causes what grows can then not be tested.
    Never,
}

/// The part of a workload which fills caches and is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// So many iterations.
    Iterations(u64),
    /// So long.
    Time(Duration),
}

/// How and when the pools are sampled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping such as `{ every: 1 s }`")]
pub struct Sampling {
    /// The time between two samples, at least 10 ms.
    pub every: Duration,
    /// How long memory may settle after an iteration before it is sampled.
    pub settle: Duration,
    /// How long is sampled before the workload.
    pub lead_in: Duration,
    /// How long is sampled after the workload.
    pub cool_down: Duration,
    /// Whether the kernel is asked to give back caches before the samples which are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shrink: Option<bool>,
}

impl Default for Sampling {
    fn default() -> Sampling {
        Sampling {
            every: Duration::from_secs(1),
            settle: Duration::from_millis(200),
            lead_in: Duration::from_secs(10),
            cool_down: Duration::from_secs(30),
            shrink: None,
        }
    }
}

/// Growth which is known and explained, and breaks no threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping such as `{ tag: TAG, because: REASON }`")]
pub struct Ignore {
    /// The tags.
    #[serde(deserialize_with = "scalar::one")]
    #[schemars(with = "Text<TagPattern>")]
    pub tag: TagPattern,
    /// Why, for the report.
    pub because: String,
    /// The last day on which they are ignored.
    #[serde(default, deserialize_with = "scalar::some", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Text<Date>>")]
    pub until: Option<Date>,
}
