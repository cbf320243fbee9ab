//! A scenario as it is written: one struct for each mapping whose keys depend on one another.
//!
//! serde_yaml knows no place inside flattened, untagged or internally tagged types, so these are flat, and `validate`
//! turns them into the types everyone else sees. The JSON Schema is made from these structs, doc comments included.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::mistake::Wrong;
use super::quantity::{Bytes, Duration, Growth, Rate};
use super::scalar::{Scalar, Text, packed};
use super::simulated::MachineChoice;
use super::threshold::Measure;
use super::types::{Flags, Ignore, Pause, Reboot, Sampling, Step, WarmUp};
use super::words::{Command, DriverFile, LinePattern, Name};
use crate::pool::{Pool, TagPattern};

/// What poolgate runs, how it samples the kernel's memory meanwhile, and what must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping of keys")]
#[schemars(title = "poolgate scenario")]
pub(super) struct Document {
    /// The scenario's name. It names the folder of a run and the JUnit suite.
    pub(super) scenario: Name,
    /// A sentence for people.
    pub(super) description: Option<String>,
    /// The driver the scenario is about, whose version goes into the reports. Nothing is done to it.
    pub(super) driver: Option<DriverFile>,
    /// The machine it runs on; without this key, the machine poolgate runs on.
    pub(super) machine: Option<MachineChoice>,
    /// Kernel settings the run needs. They are put back exactly as they were.
    pub(super) flags: Option<Flags>,
    /// How reboots go, where the flags need them.
    pub(super) reboot: Option<Reboot>,
    /// Commands before the first sample.
    #[serde(default)]
    pub(super) setup: Vec<Step>,
    /// What is measured.
    pub(super) workload: WrittenWorkload,
    /// Commands after the last sample.
    #[serde(default)]
    pub(super) teardown: Vec<Step>,
    /// How and when the pools are sampled.
    #[serde(default)]
    pub(super) sampling: Sampling,
    /// Whether a tag which grew is looked at a second time, in the same boot, before a leak is called one: the workload
    /// goes on three times as long, with pauses in an order drawn by chance. Without it, growth that looks like a leak is
    /// called one at once.
    #[serde(default = "confirmed")]
    pub(super) confirm: bool,
    /// How long the run may take from set-up to the last look. A second look which does not fit in is not begun; where it
    /// is clear from the start that none will, the workload goes on until the limit instead, which confirms less. Only
    /// with `confirm`.
    pub(super) time_limit: Option<Duration>,
    /// What must hold. Without any: no tag may leak.
    #[serde(default)]
    pub(super) thresholds: Vec<WrittenThreshold>,
    /// Growth which is known and explained, and breaks no threshold.
    #[serde(default)]
    pub(super) ignore: Vec<Ignore>,
}

/// Nobody is accused after one look unless the scenario says so.
fn confirmed() -> bool {
    true
}

/// What is measured: one command per iteration (`iterations`), or one long-running command (`duration`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping such as `{ run: COMMAND, iterations: 300 }`")]
#[schemars(rename = "Workload", extend("oneOf" = [{ "required": ["iterations"] }, { "required": ["duration"] }]))]
pub(super) struct WrittenWorkload {
    /// The command line. It sees POOLGATE_RUN, POOLGATE_ITERATION and POOLGATE_PHASE.
    pub(super) run: Command,
    /// How often the command is run, warm-up included. Not together with `duration`.
    #[schemars(range(min = 1))]
    pub(super) iterations: Option<u64>,
    /// How long each iteration may take (10 min). Only with `iterations`.
    pub(super) timeout: Option<Duration>,
    /// How long the command runs before it is stopped. Not together with `iterations`.
    pub(super) duration: Option<Duration>,
    /// Which lines of the command's output each end an iteration. Only with `duration`.
    pub(super) count_lines: Option<LinePattern>,
    /// The part which fills caches and is not judged: a number of iterations, or a length of time.
    pub(super) warm_up: Option<WarmUp>,
    /// What the workload does in the pauses of a second look.
    #[serde(default)]
    pub(super) pause: Pause,
}

/// What must hold, for the tags of `tag` one by one, or for the `total` of a pool.
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
    /// The tags meant, each by itself.
    pub(super) tag: Option<Text<TagPattern>>,
    /// Tags which are not meant after all. Only with `tag`.
    #[serde(default)]
    pub(super) except: Vec<Text<TagPattern>>,
    /// In this pool only. Only with `tag`.
    pub(super) pool: Option<Pool>,
    /// All of a pool together. Not together with `tag`.
    pub(super) total: Option<Pool>,
    /// How much more there may be at rest after the workload than at rest before it.
    pub(super) max_growth: Option<Growth>,
    /// How much more there may be with each iteration, or hour.
    pub(super) max_rate: Option<Rate>,
    /// How much there may be at rest after the workload.
    pub(super) max_bytes: Option<Bytes>,
    /// How much may be left once `teardown` has removed the driver. What the kernel itself then reports to be left breaks it,
    /// whatever it allows.
    pub(super) after_teardown: Option<Bytes>,
    /// What the limits are on, for Linux' slab caches only. Without this key `max_growth`, `max_rate` and `after_teardown`
    /// of a `tag` are on the objects in use; `max_bytes`, and every limit on a `total`, are on whole slabs.
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
        Err(packed(&Wrong::new(format!("`{count}` is negative"), "negative", help), &count.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WarmUp, E> {
        Duration::read(text).map(WarmUp::Time).map_err(|wrong| packed(&wrong, text))
    }
}
