//! The watched machine.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::output::errors;
use crate::failure;
use crate::machine::{MachineError, PoolSource};
use crate::mon::LiveTable;

/// A machine's pool table, with the results of its readings.
pub(super) struct Watched {
    source: Box<dyn PoolSource>,
    pub(super) table: LiveTable,
    started: Timestamp,
    begun: Instant,
}

impl Watched {
    /// Creates the table without reading it.
    pub(super) fn new(source: Box<dyn PoolSource>) -> Watched {
        Watched { source, table: LiveTable::new(), started: Timestamp::now(), begun: Instant::now() }
    }

    /// Reads the table now. A failure leaves it unchanged.
    pub(super) fn read(&mut self) -> Result<(), MachineError> {
        // Uses a monotonic clock, so that the times of screens are as far apart as the readings.
        let at = self.started.checked_add(self.begun.elapsed()).unwrap_or(self.started);
        let memory = self.source.memory();
        self.table.take(self.source.sample()?, memory, at);
        Ok(())
    }

    /// Returns the name of the source.
    pub(super) fn name(&self) -> &'static str {
        self.source.name()
    }
}

/// Reports an error of reading a table.
pub(super) fn tell(error: &MachineError) {
    match error {
        // The usual help suggests a change of the scenario, and `mon` has none.
        MachineError::TaggingOff => {
            errors::tell(error, Some("switch it on with `poolgate flags /r +ptg` and restart the machine"))
        }
        error => errors::tell(error, failure::help(error)),
    }
}
