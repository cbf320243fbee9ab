//! The work of a run apart from changing flags and restarting: measuring and reporting. This module connects `run`,
//! `judge` and `report`.

use std::io;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::Gate;
use super::aftermath::until_saved;
use super::begin::commands_trusted;
use super::host::{driver, keep, kept};
use super::kernel_log::KernelLog;
use super::reporting::no_scenario;
use super::run_log::RunLog;
use super::second_look::look_again;
use super::suspects::suspect_here;
use crate::failure::Failure;
use crate::machine::sim::KERNEL_VARIABLE;
use crate::machine::{Bugcheck, Machine, MachineError, ObjectSource, native};
use crate::record::{Digest, Header, KernelReport, Mark, RecordError, Recorder, Stage};
use crate::report::{self, Driver, Outcome, Report};
use crate::run::drive::{Created, Milestone, Restart, State, Work};
use crate::run::{Instruments, Output, RunError, RunEvent, RunFolder, Shell, measure, process, tear_down};
use crate::scenario::{Loaded, Scenario, Stacks};

/// A run's work in this process.
pub(super) struct ScenarioWork<'a> {
    pub(super) gate: &'a Gate<'a>,
    /// The scenario, or `None` if the run's copy cannot be read any more. The run then measures nothing.
    pub(super) scenario: Option<Scenario>,
    /// The folder for all files of the run.
    pub(super) folder: RunFolder,
    pub(super) created: Created,
    pub(super) log: &'a RunLog<'a>,
    /// The outcome, once this process has reported it.
    pub(super) outcome: Option<Outcome>,
    /// The kernel's messages, if this process read them.
    pub(super) kernel: Option<KernelReport>,
    /// Whether an earlier process began the run, so that its commands may have changed since they were checked.
    resumed: bool,
}

impl<'a> ScenarioWork<'a> {
    pub(super) fn new(
        gate: &'a Gate<'a>,
        loaded: Option<Loaded>,
        folder: RunFolder,
        created: Created,
        log: &'a RunLog<'a>,
        resumed: bool,
    ) -> ScenarioWork<'a> {
        let scenario = loaded.map(|loaded| loaded.scenario);
        ScenarioWork { gate, scenario, folder, created, log, outcome: None, kernel: None, resumed }
    }

    async fn record(
        &mut self,
        machine: &mut Machine,
        milestone: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<Digest, Failure> {
        let boot = machine.boot.id()?.0;
        let kernel =
            (!self.is_simulated()).then(|| KernelLog::begin(self.gate.root(), self.folder.kernel_log(), &boot));
        let (mut recorder, measured) = self.measured(machine, boot, milestone).await?;
        if let Some(kernel) = kernel {
            let report = kernel.read().await;
            if let Ok(at) = measured {
                recorder.mark(at, &Mark::Kernel(report.clone())).map_err(RunError::from)?;
            }
            self.kernel = Some(report);
        }
        Ok(recorder.finish(measured?).map_err(RunError::from)?)
    }

    /// Measures into a new recording. Returns the recording and its length.
    async fn measured(
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
        let objects =
            machine.objects.as_mut().filter(|_| scenario.stacks == Stacks::SecondLook && !self.created.no_stacks);
        let instruments = Instruments {
            source: machine.pool.as_mut(),
            objects: objects.map(|objects| objects.as_mut() as &mut dyn ObjectSource),
            recorder: &mut recorder,
            tell: &mut |event| {
                self.log.event(&event);
                self.meet_driver(&event);
            },
            stop: self.gate.stop.clone(),
            milestone,
        };
        let recording = self.folder.recording();
        let mut look_again = || look_again(scenario, &recording);
        let measured = measure(scenario, &shell, &mut output, instruments, &mut look_again).await;
        // The log is for people. A run that has measured must not fail because the last lines are missing.
        let _ = output.close();
        Ok((recorder, measured))
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
        self.log.remark(&format!("driver {met}"));
        // A run must not fail because of this. The report then looks up the driver again.
        let _ = keep(&self.folder.driver(), &met);
    }

    /// Returns the current state of the driver under test, or `None` if the scenario names no driver or simulates its
    /// kernel.
    pub(super) fn driver_now(&self) -> Option<Driver> {
        let scenario = self.scenario.as_ref().filter(|scenario| scenario.machine.is_none())?;
        scenario.driver.as_ref().map(|file| driver(self.gate.root(), file))
    }

    /// Adds the drivers that may own the leaked memory. A simulated kernel has none.
    pub(super) fn suspect(&self, report: &mut Report) {
        if self.is_simulated() {
            return;
        }
        suspect_here(report, self.gate.root());
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
        if self.is_simulated() { Ok(Vec::new()) } else { native::bugchecks(self.gate.root(), self.created.at) }
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
            program: self.gate.options.program.clone().map_or_else(std::env::current_exe, Ok)?,
            folder: self.created.home.clone(),
            run: self.created.run.clone(),
            variables,
            patience: process::patience(),
        })
    }
}

impl Work for ScenarioWork<'_> {
    async fn measure(
        &mut self,
        machine: &mut Machine,
        milestone: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<Digest, Failure> {
        let begun = self.folder.setup_begun();
        let mut milestone = |step: Milestone| {
            match step {
                Milestone::SettingUp => report::replace(&begun, b"")?,
                // If the file stays, teardown may run once more.
                Milestone::TornDown => drop(fs_err::remove_file(&begun)),
                Milestone::Note(_) => {}
            }
            milestone(step)
        };
        self.record(machine, &mut milestone).await
    }

    fn owes_teardown(&self) -> bool {
        self.folder.setup_begun().exists()
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
        let done = tear_down(scenario, &shell, &mut output, &mut |event| self.log.event(&event), &self.gate.stop).await;
        let _ = output.close();
        let boot = if self.is_simulated() { None } else { native::machine(self.gate.root()).boot.id().ok() };
        let kernel = boot.and_then(|boot| KernelLog::begun_before(self.gate.root(), self.folder.kernel_log(), &boot.0));
        if let Some(kernel) = kernel {
            self.kernel = Some(kernel.read().await);
        }
        let _ = fs_err::remove_file(self.folder.setup_begun());
        Ok(done?)
    }

    fn report(&mut self, state: &State) -> Result<(), Failure> {
        self.write_reports(state)
    }

    async fn wait_for_dumps(&mut self, state: &State) {
        if state.trouble.is_none() || !native::saves_dumps(self.gate.root()) {
            return;
        }
        let waiting = || self.log.remark("waiting until Windows has saved the dump of its crash");
        tokio::select! {
            () = self.gate.stop.asked(1) => {}
            // A log that cannot be read is noted in the report.
            () = until_saved(|| self.bugchecks().unwrap_or_default(), waiting) => {}
        }
    }

    async fn wait_to_retry(&mut self, length: Duration) -> bool {
        tokio::select! {
            () = self.gate.stop.asked(1) => false,
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
            () = self.gate.stop.asked(1) => Restart::EndsThisProcess,
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
