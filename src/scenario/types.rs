//! A checked scenario. Code that gets one need not check it again.
//!
//! The types follow the YAML key by key. For keys with a different shape in YAML (a workload's plan, a threshold's
//! subject and limits) that shape is in `written`. Doc comments of types that are read here become the descriptions in
//! the JSON Schema, so they address the author of a scenario.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kernel_flags::DriverToVerify;
use super::quantity::Duration;
use super::scalar::{self, ScalarText};
use super::simulated::MachineChoice;
use super::threshold::Threshold;
use super::words::{DriverFile, LinePattern, ScenarioName, ShellCommand};
use crate::gflags::Switch;
use crate::pool::TagPattern;

/// The workload, its machine, the sampling and the thresholds.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The scenario's name. Folders and the JUnit suite have this name.
    pub name: ScenarioName,
    /// A one-sentence description.
    pub description: Option<String>,
    /// The driver under test, for the report.
    pub driver: Option<DriverFile>,
    /// The machine; `None` is the one that poolgate runs on.
    pub machine: Option<MachineChoice>,
    /// Kernel settings that the run needs.
    pub flags: Option<ScenarioFlags>,
    /// Settings for reboots, which some flags need.
    pub reboot: Option<Reboot>,
    /// Commands before the first sample.
    pub setup: Vec<Step>,
    /// The workload that is measured.
    pub workload: Workload,
    /// Commands after the last sample.
    pub teardown: Vec<Step>,
    /// How and when memory is sampled.
    pub sampling: Sampling,
    /// Whether growth is confirmed by a second look before it is reported as a leak.
    pub confirm: bool,
    /// The longest time of a run, from setup to the last look.
    pub time_limit: Option<Duration>,
    /// Whether a second look follows objects by call path.
    pub stacks: Stacks,
    /// The given thresholds; [`Scenario::thresholds`] adds the default rule.
    pub thresholds: Vec<Threshold>,
    /// Growth that is known and explained.
    pub ignore: Vec<Ignore>,
}

impl Scenario {
    /// Returns the thresholds to judge by: those given, or the default rule (no tag may leak) if there are none.
    pub fn thresholds(&self) -> Vec<Threshold> {
        match self.thresholds.as_slice() {
            [] => vec![Threshold::no_leak(&self.workload)],
            given => given.to_vec(),
        }
    }
}

/// Whether a second look also follows the objects of the growing tags by call path. No verdict depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stacks {
    /// The report names the call paths that allocated the leaked objects, if the machine can follow objects.
    /// `poolgate doctor` reports whether it can.
    #[default]
    SecondLook,
    /// No object is followed.
    Off,
}

/// Kernel settings that the run needs. poolgate restores the previous settings after the run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping of flags")]
pub struct ScenarioFlags {
    /// Whether to switch pool tagging on if the kernel has it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_tagging: Option<PoolTagging>,
    /// Further GFlags, by abbreviation or in hexadecimal, with + or - as in gflags.exe.
    #[serde(deserialize_with = "scalar::many", skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<ScalarText<Switch>>")]
    pub gflags: Vec<Switch>,
    /// Driver Verifier. poolgate restores its previous settings after the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifier: Option<Verifier>,
    /// Parameters added to the Linux kernel command line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kernel_cmdline: Vec<String>,
}

/// How pool tagging is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PoolTagging {
    /// Switches pool tagging on only if the kernel reports that it is off.
    IfNeeded,
}

/// Driver Verifier's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with the keys `drivers` and `level`")]
pub struct Verifier {
    /// File names of the drivers to verify. No other drivers are verified.
    #[schemars(length(min = 1))]
    pub drivers: Vec<DriverToVerify>,
    /// Verifier's flags as a number, such as 0x8 for pool tracking.
    pub level: u32,
    /// The boot mode of Driver Verifier, for the case that Windows fails to start with it.
    #[serde(default)]
    pub on_boot_failure: OnBootFailure,
}

/// The boot mode of Driver Verifier, for the case that Windows fails to start with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnBootFailure {
    /// Windows switches Driver Verifier off for the following boots (boot mode `resetonbootfail`), so a driver that
    /// crashes while Windows starts does not make the machine unusable. The previous mode is restored after the run.
    #[default]
    Reset,
    /// The boot mode is not changed. With Windows' default, every boot is verified until Driver Verifier is switched
    /// off by hand.
    Keep,
}

/// Settings for reboots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping such as `{ timeout: 15 min }`")]
pub struct Reboot {
    /// How long a reboot may take.
    pub timeout: Duration,
    /// Whether to reboot the machine again after the flags are restored.
    pub after_restore: bool,
    /// How long after a panic of the kernel with these flags the machine restarts by itself: `panic=` on the Linux
    /// kernel command line, in addition to the parameters under `flags`.
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
    pub run: ShellCommand,
    /// How long the command may take.
    #[serde(default = "command_timeout")]
    pub timeout: Duration,
}

/// The default time limit of a command: 10 minutes.
pub(super) fn command_timeout() -> Duration {
    Duration::from_secs(10 * 60)
}

/// The workload that is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The command line.
    pub run: ShellCommand,
    /// Number of iterations, or length of time.
    pub plan: Plan,
    /// The part before the judged part: a number of iterations, if the plan counts them, or a length of time.
    pub warm_up: Option<WarmUp>,
    /// The workload's behaviour in the pauses of a second look.
    pub pause: Pause,
}

impl Workload {
    /// Returns whether iterations are counted; otherwise rates are per hour.
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
    /// The command runs once for each iteration.
    Iterations {
        /// Number of iterations, at least one, including the warm-up.
        count: u64,
        /// How long each iteration may take.
        timeout: Duration,
    },
    /// The command runs once, and is stopped at the end.
    Lasting {
        /// How long the command runs.
        duration: Duration,
        /// The output lines that each end an iteration; `None` if iterations cannot be counted.
        count_lines: Option<LinePattern>,
    },
}

/// The workload's behaviour in the pauses of a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// The workload does not run.
    #[default]
    Idle,
    /// The command runs half as often, for workloads that must not stop. Only with `iterations`.
    HalfSpeed,
    /// The workload keeps running. poolgate then cannot test whether it causes the growth.
    Never,
}

/// The part of a workload that fills caches and is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// A number of iterations.
    Iterations(u64),
    /// A length of time.
    Time(Duration),
}

/// How and when memory is sampled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping such as `{ every: 1 s }`")]
pub struct Sampling {
    /// Time between two samples, at least 10 ms.
    pub every: Duration,
    /// How long memory may settle after an iteration before it is sampled.
    pub settle: Duration,
    /// How long memory is sampled before the workload.
    pub lead_in: Duration,
    /// How long memory is sampled after the workload.
    pub cool_down: Duration,
    /// Whether the kernel shrinks its caches before the samples that are compared.
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

/// Growth that is known and explained, and breaks no threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping such as `{ tag: TAG, because: REASON }`")]
pub struct Ignore {
    /// The ignored tags.
    #[serde(deserialize_with = "scalar::one")]
    #[schemars(with = "ScalarText<TagPattern>")]
    pub tag: TagPattern,
    /// The reason, for the report.
    pub because: String,
    /// The last day on which the tags are ignored.
    #[serde(default, deserialize_with = "scalar::some", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ScalarText<Date>>")]
    pub until: Option<Date>,
}
