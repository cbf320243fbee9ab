//! A run from beginning to end on a machine that keeps going down.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use poolgate::failure::Failure;
use poolgate::machine::{FlagValue, Machine, RequestedSetting, sim};
use poolgate::record::Digest;
use poolgate::run::drive::{
    Checkpoint, CheckpointError, Created, DriveOutcome, Milestone, Phase, Restart, State, Work, drive,
};

use crate::world::{Crash, Died, GLOBAL_FLAG, Handle};

const FOLDER: &str = "reports/run";
/// The most processes of a run. A run on a machine that goes down in every boot gives up long before.
const MOST_LIVES: u32 = 60;

/// A schedule that was survived.
pub(crate) struct Survived {
    /// Number of steps in all.
    pub(crate) steps: usize,
    /// Every crash of the schedule happened.
    pub(crate) all_happened: bool,
    pub(crate) held: bool,
    /// The run ended by itself, and not because nothing resumed it.
    pub(crate) done: bool,
    /// The report states that the machine went down while the workload ran.
    pub(crate) called_down: bool,
}

struct Measuring(Handle);

impl Work for Measuring {
    async fn measure(
        &mut self,
        machine: &mut Machine,
        milestone: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<Digest, Failure> {
        let trouble = |error: io::Error| Failure::new(error);
        milestone(Milestone::SettingUp).map_err(trouble)?;
        let measured = self.0.set_up().map_err(trouble).and_then(|()| self.record(machine));
        self.0.tear_down().map_err(trouble)?;
        milestone(Milestone::TornDown).map_err(trouble)?;
        measured.map(|()| Digest::default())
    }

    async fn end_leftovers(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    async fn tear_down(&mut self) -> Result<(), Failure> {
        self.0.tear_down().map_err(Failure::new)
    }

    fn report(&mut self, state: &State) -> Result<(), Failure> {
        // Like the real reports: without trouble, the result of the recording; with trouble, never a pass.
        let held = state.trouble.is_none() && state.not_restored.is_none();
        self.0.write_report(held).map_err(Failure::new)
    }

    async fn wait_to_retry(&mut self, _: Duration) -> bool {
        true
    }

    async fn wait_for_restart(&mut self) -> Restart {
        Restart::EndsThisProcess
    }
}

impl Measuring {
    fn record(&mut self, machine: &mut Machine) -> Result<(), Failure> {
        let trouble = |error: io::Error| Failure::new(error);
        self.0.begin_recording().map_err(trouble)?;
        for _ in 0..2 {
            machine.pool.sample().map_err(Failure::new)?;
            self.0.measure_on().map_err(trouble)?;
        }
        self.0.close_recording().map_err(trouble)
    }
}

/// Runs to the end through all crashes of the schedule.
pub(crate) fn live(crashes: &[(usize, Crash)]) -> Result<Survived, String> {
    let world = Handle::new(crashes);
    let refused = crashes.iter().any(|(_, crash)| matches!(crash, Crash::Refused { .. }));
    for _ in 0..MOST_LIVES {
        let boots = world.look(|world| world.kernel.boots);
        world.begin_process();
        let ended = catch_unwind(AssertUnwindSafe(|| process(&world)));
        match ended {
            Ok(Ok(DriveOutcome::Done)) => return at_rest(&world, true, refused),
            Ok(Ok(DriveOutcome::Restarting)) => {}
            // A person calls `poolgate resume`.
            Ok(Ok(DriveOutcome::NotRestored)) if refused => {}
            Ok(Err(_)) if refused => {}
            Ok(Ok(DriveOutcome::NotRestored)) => return Err("the flags were not put back".to_owned()),
            Ok(Err(error)) => return Err(format!("a process failed: {error}")),
            Err(died) if died.is::<Died>() => {}
            Err(other) => std::panic::resume_unwind(other),
        }
        let booted = world.look(|world| world.kernel.boots != boots);
        let comes_back = world.look(|world| world.kernel.settings.autostart()) == Some(PathBuf::from(FOLDER));
        if booted && !comes_back {
            return at_rest(&world, false, refused);
        }
    }
    Err(format!("after {MOST_LIVES} lives the run is not over"))
}

/// One process: the first creates the run, the others resume it.
fn process(world: &Handle) -> Result<DriveOutcome, String> {
    let mut machine = sim::machine(world);
    let mut checkpoint = match Checkpoint::open(world.clone()) {
        Ok(checkpoint) => checkpoint,
        Err(CheckpointError::Empty) => Checkpoint::create(world.clone(), created(&mut machine)).map_err(text)?,
        Err(error) => return Err(error.to_string()),
    };
    let mut work = Measuring(world.clone());
    let mut tell = |_| {};
    let driven = drive(&mut checkpoint, Path::new(FOLDER), &mut machine, &mut work, &mut tell);
    // Nothing here ever waits, so the future is ready at once.
    match pin!(driven).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(standing) => standing.map_err(text),
        Poll::Pending => Err("the run waits for something".to_owned()),
    }
}

pub(crate) fn created(machine: &mut Machine) -> Created {
    let asked = vec![RequestedSetting::PoolTagging];
    let (format, version) = Created::format();
    Created {
        format,
        version,
        program: String::new(),
        machine: String::new(),
        run: "run".to_owned(),
        reports: PathBuf::from(FOLDER),
        home: PathBuf::new(),
        scenario_sha256: Digest::default(),
        scenario_name: String::new(),
        thresholds: Vec::new(),
        simulated: true,
        comes_back: false,
        no_stacks: false,
        changes: machine.flags.plan(&asked).unwrap(),
        asked,
        restart_after_restore: true,
        boot: machine.boot.id().unwrap(),
        at: jiff::Timestamp::UNIX_EPOCH,
    }
}

/// Checks the final state of the machine, when nothing resumes the run any more.
fn at_rest(world: &Handle, done: bool, refused: bool) -> Result<Survived, String> {
    let state = Checkpoint::open(world.clone()).map(|checkpoint| checkpoint.state().clone());
    let trouble = state.as_ref().ok().and_then(|state| state.trouble.as_ref());
    let told = state.as_ref().is_ok_and(|state| state.trouble.is_some() || state.not_torn_down.is_some());
    let called_down = trouble.is_some_and(|trouble| trouble.message.starts_with("the machine went down"));
    let machine = sim::machine(world);
    let set_up = world.is_set_up();
    // Assumes a power cut at this moment: only data on disk counts.
    let mut kernel = world.look(|world| world.kernel.clone());
    kernel.lose_power(|_| false);
    world.look(|world| {
        let check = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
        check(kernel.settings.flag(GLOBAL_FLAG).is_none(), "the flag is left set")?;
        check(machine.flags.read(GLOBAL_FLAG).is_ok_and(|now| now == FlagValue::Absent), "the flag is seen set")?;
        check(kernel.settings.autostart().is_none(), "autostart is left behind")?;
        // A run that went down before it changed anything may end with the report of the first second.
        check(!world.flags_touched || world.reported_held.is_some(), "no report was written")?;
        check(!world.set_up_twice, "setup ran twice without a teardown between")?;
        // Teardown itself can fail; the report then states it.
        check(!done || !set_up || refused && told, "the run ended without teardown")?;
        let held = world.reported_held == Some(true);
        check(!held || world.sound, "it passed on a recording which is not sound")?;
        check(!held || !world.went_down_measuring, "it passed although the machine went down")?;
        check(!done || state.as_ref().is_ok_and(|state| state.phase == Phase::Done), "it ended before it was done")?;
        let (steps, all_happened) = (world.steps, world.all_happened);
        Ok(Survived { steps, all_happened, held, done, called_down })
    })
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
