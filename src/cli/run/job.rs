//! What a run does besides changing flags and booting: measure, and report. Here `run`, `judge` and `report` meet.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use jiff::Timestamp;

use super::aftermath;
use super::again::look_again;
use super::host::{driver, host, keep, kept};
use crate::cli::owners::suspect_here;
use crate::cli::story::Story;
use crate::cli::terminal;
use crate::judge::{Judgement, judge};
use crate::machine::sim::KERNEL_VARIABLE;
use crate::machine::{Machine, native};
use crate::record::{Header, Recorder, Recording, Stage};
use crate::report::{self, Driver, Failure, Outcome, Report};
use crate::run::drive::{Created, Restart, State, Trouble, Work};
use crate::run::{Event, Instruments, Output, RunError, RunFolder, Shell, Stop, conduct};
use crate::scenario::{Loaded, Scenario};

/// A run's work in this process.
pub(super) struct Job {
    scenario: Scenario,
    folder: RunFolder,
    created: Created,
    stop: Stop,
    story: Teller,
    root: PathBuf,
    outcome: Option<Outcome>,
}

/// The story, told by the job and by the phases around it.
#[derive(Clone)]
pub(super) struct Teller(Rc<RefCell<Story>>);

impl Teller {
    pub(super) fn tell(&self, event: &Event) {
        self.0.borrow_mut().tell(event);
    }
}

impl Job {
    /// A job on the machine whose kernel is below `root`.
    pub(super) fn new(
        loaded: Loaded,
        folder: RunFolder,
        created: Created,
        stop: Stop,
        story: Story,
        root: &Path,
    ) -> Job {
        let story = Teller(Rc::new(RefCell::new(story)));
        Job { scenario: loaded.scenario, folder, created, stop, story, root: root.to_owned(), outcome: None }
    }

    pub(super) fn teller(&self) -> Teller {
        self.story.clone()
    }

    /// What was reported; `error` when nothing was yet.
    pub(super) fn outcome(&self) -> Outcome {
        self.outcome.unwrap_or(Outcome::Error)
    }

    async fn record(&self, machine: &mut Machine) -> Result<(), Trouble> {
        let header = Header {
            scenario: self.scenario.scenario.as_str().to_owned(),
            run: self.created.run.clone(),
            started: Timestamp::now(),
            boot: machine.boot.id()?.0,
            source: machine.pool.name().to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let io = |error: io::Error| Trouble::from(RunError::Record(error.into()));
        set_aside(&self.folder.recording()).map_err(io)?;
        let mut recorder = Recorder::create(&self.folder.recording(), &header).map_err(RunError::from)?;
        let mut output = Output::append(&self.folder.workload_log()).map_err(io)?;
        let shell = self.shell().map_err(io)?;
        let story = self.teller();
        let instruments = Instruments {
            source: machine.pool.as_mut(),
            recorder: &mut recorder,
            tell: &mut |event| {
                story.tell(&event);
                self.meet_driver(&event);
            },
            stop: self.stop.clone(),
        };
        let recording = self.folder.recording();
        let mut look_again = || look_again(&self.scenario, &recording);
        let conducted = conduct(&self.scenario, &shell, &mut output, instruments, &mut look_again).await;
        // The log is for people; a run which measured does not fail for want of its last lines.
        let _ = output.close();
        Ok(recorder.finish(conducted?).map_err(RunError::from)?)
    }

    /// Writes down which driver is measured: where it is there once set-up is done, else where the workload brought it.
    /// Teardown may remove it.
    fn meet_driver(&self, event: &Event) {
        let Event::Began(Stage::LeadIn | Stage::CoolDown, _) = event else { return };
        let before: Option<Driver> = kept(&self.folder.driver());
        // Looking reads the driver's file, which should not be done once more while memory is to come to rest.
        if before.as_ref().is_some_and(|driver| driver.found.is_some()) {
            return;
        }
        let Some(met) = self.driver_now().filter(|met| before.as_ref() != Some(met)) else { return };
        self.story.0.borrow_mut().line(&format!("driver {met}"));
        // A run is not worth failing for want of a version: the report then asks once more.
        let _ = keep(&self.folder.driver(), &met);
    }

    /// The driver under test as it is on the machine now; `None` where the scenario names none, or simulates its kernel.
    fn driver_now(&self) -> Option<Driver> {
        let file = self.scenario.driver.as_ref().filter(|_| self.scenario.machine.is_none());
        file.map(|file| driver(&self.root, file))
    }

    /// Names the drivers which may own what leaked. A simulated kernel has none.
    fn suspect(&self, report: &mut Report) {
        if self.scenario.machine.is_some() {
            return;
        }
        suspect_here(report, &self.root);
        if !report.suspects.is_empty() {
            // Then `poolgate judge` cannot name them elsewhere.
            let _ = keep(&self.folder.suspects(), &report.suspects);
        }
    }

    /// Commands run where the scenario lay, wherever poolgate was called from, and whoever takes the run up.
    fn shell(&self) -> io::Result<Shell> {
        let kernel = self.folder.simulated_kernel().display().to_string();
        let variables = [("POOLGATE_RUN", self.created.run.clone()), (KERNEL_VARIABLE, kernel)];
        Ok(Shell {
            program: std::env::current_exe()?,
            folder: self.created.home.clone(),
            variables: variables.map(|(name, value)| (name.to_owned(), value)).into(),
        })
    }

    /// What the run came to. Judged from the file, so that `poolgate judge` says the same of it later.
    fn result(&self, state: &State, recording: Option<&Recording>) -> Result<Judgement, Failure> {
        if let Some(Trouble { message, help, output }) = state.trouble.clone() {
            return Err(Failure { message, help, output });
        }
        let failure = |message: String| Failure { message, help: None, output: String::new() };
        let recording = recording.ok_or_else(|| failure("the recording cannot be read".to_owned()))?;
        judge(&self.scenario, recording).map_err(|error| failure(error.to_string()))
    }
}

impl Work for Job {
    async fn measure(&mut self, machine: &mut Machine) -> Result<(), Trouble> {
        self.record(machine).await
    }

