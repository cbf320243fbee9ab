//! A simulated machine that goes down on schedule and records the true course of events.
//!
//! Every change of a run passes through here as one numbered step: settings of the machine (written lazily, and lost in
//! a power cut), lines of the journal (possibly torn), measuring, reports. Before any step the process may die or the
//! power may fail. The world also records the truth that reports are compared with.

use std::cell::RefCell;
use std::io;
use std::panic::resume_unwind;
use std::rc::Rc;

use poolgate::machine::MachineError;
use poolgate::machine::sim::{Home, KernelState, Population};
use poolgate::record::Storage;

/// How a machine goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The process dies, and a person calls `poolgate resume` in the same boot.
    Death,
    /// The power fails before the step. Bit n is set if the nth unflushed setting survives.
    Cut { survivors: u8 },
    /// The power fails while a journal line is written.
    CutInLine { survivors: u8, line: Line },
    /// The step fails with an I/O error; if `lasting`, so does every later step of the same process.
    Refused { lasting: bool },
}

/// The rest of a journal line after a power cut while it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Kept,
    Torn,
    Zeroed,
}

pub(crate) const GLOBAL_FLAG: &str = "GlobalFlag";

/// Unwinds a process that has died; the program under test never sees it.
pub(crate) struct Died;

/// The machine and its disk.
pub(crate) struct World {
    pub(crate) kernel: KernelState,
    journal: Vec<u8>,
    /// The verdict in the final reports on disk: whether the thresholds held. If `None`, there is only the report of
    /// the first second. It states that the run did not finish.
    pub(crate) reported_held: Option<bool>,
    /// A flag was written, at least to memory.
    pub(crate) flags_touched: bool,
    /// The boot that the current recording began in, if one is being made.
    recording: Option<u64>,
    /// The recording on disk is complete, and was made in one boot with the flags in force.
    pub(crate) sound: bool,
    pub(crate) went_down_measuring: bool,
    /// Setup has begun, and neither teardown nor a boot has undone it.
    set_up: bool,
    /// Setup began before an earlier one was undone.
    pub(crate) set_up_twice: bool,
    /// Every step of this process fails.
    refusing: bool,
    pub(crate) steps: usize,
    crashes: Vec<(usize, Crash)>,
    /// The last crash of the schedule happened, so it was not hidden by the ones before.
    pub(crate) all_happened: bool,
}

#[derive(Clone)]
pub(crate) struct Handle(Rc<RefCell<World>>);

