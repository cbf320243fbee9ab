//! The state of a run, computed from the entries of its checkpoint alone.

use super::checkpoint::CheckpointError;
use super::entry::{CheckpointEntry, ClosedRecording, Created, VERSION};
use super::phase::Phase;
use crate::failure::Failure;
use crate::machine::BootId;

/// The state of a run.
#[derive(Debug, Clone)]
pub struct State {
    /// The beginning of the run.
    pub created: Created,
    /// The current phase.
    pub phase: Phase,
    /// The boot that the phase began in.
    pub boot: BootId,
    /// How many processes have resumed the run in this phase.
    pub lives: u32,
    /// The first error.
    pub trouble: Option<Failure>,
    /// The errors after the first.
    pub later: Vec<Failure>,
    /// The reason why the flags are not restored yet, with the steps left to do by hand.
    pub not_restored: Option<Failure>,
    /// Whether an administrator wants the flags left as they are.
    pub leave_flags: bool,
    /// Whether setup has begun and teardown has not ended since.
    pub owes_teardown: bool,
    /// How many processes have resumed the run while teardown was required.
    pub teardowns: u32,
    /// The reason why the setup of an earlier process was not torn down.
    pub not_torn_down: Option<Failure>,
    /// The recording, once it is closed.
    pub recorded: Option<ClosedRecording>,
    /// Notes for readers of the report.
    pub notes: Vec<String>,
}

/// Computes the state from the entries.
pub(super) fn fold(entries: Vec<CheckpointEntry>) -> Result<State, CheckpointError> {
    let mut entries = entries.into_iter();
    let created = match entries.next() {
        None => return Err(CheckpointError::Empty),
        Some(CheckpointEntry::Created(created)) => *created,
        Some(_) => return Err(CheckpointError::Foreign),
    };
    if created.version > VERSION {
        return Err(CheckpointError::Newer { program: created.program, version: created.version });
    }
    let mut state = State::new(created);
    for entry in entries {
        state.take(entry)?;
    }
    Ok(state)
}

impl State {
    pub(super) fn new(created: Created) -> State {
        let boot = created.boot.clone();
        State {
            created,
            phase: Phase::Arm,
            boot,
            lives: 0,
            trouble: None,
            later: Vec::new(),
            not_restored: None,
            leave_flags: false,
            owes_teardown: false,
            teardowns: 0,
            not_torn_down: None,
            recorded: None,
            notes: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, entry: CheckpointEntry) -> Result<(), CheckpointError> {
        match entry {
            CheckpointEntry::Created(_) => return Err(CheckpointError::Foreign),
            CheckpointEntry::Resumed { .. } => {
                self.lives += 1;
                self.teardowns += u32::from(self.owes_teardown);
            }
            CheckpointEntry::Noted(note) => self.notes.push(note),
            CheckpointEntry::SettingUp => (self.owes_teardown, self.teardowns) = (true, 0),
            CheckpointEntry::TornDown => self.owes_teardown = false,
            CheckpointEntry::NotTornDown(trouble) => {
                self.owes_teardown = false;
                self.not_torn_down = Some(trouble);
            }
            CheckpointEntry::Recorded(recorded) => self.recorded = Some(recorded),
            CheckpointEntry::NotRestored(trouble) => self.not_restored = Some(trouble),
            CheckpointEntry::LeaveFlags => self.leave_flags = true,
            CheckpointEntry::Entered { phase, boot, at: _, trouble } => {
                if !self.phase.may_enter(phase, trouble.is_some()) {
                    return Err(CheckpointError::Illegal { from: self.phase, to: phase });
                }
                (self.phase, self.boot, self.lives) = (phase, boot, 0);
                if phase == Phase::BootRestored {
                    self.not_restored = None;
                }
                // The first error is usually the cause of the later ones.
                match (&self.trouble, trouble) {
                    (None, trouble) => self.trouble = trouble,
                    (Some(_), trouble) => self.later.extend(trouble),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use jiff::Timestamp;

    use super::*;

    fn created() -> Created {
        let (format, version) = Created::format();
        Created {
            format,
            version,
            program: "0.1.0".to_owned(),
            machine: String::new(),
            run: "run".to_owned(),
            reports: PathBuf::new(),
            home: PathBuf::new(),
            scenario_sha256: Default::default(),
            scenario_name: String::new(),
            thresholds: Vec::new(),
            simulated: true,
            comes_back: false,
            no_stacks: false,
            asked: Vec::new(),
            changes: Vec::new(),
            restart_after_restore: true,
            boot: BootId("1".to_owned()),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn entered(phase: Phase, trouble: Option<&str>) -> CheckpointEntry {
        let trouble = trouble.map(Failure::new);
        CheckpointEntry::Entered { phase, boot: BootId("1".to_owned()), at: Timestamp::UNIX_EPOCH, trouble }
    }

    #[test]
    fn the_fold_accepts_only_sequences_that_a_run_can_write() {
        let all = [
            Phase::Arm,
            Phase::BootArmed,
            Phase::Measure,
            Phase::Restore,
            Phase::BootRestored,
            Phase::Report,
            Phase::Done,
        ];
        let mut legal = 0;
        for (at, from) in all.iter().enumerate() {
            let way: Vec<CheckpointEntry> = std::iter::once(CheckpointEntry::Created(Box::new(created())))
                .chain(all[1..=at].iter().map(|phase| entered(*phase, None)))
                .collect();
            for to in all {
                for trouble in [None, Some("trouble")] {
                    let mut entries = way.clone();
                    entries.push(entered(to, trouble));
                    let accepted = fold(entries).is_ok();
                    assert_eq!(accepted, from.may_enter(to, trouble.is_some()), "{from} to {to}");
                    assert!(!accepted || to > *from, "never back: {from} to {to}");
                    legal += usize::from(accepted);
                }
            }
        }
        assert_eq!(legal, 6 * 2 + 3);
    }

    #[test]
    fn the_first_failure_is_reported_and_the_others_are_kept() {
        let entries = vec![
            CheckpointEntry::Created(Box::new(created())),
            entered(Phase::Restore, Some("first")),
            entered(Phase::Report, Some("second")),
        ];
        let state = fold(entries).unwrap();
        assert_eq!(state.trouble.unwrap().message, "first");
        assert_eq!(state.later[0].message, "second");
    }

    #[test]
    fn a_newer_or_foreign_checkpoint_is_refused() {
        let newer = Created { version: VERSION + 1, program: "9.0.0".to_owned(), ..created() };
        let error = fold(vec![CheckpointEntry::Created(Box::new(newer))]).unwrap_err().to_string();
        assert_eq!(error, "the checkpoint was written by a newer poolgate (9.0.0, format 3; this one reads 2)");
        assert!(matches!(fold(vec![entered(Phase::Done, None)]), Err(CheckpointError::Foreign)));
        assert!(matches!(fold(Vec::new()), Err(CheckpointError::Empty)));
    }
}
