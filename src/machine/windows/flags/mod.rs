//! (stub)

use crate::machine::{Asked, Change, FlagValue, Flags, MachineError};

pub(super) struct RegistryFlags;

impl Flags for RegistryFlags {
    fn plan(&mut self, _: &[Asked]) -> Result<Vec<Change>, MachineError> {
        Ok(Vec::new())
    }
    fn in_force(&mut self, _: &[Asked]) -> Result<bool, MachineError> {
        Ok(true)
    }
    fn read(&self, _: &str) -> Result<FlagValue, MachineError> {
        Err(MachineError::NotYet("stub"))
    }
    fn write(&mut self, _: &str, _: &FlagValue) -> Result<(), MachineError> {
        Err(MachineError::NotYet("stub"))
    }
    fn flush(&mut self) -> Result<(), MachineError> {
        Ok(())
    }
}
