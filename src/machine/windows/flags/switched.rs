//! Decodes a change of GlobalFlag into its flags, for messages.

use super::GLOBAL_FLAG;
use super::value::RegistryValue;
use crate::machine::{FlagValue, SettingChange};

impl SettingChange {
    /// Returns the global flags before and during the run; `None` if this is not a change of GlobalFlag.
    pub fn global_flags(&self) -> Option<(u32, u32)> {
        let number = |value: &FlagValue| match value {
            FlagValue::Absent => Some(0),
            FlagValue::Present(text) => text.parse::<RegistryValue>().ok()?.number(),
        };
        let is_global_flag = self.name.rsplit('\\').next() == Some(GLOBAL_FLAG.value.as_ref());
        is_global_flag.then(|| Some((number(&self.original)?, number(&self.wanted)?))).flatten()
    }
}
