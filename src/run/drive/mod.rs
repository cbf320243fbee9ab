//! Drives a run through its phases. This process, or this boot, may end at any point.
//!
//! Each phase reads the state of the machine, then acts. One checkpoint entry on disk begins the next phase. Everything
//! that a phase relies on is flushed before that entry is written, because a power cut loses unflushed data. No step is
//! skipped because it seems to be done already: the visible state may not be on disk.
//!
//! If flags cannot be restored, the run stays in the phase Restore. Every process tries again, and autostart stays
//! until all flags are restored.

use std::path::{Path, PathBuf};

use super::event::RunEvent;
use crate::failure::Failure;
use crate::machine::{BootId, Machine, MachineError};
use crate::record::Storage;

mod autostart;
mod checkpoint;
mod clean_up;
mod entry;
mod phase;
mod restore;
mod state;
mod work;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{CheckpointEntry, ClosedRecording, Created};
pub use phase::Phase;
pub use state::State;
pub use work::{DriveError, DriveOutcome, Milestone, Restart, Work};

/// The number of processes that may resume a run in one phase. After that the run skips the phase, so that a machine
/// that crashes in each boot still completes the run.
const LIVES: u32 = 4;

/// The pauses between one process's attempts to restore the flags, in seconds.
const RETRIES: [u64; 5] = [1, 2, 4, 8, 15];

/// The note for the case that the machine was not restarted after its flags were restored.
const STILL_IN_FORCE: &str = "the flags are put back, but the kernel runs with them until its next boot";

/// Returns the path of the file, in a run's folder, that holds the original of change `number` (from 1) if that
/// original is a text.
pub fn saved_original(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("original-{number}"))
}

/// Continues a run from its checkpoint as far as this process can. `folder` is the run that autostart resumes.
///
/// # Errors
/// If the run cannot continue. Nothing is lost: this can be called again, in this boot or a later one.
pub async fn drive<S: Storage>(
    checkpoint: &mut Checkpoint<S>,
    folder: &Path,
    machine: &mut Machine,
    work: &mut impl Work,
    tell: &mut dyn FnMut(RunEvent),
) -> Result<DriveOutcome, DriveError> {
    let boot = machine.boot.id()?;
    let mut drive = Drive { checkpoint, machine, boot, folder, tell };
    let driven = drive.go_on(work).await;
    if let Err(DriveError::Checkpoint(_)) = &driven {
        drive.restore_without_checkpoint();
    }
    driven
}

/// The result of a phase.
enum Next {
    Enter(Phase, Option<Failure>),
    Restart,
    /// The flags cannot be restored in this process.
    NotRestored,
}

struct Drive<'a, S> {
    checkpoint: &'a mut Checkpoint<S>,
    machine: &'a mut Machine,
    boot: BootId,
    folder: &'a Path,
    tell: &'a mut dyn FnMut(RunEvent),
}