impl Handle {
    /// A machine without the flag; it crashes according to `crashes`, sorted by step.
    pub(crate) fn new(crashes: &[(usize, Crash)]) -> Handle {
        let kernel = KernelState::new(Population { seed: 1, tags: 0, noise: Vec::new() }).with_tagging_off();
        let mut crashes = crashes.to_vec();
        crashes.reverse();
        Handle(Rc::new(RefCell::new(World {
            kernel,
            journal: Vec::new(),
            reported_held: None,
            flags_touched: false,
            recording: None,
            sound: false,
            went_down_measuring: false,
            set_up: false,
            set_up_twice: false,
            refusing: false,
            steps: 0,
            all_happened: crashes.is_empty(),
            crashes,
        })))
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.0.borrow())
    }

    /// Begins a new process.
    pub(crate) fn begin_process(&self) {
        self.0.borrow_mut().refusing = false;
    }

    /// One step that changes something. It crashes or fails instead if the schedule requires it.
    fn step<T>(&self, act: impl FnOnce(&mut World) -> T) -> io::Result<T> {
        let crash = self.0.borrow_mut().next_crash();
        if let Some(Crash::Refused { lasting }) = crash {
            self.0.borrow_mut().refusing = lasting;
            return Err(io::ErrorKind::StorageFull.into());
        }
        if let Some(crash) = crash {
            self.go_down(crash);
        }
        let mut world = self.0.borrow_mut();
        if world.refusing { Err(io::ErrorKind::StorageFull.into()) } else { Ok(act(&mut world)) }
    }

    fn go_down(&self, crash: Crash) -> ! {
        let mut world = self.0.borrow_mut();
        match crash {
            Crash::Death | Crash::Refused { .. } => {}
            Crash::Cut { survivors } | Crash::CutInLine { survivors, .. } => {
                world.went_down_measuring |= world.recording.is_some();
                world.recording = None;
                world.set_up = false;
                world.kernel.lose_power(|at| survivors >> at & 1 == 1);
            }
        }
        drop(world);
        resume_unwind(Box::new(Died))
    }

    pub(crate) fn set_up(&self) -> io::Result<()> {
        self.step(|world| {
            world.set_up_twice |= world.set_up;
            world.set_up = true;
        })
    }

    pub(crate) fn tear_down(&self) -> io::Result<()> {
        self.step(|world| world.set_up = false)
    }

    pub(crate) fn begin_recording(&self) -> io::Result<()> {
        self.step(|world| {
            world.sound = false;
            world.recording = Some(world.kernel.boots);
        })
    }

    pub(crate) fn measure_on(&self) -> io::Result<()> {
        self.step(|_| ())
    }

    pub(crate) fn close_recording(&self) -> io::Result<()> {
        self.step(|world| {
            let begun = world.recording.take();
            world.sound = begun == Some(world.kernel.boots) && world.kernel.tagging();
        })
    }

    pub(crate) fn write_report(&self, held: bool) -> io::Result<()> {
        self.step(|world| world.reported_held = Some(held))
    }

    pub(crate) fn is_set_up(&self) -> bool {
        self.look(|world| world.set_up)
    }
}

impl World {
    fn next_crash(&mut self) -> Option<Crash> {
        self.steps += 1;
        let (step, crash) = *self.crashes.last()?;
        if step != self.steps - 1 {
            return None;
        }
        self.crashes.pop();
        self.all_happened = self.crashes.is_empty();
        Some(crash)
    }
}

impl Home for Handle {
    fn read(&self) -> Result<KernelState, MachineError> {
        Ok(self.0.borrow().kernel.clone())
    }

    fn change<T>(&self, change: impl FnOnce(&mut KernelState) -> T) -> Result<T, MachineError> {
        let changed = self.step(|world| {
            let boots = world.kernel.boots;
            let done = change(&mut world.kernel);
            world.set_up &= world.kernel.boots == boots;
            world.flags_touched |= world.kernel.settings.flag(GLOBAL_FLAG).is_some();
            done
        });
        changed.map_err(|source| MachineError::System { what: "change a simulated setting", source })
    }
}

impl Storage for Handle {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.0.borrow().journal.clone())
    }

    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()> {
        let crash = self.0.borrow_mut().next_crash();
        if let Some(Crash::CutInLine { line: left, .. }) = crash {
            let mut world = self.0.borrow_mut();
            world.journal.truncate(length as usize);
            match left {
                Line::Kept => world.journal.extend_from_slice(line),
                Line::Torn => world.journal.extend_from_slice(&line[..line.len() / 2]),
                Line::Zeroed => world.journal.extend(line.iter().map(|_| 0)),
            }
        }
        match crash {
            Some(Crash::Refused { lasting }) => self.0.borrow_mut().refusing = lasting,
            Some(crash) => self.go_down(crash),
            None => {}
        }
        let mut world = self.0.borrow_mut();
        if world.refusing || crash.is_some() {
            // A full disk takes the beginning of a line.
            world.journal.truncate(length as usize);
            world.journal.extend_from_slice(&line[..line.len() / 3]);
            return Err(io::ErrorKind::StorageFull.into());
        }
        world.journal.truncate(length as usize);
        world.journal.extend_from_slice(line);
        Ok(())
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        self.step(|world| world.journal = contents.to_vec())
    }
}
