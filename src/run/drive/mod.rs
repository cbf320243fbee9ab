//! A run through its phases, each of which may be the last thing this process, or this boot, ever does.
//!
//! A phase looks, then acts, and the next is entered by one entry on disk. What it relies on is flushed before that
//! entry is written, because a power cut loses what was not. Nothing is skipped because it looks done already: what is
//! seen may not be on disk.

use std::path::Path;

use super::event::Event;
use crate::machine::{BootId, FlagValue, Machine, MachineError};
use crate::record::Storage;

mod checkpoint;
mod entry;
mod phase;
mod state;
mod work;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use entry::{Created, Entry, Trouble};
pub use phase::Phase;
pub use state::State;
pub use work::{DriveError, Restart, Standing, Work};

/// So many processes may take a run up in one phase; then the run goes on to the next without it. This is what stops a
/// machine that goes down in each boot from going round for ever.
const LIVES: u32 = 4;

/// Takes a run from where its checkpoint stands as far as this process can; `folder` is what autostart resumes.
///
/// # Errors
/// When it cannot go on. Nothing is lost: it can be called again, in this boot or another.
pub async fn drive<S: Storage>(
    checkpoint: &mut Checkpoint<S>,
    folder: &Path,
    machine: &mut Machine,
    work: &mut impl Work,
    tell: &mut dyn FnMut(Event),
) -> Result<Standing, DriveError> {
    let boot = machine.boot.id()?;
    if checkpoint.state().phase != Phase::Arm {
        tell(Event::Resumed(boot.0.clone()));
    }
    checkpoint.resumed(boot.clone())?;
    let mut drive = Drive { checkpoint, machine, boot, folder, tell };
    if drive.changes_flags() && drive.state().phase < Phase::Done {
        // Whatever the last process did not get on disk: without autostart nobody comes back.
        if let Err(error) = drive.autostart(Some(folder)) {
            drive.without_autostart(&error)?;
        }
    }
    loop {
        let phase = drive.state().phase;
        (drive.tell)(Event::Phase(phase));
        let next = match phase {
            Phase::Arm => drive.arm(),
            Phase::BootArmed => drive.boot_armed(),
            Phase::Measure => drive.measure(work).await,
            Phase::Restore => drive.restore()?,
            Phase::BootRestored => drive.boot_restored()?,
            Phase::Report => {
                work.report(drive.state()).map_err(DriveError::Report)?;
                // Off last: while the reports are not on disk somebody must come back to write them. When it cannot be
                // removed the reports stand all the same, and Done tries again.
                let _ = drive.autostart_off();
                Next::Enter(Phase::Done, None)
            }
            Phase::Done => {
                drive.autostart_off()?;
                return Ok(Standing::Done);
            }
        };
        match next {
            Next::Enter(phase, trouble) => drive.enter(phase, trouble)?,
            Next::Restart => match drive.restart(work).await {
                Some((phase, trouble)) => drive.enter(phase, Some(trouble))?,
                None => return Ok(Standing::Restarting),
            },
        }
    }
}

/// What a phase came to.
enum Next {
    Enter(Phase, Option<Trouble>),
    Restart,
}

struct Drive<'a, S> {
    checkpoint: &'a mut Checkpoint<S>,
    machine: &'a mut Machine,
    boot: BootId,
    folder: &'a Path,
    tell: &'a mut dyn FnMut(Event),
}

