//! Restores flags. It retries as often as needed, and never overwrites changes made by others.

use std::time::Duration;

use super::{CheckpointEntry, CheckpointError, Drive, Next, Phase, RETRIES, Work, saved_original};
use crate::failure::Failure;
use crate::machine::{FlagValue, MachineError, SettingChange};
use crate::record::Storage;
use crate::run::RunEvent;

/// The value to restore a flag to, and a note about it.
struct Restored {
    value: Option<FlagValue>,
    note: Option<String>,
}

impl<S: Storage> Drive<'_, S> {
    /// Restores every flag, with several attempts in this process. If a flag cannot be restored, the run stays in this
    /// phase.
    pub(super) async fn restore(&mut self, work: &mut impl Work) -> Result<Next, CheckpointError> {
        let mut waits = RETRIES.iter();
        let mut told = None;
        loop {
            if self.state().leave_flags {
                return self.leave_flags();
            }
            let error = match self.put_back() {
                Ok(notes) => {
                    notes.into_iter().try_for_each(|note| self.checkpoint.note(note))?;
                    return Ok(Next::Enter(Phase::BootRestored, None));
                }
                Err(error) => error,
            };
            let message = format!("cannot put the flags back: {error}");
            if told.as_ref() != Some(&message) {
                (self.tell)(RunEvent::Trouble(message.clone()));
                told = Some(message.clone());
            }
            // Writing this entry may fail too, but restoring the flags matters more.
            let written = self.not_restored(message);
            match waits.next() {
                Some(wait) if work.wait_to_retry(Duration::from_secs(*wait)).await => {}
                _ => return written.map(|_| Next::NotRestored),
            }
        }
    }

    /// Restores the flags of a run that cannot continue because its checkpoint cannot be written. The next process, if
    /// any, restores them again.
    pub(super) fn restore_without_checkpoint(&mut self) {
        if self.state().phase < Phase::BootRestored && !self.state().leave_flags {
            let _ = self.put_back();
        }
    }

    /// Ends the run without restoring the flags.
    fn leave_flags(&mut self) -> Result<Next, CheckpointError> {
        if self.commands().is_empty() {
            return Ok(Next::Enter(Phase::BootRestored, None));
        }
        let trouble = self.not_restored("the flags are left as they are, because of `--leave-flags`".to_owned())?;
        Ok(Next::Enter(Phase::Report, Some(trouble)))
    }

    /// Records that the flags are not restored, with the commands to restore the rest.
    fn not_restored(&mut self, message: String) -> Result<Failure, CheckpointError> {
        let commands = self.commands();
        let by_hand = if commands.is_empty() { String::new() } else { format!("by hand: {}; ", commands.join("; ")) };
        let help = if self.state().leave_flags {
            by_hand.trim_end_matches("; ").to_owned()
        } else {
            format!("{by_hand}poolgate tries again at each boot and at `poolgate resume`")
        };
        let trouble = Failure::with_help(message, help);
        if self.state().not_restored.as_ref() != Some(&trouble) {
            self.checkpoint.write(CheckpointEntry::NotRestored(trouble.clone()))?;
        }
        Ok(trouble)
    }

    /// Returns the commands that restore the flags that are still changed.
    fn commands(&self) -> Vec<String> {
        let changes = self.state().created.changes.iter().enumerate();
        let commands = changes.flat_map(|(at, change)| {
            let now = self.machine.flags.read(&change.name).ok();
            self.machine.flags.by_hand(change, now.as_ref(), &saved_original(self.folder, at + 1))
        });
        commands.collect()
    }

    /// Restores every flag that can be restored, even if others fail. Returns the notes for the report.
    fn put_back(&mut self) -> Result<Vec<String>, MachineError> {
        let mut notes = Vec::new();
        let mut failed = None;
        for change in self.state().created.changes.clone() {
            match self.put_one_back(&change) {
                Ok(note) => notes.extend(note),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if self.changes_flags() {
            self.machine.flags.flush()?;
        }
        failed.map_or(Ok(notes), Err)
    }

    fn put_one_back(&mut self, change: &SettingChange) -> Result<Option<String>, MachineError> {
        let now = self.machine.flags.read(&change.name)?;
        let Restored { value, note } = self.restored(change, &now);
        if let Some(value) = value {
            (self.tell)(RunEvent::Flag { name: change.name.clone(), value: value.clone() });
            self.machine.flags.write(&change.name, &value)?;
        }
        Ok(note)
    }

    fn restored(&self, change: &SettingChange, now: &FlagValue) -> Restored {
        if *now == change.original || self.machine.flags.is_made(change, now) {
            return Restored { value: Some(change.original.clone()), note: None };
        }
        let name = &change.name;
        let value = self.machine.flags.undo(change, now);
        let note = match &value {
            Some(_) => format!(
                "{name} was changed by another program or person during the run: only poolgate's part was removed"
            ),
            None => format!("{name} was changed by another program or person during the run, and was left unchanged"),
        };
        Restored { value, note: Some(note) }
    }
}
