//! (stub)

use crate::machine::{Boot, BootId, MachineError};

pub(super) struct WindowsBoot;

impl Boot for WindowsBoot {
    fn id(&self) -> Result<BootId, MachineError> {
        Ok(BootId("stub".to_owned()))
    }
    fn restart(&mut self) -> Result<(), MachineError> {
        Err(MachineError::NotYet("stub"))
    }
}
