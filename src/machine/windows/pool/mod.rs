//! (stub)

use crate::machine::{MachineError, PoolSource};
use crate::pool::{Snapshot, TagPattern};

pub(super) struct PoolTable;

impl PoolSource for PoolTable {
    fn name(&self) -> &'static str {
        "windows pool tags"
    }
    fn sample(&mut self) -> Result<&Snapshot, MachineError> {
        Err(MachineError::NotYet("stub"))
    }
    fn shrink(&mut self, _: &[TagPattern]) -> Result<usize, MachineError> {
        Ok(0)
    }
}