impl<S: Storage> Drive<'_, S> {
    fn state(&self) -> &State {
        self.checkpoint.state()
    }

    fn enter(&mut self, phase: Phase, trouble: Option<Trouble>) -> Result<(), CheckpointError> {
        if let Some(trouble) = &trouble {
            (self.tell)(Event::Trouble(trouble.message.clone()));
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

    /// Whether this phase was tried often enough.
    fn worn_out(&self) -> bool {
        self.state().lives > LIVES
    }

    fn autostart(&mut self, run: Option<&Path>) -> Result<(), MachineError> {
        self.machine.autostart.set(run)?;
        self.machine.autostart.flush()
    }

    /// Nothing may be changed on a machine which brings nobody back to undo it; what is changed already is still undone.
    fn without_autostart(&mut self, error: &MachineError) -> Result<(), CheckpointError> {
        let message = format!("cannot set autostart: {error}");
        if self.state().phase != Phase::Arm {
            return self.checkpoint.note(message);
        }
        let help = error.help().map(str::to_owned);
        self.enter(Phase::Restore, Some(Trouble { message, help, output: String::new() }))
    }

    /// Removes autostart, unless it is another run's by now.
    fn autostart_off(&mut self) -> Result<(), MachineError> {
        if !self.changes_flags() {
            return Ok(());
        }
        match self.machine.autostart.get()? {
            Some(run) if run != self.folder => Ok(()),
            // Also when there is none to be seen: its removal may not be on disk.
            Some(_) | None => self.autostart(None),
        }
    }

    fn arm(&mut self) -> Next {
        match self.set_flags() {
            Ok(()) => Next::Enter(Phase::BootArmed, None),
            Err(error) => failed("cannot set the flags", &error),
        }
    }

    fn set_flags(&mut self) -> Result<(), MachineError> {
        for change in self.state().created.changes.clone() {
            (self.tell)(Event::Flag { name: change.name.clone(), value: change.wanted.clone() });
            self.machine.flags.write(&change.name, &change.wanted)?;
        }
        if self.changes_flags() { self.machine.flags.flush() } else { Ok(()) }
    }

    fn boot_armed(&mut self) -> Next {
        if !self.changes_flags() {
            return Next::Enter(Phase::Measure, None);
        }
        if !self.fresh_boot() {
            return Next::Restart;
        }
        match self.in_force() {
            Ok(true) => Next::Enter(Phase::Measure, None),
            Ok(false) => give_up("the machine was restarted, but its kernel runs without the flags".to_owned()),
            Err(error) => failed("cannot tell whether the flags are in force", &error),
        }
    }

    async fn measure(&mut self, work: &mut impl Work) -> Next {
        if self.fresh_boot() {
            let message = "the machine went down while the workload ran".to_owned();
            let help = "look for a bugcheck or kernel panic: its dump, the kernel log of the boot before".to_owned();
            return Next::Enter(Phase::Restore, Some(Trouble { message, help: Some(help), output: String::new() }));
        }
        if self.worn_out() {
            return give_up(format!("poolgate ended {LIVES} times while measuring"));
        }
        match work.measure(self.machine).await {
            Ok(()) => Next::Enter(Phase::Restore, None),
            Err(trouble) => Next::Enter(Phase::Restore, Some(trouble)),
        }
    }

    /// Puts every flag back, unless somebody else has changed it meanwhile: that is theirs, and is reported.
    fn restore(&mut self) -> Result<Next, CheckpointError> {
        for change in self.state().created.changes.clone() {
            let now = match self.machine.flags.read(&change.name) {
                Ok(now) => now,
                Err(error) => return Ok(self.not_restored(&error)),
            };
            if now != change.wanted && now != change.original {
                let note = format!("{} was changed by somebody else during the run, and left so", change.name);
                self.checkpoint.note(note)?;
                continue;
            }
            (self.tell)(Event::Flag { name: change.name.clone(), value: change.original.clone() });
            if let Err(error) = self.machine.flags.write(&change.name, &change.original) {
                return Ok(self.not_restored(&error));
            }
        }
        let flushed = if self.changes_flags() { self.machine.flags.flush() } else { Ok(()) };
        Ok(match flushed {
            Ok(()) => Next::Enter(Phase::BootRestored, None),
            Err(error) => self.not_restored(&error),
        })
    }

    /// The commands to do by hand what could not be done.
    fn not_restored(&self, error: &MachineError) -> Next {
        let by_hand = self.state().created.changes.iter().map(|change| match &change.original {
            FlagValue::Absent => format!("remove {}", change.name),
            FlagValue::Present(value) => format!("make {} exactly {value:?}", change.name),
        });
        let help = format!("by hand: {}", by_hand.collect::<Vec<_>>().join("; "));
        let message = format!("cannot put the flags back: {error}");
        Next::Enter(Phase::Report, Some(Trouble { message, help: Some(help), output: String::new() }))
    }

    fn boot_restored(&mut self) -> Result<Next, CheckpointError> {
        // A kernel which does not run with the flags need not be restarted to be rid of them: one that was booted before
        // anything was changed, and one that says so. One that does not tell is restarted.
        let never_had_them = self.boot == self.state().created.boot;
        let without =
            !self.changes_flags() || self.fresh_boot() || never_had_them || matches!(self.in_force(), Ok(false));
        if !without && self.state().created.restart_after_restore {
            return Ok(Next::Restart);
        }
        if !without {
            // As the scenario wishes (`after_restore: false`); whoever uses the machine next should know.
            self.checkpoint
                .note("the flags are put back, and the kernel runs with them until its next boot".to_owned())?;
        }
        Ok(Next::Enter(Phase::Report, None))
    }

    /// Restarts the machine; returns where to go when that fails.
    async fn restart(&mut self, work: &mut impl Work) -> Option<(Phase, Trouble)> {
        let next = if self.state().phase == Phase::BootArmed { Phase::Restore } else { Phase::Report };
        if self.worn_out() {
            return Some((
                next,
                format!("the machine was restarted {LIVES} times and is still in the same boot").into(),
            ));
        }
        (self.tell)(Event::Restarting);
        if let Err(error) = self.machine.boot.restart() {
            let trouble = Trouble {
                message: format!("cannot restart the machine: {error}"),
                help: error.help().map(str::to_owned),
                output: String::new(),
            };
            return Some((next, trouble));
        }
        match work.wait_for_restart().await {
            Restart::EndsThisProcess => None,
            Restart::NeverCame => Some((next, "the restart was accepted but never came".to_owned().into())),
        }
    }
}

fn give_up(message: String) -> Next {
    Next::Enter(Phase::Restore, Some(message.into()))
}

fn failed(what: &str, error: &MachineError) -> Next {
    let help = error.help().map(str::to_owned);
    Next::Enter(Phase::Restore, Some(Trouble { message: format!("{what}: {error}"), help, output: String::new() }))
}
