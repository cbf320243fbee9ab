//! Changes GlobalFlag as gflags.exe does: in the registry, independently of the flags of the running kernel.

use super::{GLOBAL_FLAG, Registry, RegistryFlags, RegistryValue, Tagging, notation, value};
use crate::gflags::Switches;
use crate::machine::windows::pool::PoolTagsError;
use crate::machine::{ByHand, CurrentSettings, Edit, Edited, FlagValue, GlobalFlags, MachineError, SettingChange};

impl<R: Registry> ByHand for RegistryFlags<R> {
    fn current_settings(&mut self) -> Result<CurrentSettings, MachineError> {
        let always_tags = match (self.running.tagging)() {
            Ok(tagging) => tagging == Tagging::Always,
            // The registry is the container's, and no kernel reads it.
            Err(error @ MachineError::PoolTags(PoolTagsError::Container)) => return Err(error),
            // A kernel that cannot be queried, like Wine's, gives no information about the flag.
            Err(_) => false,
        };
        let stored = self.registry.get(&GLOBAL_FLAG)?;
        Ok(CurrentSettings::GlobalFlags(GlobalFlags {
            name: self.registry.name(&GLOBAL_FLAG),
            number: stored.as_ref().map_or(Some(0), RegistryValue::number),
            stored: notation(stored),
            running: (self.running.global_flags)()?,
            always_tags,
        }))
    }

    fn edit(&mut self, edit: &Edit) -> Result<Option<Edited>, MachineError> {
        let original = self.registry.get(&GLOBAL_FLAG)?;
        let name = self.registry.name(&GLOBAL_FLAG);
        let wanted = match edit {
            Edit::Switched(switches) => switched(original.as_ref(), *switches)
                .map_err(|value| MachineError::NotANumber { name: name.clone(), value: value.to_string() })?,
            Edit::Exactly(FlagValue::Absent) => None,
            Edit::Exactly(FlagValue::Present(text)) => match text.parse() {
                Ok(value) => Some(value),
                Err(value::NotAValue) => return Err(MachineError::NotAValue { name, text: text.clone() }),
            },
            Edit::Parameters { added, dropped } => {
                let named = added.iter().chain(dropped).next().cloned();
                return Err(MachineError::OnlyOnLinux(named.unwrap_or_default()));
            }
        };
        if wanted == original {
            return Ok(None);
        }
        let (original, wanted) = (notation(original), notation(wanted));
        let back = Edit::Exactly(original.clone());
        Ok(Some(Edited { change: SettingChange { name, original, wanted }, back }))
    }
}

/// Applies the switches to a value. An absent value stays absent unless a switch turns a flag on. Any numeric type
/// becomes a REG_DWORD, the only type documented for GlobalFlag.
///
/// # Errors
/// If the value is not a number; the error is the value.
fn switched(value: Option<&RegistryValue>, switches: Switches) -> Result<Option<RegistryValue>, &RegistryValue> {
    let Some(value) = value else {
        return Ok((switches.on != 0).then(|| RegistryValue::dword(switches.applied_to(0))));
    };
    match value.number() {
        Some(flags) => Ok(Some(RegistryValue::dword(switches.applied_to(flags)))),
        None => Err(value),
    }
}
