//! Cleans up after an earlier process of the run: ends its commands and runs its teardown.

use super::{CheckpointEntry, CheckpointError, Drive, LIVES, Phase, Work};
use crate::failure::Failure;
use crate::record::Storage;
use crate::run::RunEvent;

impl<S: Storage> Drive<'_, S> {
    /// Ends commands that an earlier process left running, and runs the teardown that it did not complete.
    pub(super) async fn clean_up(&mut self, work: &mut impl Work) -> Result<(), CheckpointError> {
        let owes_teardown = self.state().owes_teardown || work.owes_teardown() && self.state().not_torn_down.is_none();
        if self.state().phase < Phase::Measure && !owes_teardown {
            return Ok(());
        }
        if let Err(trouble) = work.end_leftovers().await {
            self.not_clean(trouble)?;
        }
        if !owes_teardown {
            return Ok(());
        }
        let torn_down = if self.state().teardowns > LIVES {
            let message = format!("teardown was started {LIVES} times and never completed, so it is not tried again");
            Err(Failure::new(message))
        } else {
            work.tear_down().await
        };
        match torn_down {
            Ok(()) => self.checkpoint.write(CheckpointEntry::TornDown),
            Err(trouble) => {
                self.checkpoint.write(CheckpointEntry::NotTornDown(trouble.clone()))?;
                self.not_clean(trouble)
            }
        }
    }

    /// Reports that cleaning up failed. If poolgate would now measure in the same boot, the run ends, because the
    /// machine is not clean. After a restart the problem cannot influence the measurement.
    fn not_clean(&mut self, trouble: Failure) -> Result<(), CheckpointError> {
        if self.state().phase == Phase::Measure && !self.fresh_boot() {
            return self.enter(Phase::Restore, Some(trouble));
        }
        (self.tell)(RunEvent::Trouble(trouble.message.clone()));
        self.checkpoint.note(trouble.message)
    }
}
