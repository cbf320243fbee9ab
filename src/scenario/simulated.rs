//! The simulated machine which a scenario may choose: for trying poolgate out, and for its own tests.
//!
//! Written as the YAML has it. What the names mean is for `machine::sim`; `cli` brings the two together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which machine the scenario runs on, when it is not this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping with the key `simulated`")]
pub struct MachineChoice {
    /// A simulated kernel, for trying poolgate out and for its own tests.
    pub simulated: Simulated,
}

/// A simulated kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a mapping (`{}` for the defaults)")]
pub struct Simulated {
    /// Where its random numbers begin: the same seed gives the same kernel.
    pub seed: u64,
    /// How many background tags it has, at most 10000.
    #[schemars(range(max = 10_000))]
    pub tags: u32,
    /// How the background tags behave besides staying constant.
    pub noise: Vec<Noise>,
    /// When it counts pool tags.
    pub pool_tagging: SimulatedTagging,
}

/// When a simulated kernel counts pool tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SimulatedTagging {
    /// Always, as Windows does since Server 2003.
    #[default]
    Always,
    /// Only when it was booted with GlobalFlag +ptg, as Windows 2000 and XP.
    ByFlag,
}

impl Default for Simulated {
    fn default() -> Simulated {
        Simulated {
            seed: 1,
            tags: 400,
            noise: vec![Noise::SaturatingCache, Noise::Sawtooth, Noise::Bursts],
            pool_tagging: SimulatedTagging::Always,
        }
    }
}

/// A way in which healthy tags move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// Grows quickly at first, then less and less.
    SaturatingCache,
    /// Grows steadily and is emptied from time to time.
    Sawtooth,
    /// Jumps up for a moment.
    Bursts,
    /// Grows steadily, whether the workload runs or not.
    BackgroundGrowth,
}
