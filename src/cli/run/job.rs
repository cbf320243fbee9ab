//! The work of a run apart from changing flags and restarting: measuring and reporting. This module connects `run`,
//! `judge` and `report`.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;

use super::aftermath::until_saved;
use super::again::look_again;
use super::begin::commands_trusted;
use super::host::{driver, keep, kept};
use super::kernel_log::KernelLog;
use super::reporting::no_scenario;
use crate::cli::args::suspects::suspect_here;
use crate::cli::output::story::Story;
use crate::failure::Failure;
use crate::machine::sim::KERNEL_VARIABLE;
use crate::machine::{Bugcheck, Machine, MachineError, native};
use crate::record::{Digest, Header, KernelReport, Mark, RecordError, Recorder, Stage};
use crate::report::{Driver, Outcome, Report};
use crate::run::drive::{Created, Milestone, Restart, State, Work};
use crate::run::{Instruments, Output, RunError, RunEvent, RunFolder, Shell, Stop, conduct, process, tear_down};
use crate::scenario::{Loaded, Scenario};

/// A run's work in this process.
pub(super) struct Job {
    /// The scenario, or `None` if the run's copy cannot be read any more. The run then measures nothing.
    pub(super) scenario: Option<Scenario>,
    /// The folder for all files of the run.
    pub(super) folder: RunFolder,
    pub(super) created: Created,
    stop: Stop,
    pub(super) story: Teller,
    pub(super) root: PathBuf,
    pub(super) outcome: Option<Outcome>,
    /// The kernel's messages, if this process read them.
    pub(super) kernel: Option<KernelReport>,
    /// Whether an earlier process began the run, so that its commands may have changed since they were checked.
    resumed: bool,
}

/// The story, shared by the job and the phases around it.
#[derive(Clone)]
pub(super) struct Teller(pub(super) Rc<RefCell<Story>>);

impl Teller {
    pub(super) fn tell(&self, event: &RunEvent) {
        self.0.borrow_mut().tell(event);
    }
}

impl Job {
    /// Returns a job on the machine with kernel files below `root`.
    pub(super) fn new(
        loaded: Option<Loaded>,
        folder: RunFolder,
        created: Created,
        stop: Stop,
        story: Story,
        root: &Path,
        resumed: bool,
    ) -> Job {
        let story = Teller(Rc::new(RefCell::new(story)));
        let scenario = loaded.map(|loaded| loaded.scenario);
        Job { scenario, folder, created, stop, story, root: root.to_owned(), outcome: None, kernel: None, resumed }
    }

    pub(super) fn teller(&self) -> Teller {
        self.story.clone()
    }

    /// Returns the outcome that this process reported.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    async fn record(
        &mut self,
        machine: &mut Machine,
        milestone: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<Digest, Failure> {
        let boot = machine.boot.id()?.0;
        let kernel = (!self.is_simulated()).then(|| KernelLog::begin(&self.root, self.folder.kernel_log(), &boot));
        let (mut recorder, conducted) = self.conducted(machine, boot, milestone).await?;
        if let Some(kernel) = kernel {
            let report = kernel.read().await;
            if let Ok(at) = conducted {
                recorder.mark(at, &Mark::Kernel(report.clone())).map_err(RunError::from)?;
            }
            self.kernel = Some(report);
        }
        Ok(recorder.finish(conducted?).map_err(RunError::from)?)
    }

    /// Measures into a new recording. Returns the recording and its length.
    async fn conducted(
        &self,
        machine: &mut Machine,
        boot: String,
        milestone: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<(Recorder, Result<Duration, RunError>), Failure> {
        let scenario = self.scenario.as_ref().ok_or_else(no_scenario)?;
        self.look_at_commands(scenario)?;
        let header = Header {
            started: Timestamp::now(),
            boot,
            scenario_sha256: self.created.scenario_sha256.clone(),
            ..Header::new(scenario.name.as_str(), &self.created.run, machine.pool.name())
        };
        let io = |error: io::Error| Failure::from(RunError::from(RecordError::from(error)));
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
            milestone,
        };
        let recording = self.folder.recording();
        let mut look_again = || look_again(scenario, &recording);
        let conducted = conduct(scenario, &shell, &mut output, instruments, &mut look_again).await;
        // The log is for people. A run that has measured must not fail because the last lines are missing.
        let _ = output.close();
        Ok((recorder, conducted))
    }

    /// Records the version of the driver under test: after setup if the driver is loaded then, or else after the
    /// workload. Teardown may remove the driver.
    fn meet_driver(&self, event: &RunEvent) {
        let RunEvent::Began(Stage::LeadIn | Stage::CoolDown, _) = event else { return };
        let before: Option<Driver> = kept(&self.folder.driver());
        // Looking up the driver reads its file, so avoid it while memory comes to rest.
        if before.as_ref().is_some_and(|driver| driver.found.is_some()) {
            return;
        }
        let Some(met) = self.driver_now().filter(|met| before.as_ref() != Some(met)) else { return };
        self.story.0.borrow_mut().line(&format!("driver {met}"));
        // A run must not fail because of this. The report then looks up the driver again.
        let _ = keep(&self.folder.driver(), &met);
    }

