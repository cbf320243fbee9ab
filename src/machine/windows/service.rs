//! (stub)

use std::path::{Path, PathBuf};

use crate::machine::{Autostart, MachineError};

pub(super) struct Service;

impl Autostart for Service {
    fn get(&self) -> Result<Option<PathBuf>, MachineError> {
        Ok(None)
    }
    fn set(&mut self, _: Option<&Path>) -> Result<(), MachineError> {
        Err(MachineError::NotYet("stub"))
    }
    fn flush(&mut self) -> Result<(), MachineError> {
        Ok(())
    }
}
