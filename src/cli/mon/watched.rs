//! The machine which is watched.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::trouble;
use crate::machine::{MachineError, PoolSource};
use crate::mon::Table;

/// A machine's pool table, and what was read of it.
pub(super) struct Watched {
    source: Box<dyn PoolSource>,
    pub(super) table: Table,
    started: Timestamp,
    begun: Instant,
}

impl Watched {
    /// Nothing is read yet.
    pub(super) fn new(source: Box<dyn PoolSource>) -> Watched {
        Watched { source, table: Table::new(), started: Timestamp::now(), begun: Instant::now() }
    }

    /// Reads the table now. After a failure it is as it was.
    pub(super) fn read(&mut self) -> Result<(), MachineError> {
        // By a clock which nobody sets, so that screens are as far apart as they say.
        let at = self.started.checked_add(self.begun.elapsed()).unwrap_or(self.started);
        let memory = self.source.memory();
        self.table.take(self.source.sample()?, memory, at);
        Ok(())
    }

    /// What is read.
    pub(super) fn name(&self) -> &'static str {
        self.source.name()
    }
}

/// Tells why a table cannot be read.
pub(super) fn tell(error: &MachineError) {
    match error {
        // No scenario is at hand here, which the usual help would change.
        MachineError::TaggingOff => {
            trouble::tell(error, Some("switch it on with `poolgate flags /r +ptg` and restart the machine"))
        }
        error => trouble::tell(error, error.help()),
    }
}
