//! A scenario as written: one struct for each mapping with keys that depend on each other.
//!
//! serde_yaml does not know places inside flattened, untagged or internally tagged types, so these types are flat, and
//! `validate` converts them into the types of all other modules. The JSON Schema is generated from these structs with
//! their doc comments.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::mistake::MistakeText;
use super::quantity::{Bytes, Duration, GrowthLimit, Rate};
use super::scalar::{Scalar, ScalarText, packed};
use super::simulated::MachineChoice;
use super::threshold::Measure;
use super::types::{Ignore, Pause, Reboot, Sampling, ScenarioFlags, Stacks, Step, WarmUp};
use super::words::{DriverFile, LinePattern, ScenarioName, ShellCommand};
use crate::pool::{Pool, TagPattern};

/// The workload that poolgate runs, how it samples the kernel's memory meanwhile, and the thresholds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping of keys")]
#[schemars(title = "poolgate scenario")]
pub(super) struct Document {
    /// The scenario's name. The folder of a run and the JUnit suite have this name.
    pub(super) scenario: ScenarioName,
    /// A one-sentence description.
    pub(super) description: Option<String>,
    /// The driver under test. Its version goes into the reports. poolgate does not change the driver.
    pub(super) driver: Option<DriverFile>,
    /// The machine that the scenario runs on. Without this key it is the machine that poolgate runs on.
    pub(super) machine: Option<MachineChoice>,
    /// Kernel settings that the run needs. poolgate restores the previous settings after the run.
    pub(super) flags: Option<ScenarioFlags>,
    /// Settings for reboots, which some flags need.
    pub(super) reboot: Option<Reboot>,
    /// Commands before the first sample.
    #[serde(default)]
    pub(super) setup: Vec<Step>,
    /// The workload that is measured.
    pub(super) workload: WrittenWorkload,
    /// Commands after the last sample.
    #[serde(default)]
    pub(super) teardown: Vec<Step>,
    /// How and when memory is sampled.
    #[serde(default)]
    pub(super) sampling: Sampling,
    /// Whether growth is confirmed by a second look, in the same boot, before it is reported as a leak. In a second
    /// look the workload runs three times as long, with pauses in random order. Without it, growth that looks like a
    /// leak is reported as one at once.
    #[serde(default = "confirmed")]
    pub(super) confirm: bool,
    /// How long the run may take, from setup to the last look. A second look that does not fit is not started. If none
    /// can fit from the start, the workload instead runs until the limit, which confirms less. Only with `confirm`.
    pub(super) time_limit: Option<Duration>,
    /// Whether a second look also follows the objects of the growing tags by call path. Linux slab caches only.
    #[serde(default)]
    pub(super) stacks: Stacks,
    /// The thresholds of the run. Without any, no tag may leak.
    #[serde(default)]
    pub(super) thresholds: Vec<WrittenThreshold>,
    /// Growth that is known and explained, and breaks no threshold.
    #[serde(default)]
    pub(super) ignore: Vec<Ignore>,
}

/// Without this key, no leak is reported after only one look.
fn confirmed() -> bool {
    true
}

/// The workload that is measured: one command per iteration (`iterations`), or one long-running command (`duration`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping such as `{ run: COMMAND, iterations: 300 }`")]
#[schemars(rename = "Workload", extend("oneOf" = [{ "required": ["iterations"] }, { "required": ["duration"] }]))]
pub(super) struct WrittenWorkload {
    /// The command line. Its environment has POOLGATE_RUN, POOLGATE_ITERATION and POOLGATE_PHASE.
    pub(super) run: ShellCommand,
    /// Number of iterations, including the warm-up; the command runs once for each. Not together with `duration`.
    #[schemars(range(min = 1))]
    pub(super) iterations: Option<u64>,
    /// How long each iteration may take (10 min). Only with `iterations`.
    pub(super) timeout: Option<Duration>,
    /// How long the command runs before it is stopped. Not together with `iterations`.
    pub(super) duration: Option<Duration>,
    /// The lines of the command's output that each end an iteration. Only with `duration`.
    pub(super) count_lines: Option<LinePattern>,
    /// The part that fills caches and is not judged: a number of iterations, or a length of time.
    pub(super) warm_up: Option<WarmUp>,
    /// The workload's behaviour in the pauses of a second look.
    #[serde(default)]
    pub(super) pause: Pause,
}

/// A limit for each of the tags of `tag`, or for the `total` of a pool.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping such as `{ tag: \"MyD?\", max_growth: 64 KiB }`")]
#[schemars(
    rename = "Threshold",
    extend(
        "oneOf" = [{ "required": ["tag"] }, { "required": ["total"] }],
        "anyOf" = [
            { "required": ["max_growth"] },
            { "required": ["max_rate"] },
            { "required": ["max_bytes"] },
            { "required": ["after_teardown"] },
        ],
    )
)]
pub(super) struct WrittenThreshold {
    /// The tags, each by itself.
    pub(super) tag: Option<ScalarText<TagPattern>>,
    /// Tags that are excepted. Only with `tag`.
    #[serde(default)]
    pub(super) except: Vec<ScalarText<TagPattern>>,
    /// Restricts the tags to one pool. Only with `tag`.
    pub(super) pool: Option<Pool>,
    /// All memory of a pool together. Not together with `tag`.
    pub(super) total: Option<Pool>,
    /// The largest growth, from the memory at rest before the workload to the memory at rest after it.
    pub(super) max_growth: Option<GrowthLimit>,
    /// The largest growth per iteration or hour.
    pub(super) max_rate: Option<Rate>,
    /// The most memory at rest after the workload.
    pub(super) max_bytes: Option<Bytes>,
    /// The most memory left after `teardown` removed the driver. If the kernel then reports memory that was not freed,
    /// the threshold is broken even if the amount is within the limit.
    pub(super) after_teardown: Option<Bytes>,
    /// The measure of the limits, for Linux slab caches only. By default `max_growth`, `max_rate` and `after_teardown`
    /// of a `tag` count objects in use; `max_bytes`, and every limit on a `total`, count whole slabs.
    pub(super) measure: Option<Measure>,
}

impl<'de> Deserialize<'de> for WarmUp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WarmUp, D::Error> {
        deserializer.deserialize_any(WarmUpVisitor)
    }
}

impl JsonSchema for WarmUp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WarmUp".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let time = generator.subschema_for::<Duration>();
        json_schema!({
            "description": "A number of iterations, or a length of time.",
            "oneOf": [{ "type": "integer", "minimum": 0, "examples": [60] }, time],
        })
    }
}

struct WarmUpVisitor;

impl Visitor<'_> for WarmUpVisitor {
    type Value = WarmUp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of iterations or a duration")
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<WarmUp, E> {
        Ok(WarmUp::Iterations(count))
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<WarmUp, E> {
        let help = "write a number of iterations, such as `60`, or a duration, such as `5 min`";
        Err(packed(&MistakeText::new(format!("`{count}` is negative"), "negative", help), &count.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WarmUp, E> {
        Duration::read(text).map(WarmUp::Time).map_err(|wrong| packed(&wrong, text))
    }
}