    fn report(&mut self, state: &State) -> Result<(), Trouble> {
        let recording = Recording::open(&self.folder.recording()).ok();
        let mut notes = state.notes.clone();
        if state.trouble.is_some() {
            // A simulated kernel leaves nothing behind, and what the one below it left is none of its business.
            let places = if self.scenario.machine.is_none() { native::last_words(&self.root) } else { Vec::new() };
            notes.extend(aftermath::known(recording.as_ref(), &self.created, &places));
        }
        let mut report = Report {
            scenario: self.scenario.scenario.as_str().to_owned(),
            thresholds: self.scenario.thresholds().iter().map(|threshold| threshold.words()).collect(),
            run: self.created.run.clone(),
            started: self.created.at,
            ended: Timestamp::now(),
            host: host(),
            driver: kept(&self.folder.driver()).or_else(|| self.driver_now()),
            source: recording.as_ref().map_or(String::new(), |recording| recording.header().source.clone()),
            boot: recording.as_ref().map_or(state.boot.0.clone(), |recording| recording.header().boot.clone()),
            result: self.result(state, recording.as_ref()),
            notes,
            suspects: Vec::new(),
        };
        self.suspect(&mut report);
        self.story.0.borrow_mut().end_bar();
        let outcome = report.outcome();
        self.outcome = Some(outcome);
        anstream::println!("\n{}", report::table(&report, terminal::width()));
        let written = report::replace(&self.folder.report(), report::json(&report).as_bytes())
            .and_then(|()| report::replace(&self.folder.junit(), &report::junit(&report)));
        written.map_err(|error| Trouble {
            message: error.to_string(),
            help: Some("junit.xml still says that the run did not finish; free some space".to_owned()),
            output: String::new(),
        })?;
        self.story.0.borrow_mut().line(&format!("{outcome}: {}", self.folder.path().display()));
        Ok(())
    }

    async fn wait_for_restart(&mut self) -> Restart {
        if self.scenario.machine.is_some() {
            return Restart::EndsThisProcess;
        }
        let patience = self.scenario.reboot.clone().unwrap_or_default().timeout.as_std();
        tokio::select! {
            // The system ends this process on its way down.
            () = self.stop.asked(1) => Restart::EndsThisProcess,
            () = tokio::time::sleep(patience) => Restart::NeverCame,
        }
    }
}

/// Keeps what an earlier attempt recorded, under another name: recordings are never overwritten.
fn set_aside(recording: &Path) -> io::Result<()> {
    if !recording.exists() {
        return Ok(());
    }
    let free = (1..).map(|number| recording.with_extension(format!("{number}.pgr"))).find(|path| !path.exists());
    free.map_or(Ok(()), |free| fs_err::rename(recording, free))
}
