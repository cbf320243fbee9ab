//! What an earlier process of the run left behind: running commands, and a teardown which it owes.

use super::{CheckpointError, Drive, Entry, LIVES, Phase, Trouble, Work};
use crate::record::Storage;
use crate::run::Event;

impl<S: Storage> Drive<'_, S> {
    /// Ends what an earlier process left running, and runs the teardown which it owes.
    pub(super) async fn clean_up(&mut self, work: &mut impl Work) -> Result<(), CheckpointError> {
        if self.state().phase < Phase::Measure {
            return Ok(());
        }
        if let Err(trouble) = work.end_leftovers().await {
            self.not_clean(trouble)?;
        }
        if !self.state().owes_teardown {
            return Ok(());
        }
        let torn_down = if self.state().teardowns > LIVES {
            Err(format!("teardown was started {LIVES} times and never completed, so it is not tried again").into())
        } else {
            work.tear_down().await
        };
        match torn_down {
            Ok(()) => self.checkpoint.write(Entry::TornDown),
            Err(trouble) => {
                self.checkpoint.write(Entry::NotTornDown(trouble.clone()))?;
                self.not_clean(trouble)
            }
        }
    }

    /// Nothing is measured on a machine which an earlier process left in disorder. After a restart the disorder is not the
    /// cause of anything.
    fn not_clean(&mut self, trouble: Trouble) -> Result<(), CheckpointError> {
        if self.state().phase == Phase::Measure && !self.fresh_boot() {
            return self.enter(Phase::Restore, Some(trouble));
        }
        (self.tell)(Event::Trouble(trouble.message.clone()));
        self.checkpoint.note(trouble.message)
    }
}