impl<S: Storage> Drive<'_, S> {
    async fn go_on(&mut self, work: &mut impl Work) -> Result<DriveOutcome, DriveError> {
        if self.state().phase != Phase::Arm {
            (self.tell)(RunEvent::Resumed(self.boot.0.clone()));
        }
        self.checkpoint.resumed(self.boot.clone())?;
        if self.state().phase < Phase::Done {
            // The last process may not have written autostart to disk, and without it the run would not be resumed.
            self.set_autostart()?;
            self.clean_up(work).await?;
        }
        loop {
            let phase = self.state().phase;
            (self.tell)(RunEvent::Phase(phase));
            let next = match phase {
                Phase::Arm => self.arm(),
                Phase::BootArmed => self.boot_armed()?,
                Phase::Measure => self.measure(work).await?,
                Phase::Restore => self.restore(work).await?,
                Phase::BootRestored => self.boot_restored()?,
                Phase::Report => {
                    work.wait_for_dumps(self.state()).await;
                    work.report(self.state()).map_err(DriveError::Report)?;
                    // Remove autostart only now, so that the run is resumed until the reports are on disk. If the
                    // removal fails, the reports are still valid, and phase Done tries again.
                    let _ = self.autostart_off();
                    Next::Enter(Phase::Done, None)
                }
                Phase::Done => {
                    self.autostart_off()?;
                    return Ok(DriveOutcome::Done);
                }
            };
            match next {
                Next::Enter(phase, trouble) => self.enter(phase, trouble)?,
                Next::Restart => match self.restart(work).await {
                    Some((phase, trouble)) => {
                        if phase == Phase::Report {
                            self.checkpoint.note(STILL_IN_FORCE.to_owned())?;
                        }
                        self.enter(phase, Some(trouble))?;
                    }
                    None => return Ok(DriveOutcome::Restarting),
                },
                Next::NotRestored => {
                    work.report(self.state()).map_err(DriveError::Report)?;
                    return Ok(DriveOutcome::NotRestored);
                }
            }
        }
    }

    fn state(&self) -> &State {
        self.checkpoint.state()
    }

    fn enter(&mut self, phase: Phase, trouble: Option<Failure>) -> Result<(), CheckpointError> {
        if let Some(trouble) = &trouble {
            (self.tell)(RunEvent::Trouble(trouble.message.clone()));
        }
        self.checkpoint.enter(phase, self.boot.clone(), trouble)
    }

    fn changes_flags(&self) -> bool {
        !self.state().created.changes.is_empty()
    }

    fn fresh_boot(&self) -> bool {
        self.boot != self.state().boot
    }

    fn in_force(&mut self) -> Result<bool, MachineError> {
        self.machine.flags.in_force(&self.checkpoint.state().created.asked)
    }

    /// Returns whether too many processes have tried this phase.
    fn worn_out(&self) -> bool {
        self.state().lives > LIVES
    }

    fn arm(&mut self) -> Next {
        match self.set_flags() {
            Ok(()) => Next::Enter(Phase::BootArmed, None),
            Err(error) => failed("cannot set the flags", &error),
        }
    }

    fn set_flags(&mut self) -> Result<(), MachineError> {
        for change in self.state().created.changes.clone() {
            (self.tell)(RunEvent::Flag { name: change.name.clone(), value: change.wanted.clone() });
            self.machine.flags.write(&change.name, &change.wanted)?;
        }
        if self.changes_flags() { self.machine.flags.flush() } else { Ok(()) }
    }

    fn boot_armed(&mut self) -> Result<Next, CheckpointError> {
        if !self.changes_flags() {
            return Ok(Next::Enter(Phase::Measure, None));
        }
        if !self.fresh_boot() {
            // An earlier process may have restored the flags because it could not write its checkpoint.
            return Ok(match self.state().lives > 0 && !self.worn_out() {
                true => {
                    self.set_flags().map_or_else(|error| failed("cannot set the flags", &error), |()| Next::Restart)
                }
                false => Next::Restart,
            });
        }
        let in_force = self.in_force();
        for note in self.machine.flags.notes() {
            self.checkpoint.note(note)?;
        }
        Ok(match in_force {
            Ok(true) => Next::Enter(Phase::Measure, None),
            Ok(false) => Next::Enter(
                Phase::Restore,
                Some(Failure::with_help(
                    "the machine was restarted, but its kernel runs without the flags",
                    "check its console: it may have hung or panicked with them and then booted without them",
                )),
            ),
            Err(error) => failed("cannot check that the flags are in force", &error),
        })
    }

    async fn measure(&mut self, work: &mut impl Work) -> Result<Next, CheckpointError> {
        if self.fresh_boot() {
            let failure = Failure::with_help(
                "the machine went down while the workload ran",
                "look for a bugcheck or kernel panic: its dump, or the kernel log of the previous boot",
            );
            return Ok(Next::Enter(Phase::Restore, Some(failure)));
        }
        if self.worn_out() {
            return Ok(give_up(format!("poolgate ended {LIVES} times while measuring")));
        }
        let checkpoint = &mut *self.checkpoint;
        let mut milestone = |milestone| {
            let entry = match milestone {
                Milestone::SettingUp => CheckpointEntry::SettingUp,
                Milestone::TornDown => CheckpointEntry::TornDown,
                Milestone::Note(note) => CheckpointEntry::Noted(note),
            };
            checkpoint.write(entry).map_err(std::io::Error::other)
        };
        match work.measure(self.machine, &mut milestone).await {
            Ok(seal) => {
                self.checkpoint.write(CheckpointEntry::Recorded(ClosedRecording { seal, boot: self.boot.clone() }))?;
                Ok(Next::Enter(Phase::Restore, None))
            }
            Err(trouble) => Ok(Next::Enter(Phase::Restore, Some(trouble))),
        }
    }

    fn boot_restored(&mut self) -> Result<Next, CheckpointError> {
        // A restart is needed only if the kernel may run with the flags. It does not if it was booted before any
        // change, or if it reports that they are not in force. If it reports nothing, the machine is restarted.
        let never_had_them = self.boot == self.state().created.boot;
        let without =
            !self.changes_flags() || self.fresh_boot() || never_had_them || matches!(self.in_force(), Ok(false));
        if !without && self.state().created.restart_after_restore {
            return Ok(Next::Restart);
        }
        if !without {
            // The scenario forbids the restart (`after_restore: false`).
            self.checkpoint.note(STILL_IN_FORCE.to_owned())?;
        }
        Ok(Next::Enter(Phase::Report, None))
    }

    /// Restarts the machine. Returns the next phase if the restart fails.
    async fn restart(&mut self, work: &mut impl Work) -> Option<(Phase, Failure)> {
        let next = if self.state().phase == Phase::BootArmed { Phase::Restore } else { Phase::Report };
        if self.worn_out() {
            let message = format!("the machine was restarted {LIVES} times and is still in the same boot");
            return Some((next, Failure::new(message)));
        }
        work.wait_for_dumps(self.state()).await;
        (self.tell)(RunEvent::Restarting);
        if let Err(error) = self.machine.boot.restart() {
            return Some((next, Failure::from_error(&error).at("cannot restart the machine")));
        }
        match work.wait_for_restart().await {
            Restart::EndsThisProcess => None,
            Restart::NeverCame => Some((next, Failure::new("the restart was accepted but did not happen"))),
        }
    }
}

fn give_up(message: String) -> Next {
    Next::Enter(Phase::Restore, Some(Failure::new(message)))
}

fn failed(step: &str, error: &MachineError) -> Next {
    Next::Enter(Phase::Restore, Some(Failure::from_error(error).at(step)))
}
