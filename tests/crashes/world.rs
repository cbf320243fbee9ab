//! A simulated machine that goes down when it is told to, and remembers what really happened.
//!
//! Everything a run changes goes through here, and is one numbered step: settings of the machine, which are lazy and lost
//! by a power cut; lines of the journal, which may be torn; measuring; reports. Before any step the process may die or
//! the power fail. What the world remembers besides is the truth which reports are held against.

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
    /// The process dies; somebody calls `poolgate resume` in the same boot.
    Death,
    /// The power fails before the step. Bit n says whether the nth unflushed setting survives.
    Cut { survivors: u8 },
    /// The power fails while a journal line is written.
    CutInLine { survivors: u8, line: Line },
    /// The step fails with an I/O error; if `lasting`, so does every later step of the same process.
    Refused { lasting: bool },
}

/// What is left of a journal line whose writing the power cut interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Kept,
    Torn,
    Zeroed,
}

pub(crate) const GLOBAL_FLAG: &str = "GlobalFlag";

/// Unwinds a process which has died; never seen by the program under test.
pub(crate) struct Died;

/// The machine and its disk.
pub(crate) struct World {
    pub(crate) kernel: KernelState,
    journal: Vec<u8>,
    /// The verdict in the final reports on disk: whether they say that the thresholds held. Without one there is the
    /// report of the first second, which says that the run did not finish.
    pub(crate) reported_held: Option<bool>,
    /// A flag was written, if only to memory.
    pub(crate) flags_touched: bool,
    /// A recording being made: the boot it was begun in.
    recording: Option<u64>,
    /// The recording on disk is whole, and was made in one boot with the flags in force.
    pub(crate) sound: bool,
    pub(crate) went_down_measuring: bool,
    /// Setup has begun, and neither teardown nor a boot has undone it.
    set_up: bool,
    /// Setup began where an earlier one was not undone.
    pub(crate) set_up_twice: bool,
    /// Every step of this process fails.
    refusing: bool,
    pub(crate) steps: usize,
    crashes: Vec<(usize, Crash)>,
    /// The last crash of the schedule really happened, and made a difference to the ones before.
    pub(crate) all_happened: bool,
}

#[derive(Clone)]
pub(crate) struct Handle(Rc<RefCell<World>>);

impl Handle {
    /// A machine whose flag is absent, and which crashes as `crashes` say, in the order of their steps.
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

    /// A new process begins.
    pub(crate) fn begin_process(&self) {
        self.0.borrow_mut().refusing = false;
    }

    /// One step that changes something: crashes or fails instead where the schedule says so.
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
            // A disk which is full takes the beginning of a line.
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
