//! The simulated machine of a scenario, for trying poolgate out and for its own tests.
//!
//! The types follow the YAML. `machine::sim` implements the names; `cli` connects both.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The machine that the scenario runs on, if it is not this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with the key `simulated`")]
pub struct MachineChoice {
    /// A simulated kernel, for trying poolgate out and for its own tests.
    pub simulated: SimulatedSettings,
}

/// A simulated kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping (`{}` for the defaults)")]
pub struct SimulatedSettings {
    /// Seed of the random numbers. The same seed gives the same kernel.
    pub seed: u64,
    /// Number of background tags, at most 10000.
    #[schemars(range(max = 10_000))]
    pub tags: u32,
    /// Kinds of movement of the background tags. Without any they stay constant.
    pub noise: Vec<SimulatedNoise>,
    /// When the kernel counts pool tags.
    pub pool_tagging: SimulatedTagging,
}

/// When a simulated kernel counts pool tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SimulatedTagging {
    /// Always, like Windows since Server 2003.
    #[default]
    Always,
    /// Only if it was booted with GlobalFlag +ptg, like Windows 2000 and XP.
    ByFlag,
}

impl Default for SimulatedSettings {
    fn default() -> SimulatedSettings {
        SimulatedSettings {
            seed: 1,
            tags: 400,
            noise: vec![SimulatedNoise::SaturatingCache, SimulatedNoise::Sawtooth, SimulatedNoise::Bursts],
            pool_tagging: SimulatedTagging::Always,
        }
    }
}

/// A kind of movement of healthy tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SimulatedNoise {
    /// Grows quickly at first, then more and more slowly.
    SaturatingCache,
    /// Grows steadily and is emptied from time to time.
    Sawtooth,
    /// Jumps up for a short time.
    Bursts,
    /// Grows steadily, even if the workload does not run.
    BackgroundGrowth,
}