    /// Returns the current state of the driver under test, or `None` if the scenario names no driver or simulates its
    /// kernel.
    pub(super) fn driver_now(&self) -> Option<Driver> {
        let scenario = self.scenario.as_ref().filter(|scenario| scenario.machine.is_none())?;
        scenario.driver.as_ref().map(|file| driver(&self.root, file))
    }

    /// Adds the drivers that may own the leaked memory. A simulated kernel has none.
    pub(super) fn suspect(&self, report: &mut Report) {
        if self.is_simulated() {
            return;
        }
        suspect_here(report, &self.root);
        if !report.suspects.is_empty() {
            // If this fails, `poolgate judge` cannot name them on another machine.
            let _ = keep(&self.folder.suspects(), &report.suspects);
        }
    }

    /// Returns whether this process would run, with administrator rights, commands that an earlier process accepted.
    fn obeys_with_rights(&self) -> bool {
        self.resumed && !self.is_simulated() && native::is_privileged()
    }

    /// Refuses to run commands that another user could have changed since the run began.
    fn look_at_commands(&self, scenario: &Scenario) -> Result<(), Failure> {
        if self.obeys_with_rights() { Ok(commands_trusted(scenario, &self.created.home)?) } else { Ok(()) }
    }

    pub(super) fn is_simulated(&self) -> bool {
        self.created.simulated || self.scenario.as_ref().is_some_and(|scenario| scenario.machine.is_some())
    }

    /// The crashes that the system reports since the run began. A simulated kernel's never are.
    pub(super) fn bugchecks(&self) -> Result<Vec<Bugcheck>, MachineError> {
        if self.is_simulated() { Ok(Vec::new()) } else { native::bugchecks(&self.root, self.created.at) }
    }

    /// Returns the shell for the run's commands. They always run in the scenario's original folder.
    fn shell(&self) -> io::Result<Shell> {
        let kernel = self.folder.simulated_kernel().display().to_string();
        let mut variables = vec![(KERNEL_VARIABLE.to_owned(), kernel)];
        if self.obeys_with_rights() {
            let path = native::system_path();
            variables.push(("PATH".to_owned(), path.to_string_lossy().into_owned()));
        }
        Ok(Shell {
            program: std::env::current_exe()?,
            folder: self.created.home.clone(),
            run: self.created.run.clone(),
            variables,
            patience: process::patience(),
        })
    }
}

impl Work for Job {
    async fn measure(
        &mut self,
        machine: &mut Machine,
        milestone: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<Digest, Failure> {
        self.record(machine, milestone).await
    }

    async fn end_leftovers(&mut self) -> Result<(), Failure> {
        let left = process::end_leftovers(&self.created.run).map_err(Failure::new)?;
        if left.is_empty() {
            return Ok(());
        }
        let left = process::NotWell::CannotBeEnded(left);
        Err(Failure::from_error(&left).at("an earlier process of this run left programs running"))
    }

    async fn tear_down(&mut self) -> Result<(), Failure> {
        let scenario = self.scenario.as_ref().ok_or_else(no_scenario)?;
        self.look_at_commands(scenario)?;
        let io = |error: io::Error| Failure::from(RunError::from(RecordError::from(error)));
        let mut output = Output::append(&self.folder.workload_log()).map_err(io)?;
        let shell = self.shell().map_err(io)?;
        let story = self.teller();
        let done = tear_down(scenario, &shell, &mut output, &mut |event| story.tell(&event), &self.stop).await;
        let _ = output.close();
        let boot = if self.is_simulated() { None } else { native::machine(&self.root).boot.id().ok() };
        let kernel = boot.and_then(|boot| KernelLog::begun_before(&self.root, self.folder.kernel_log(), &boot.0));
        if let Some(kernel) = kernel {
            self.kernel = Some(kernel.read().await);
        }
        Ok(done?)
    }

    fn report(&mut self, state: &State) -> Result<(), Failure> {
        self.write_reports(state)
    }

    async fn wait_for_dumps(&mut self, state: &State) {
        if state.trouble.is_none() || !native::saves_dumps(&self.root) {
            return;
        }
        let waiting = || self.story.0.borrow_mut().line("waiting until Windows has saved the dump of its crash");
        tokio::select! {
            () = self.stop.asked(1) => {}
            // A log that cannot be read is noted in the report.
            () = until_saved(|| self.bugchecks().unwrap_or_default(), waiting) => {}
        }
    }

    async fn wait_to_retry(&mut self, length: Duration) -> bool {
        tokio::select! {
            () = self.stop.asked(1) => false,
            () = tokio::time::sleep(length) => true,
        }
    }

    async fn wait_for_restart(&mut self) -> Restart {
        if self.is_simulated() {
            return Restart::EndsThisProcess;
        }
        let reboot = self.scenario.as_ref().and_then(|scenario| scenario.reboot.clone());
        let patience = reboot.unwrap_or_default().timeout.as_std();
        tokio::select! {
            // The system ends this process during the shutdown.
            () = self.stop.asked(1) => Restart::EndsThisProcess,
            () = tokio::time::sleep(patience) => Restart::NeverCame,
        }
    }
}

/// Renames the recording of an earlier attempt, because recordings are never overwritten.
fn set_aside(recording: &Path) -> io::Result<()> {
    if !recording.exists() {
        return Ok(());
    }
    let free = (1..).map(|number| recording.with_extension(format!("{number}.pgr"))).find(|path| !path.exists());
    free.map_or(Ok(()), |free| fs_err::rename(recording, free))
}
