//! What a change of GlobalFlag means, flag by flag, for people.

use super::GLOBAL_FLAG;
use super::value::Value;
use crate::machine::{Change, FlagValue};

impl Change {
    /// The global flags before the run and during it, where this is a change of them.
    pub fn global_flags(&self) -> Option<(u32, u32)> {
        let number = |value: &FlagValue| match value {
            FlagValue::Absent => Some(0),
            FlagValue::Present(text) => text.parse::<Value>().ok()?.number(),
        };
        let is_global_flag = self.name.rsplit('\\').next() == Some(GLOBAL_FLAG.value.as_ref());
        is_global_flag.then(|| Some((number(&self.original)?, number(&self.wanted)?))).flatten()
    }
}
