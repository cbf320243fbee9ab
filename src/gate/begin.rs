//! The beginning of a run: its folders, the first report, and the checkpoint that allows poolgate to undo everything.
// long because a run begins here, or leaves nothing behind.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::close::remove_old;
use super::host::host;
use super::machine::{asked_and_planned, machine_for, machine_id};
use super::runs::is_unfinished;
use super::{Gate, GateError, Notice};
use crate::failure::Failure;
use crate::machine::{BootId, FlagValue, MachineError, RequestedSetting, SettingChange, native};
use crate::record::{Digest, JournalError};
use crate::report::{self, Report};
use crate::run::drive::{Checkpoint, CheckpointError, Created, saved_original};
use crate::run::{MachineLock, RunFolder, full_path};
use crate::scenario::{Loaded, Scenario};

/// A run that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    /// The folder with the checkpoint.
    pub(crate) state: PathBuf,
    /// The folder of the reports.
    pub(crate) reports: PathBuf,
}

impl Gate<'_> {
    /// Begins a run of the scenario read from `path`. If it cannot begin, no setting has been changed, and the reports
    /// give the reason if they can be written.
    pub(crate) fn begin(&self, path: &Path, loaded: &Loaded) -> Result<Begun, GateError> {
        let options = &self.options;
        let scenario = &loaded.scenario;
        let now = Timestamp::now();
        let name = scenario.name.as_str();
        let reports = RunFolder::create(&options.reports, name, now).map_err(GateError::NoReports)?;
        let cannot_begin = |failure| Err(self.cannot_begin(failure, &reports, loaded, now));
        // Hold the lock until the checkpoint exists, so that no other process takes the folder for the remains of a crash.
        let _machine = match self.lock_machine(scenario) {
            Ok(lock) => lock,
            Err(failure) => return cannot_begin(failure),
        };
        let plan = match plan(self.root(), scenario, &reports) {
            Ok(plan) => plan,
            Err(error) => return cannot_begin(Failure::from_error(&error)),
        };
        let reboots = scenario.machine.is_none() && !plan.changes.is_empty();
        if reboots && !options.allow_reboot {
            // No command ran, so there is nothing to report.
            let _ = fs_err::remove_dir_all(reports.path());
            return Err(GateError::NeedsReboot(plan.changes));
        }
        let home = home(path).map_err(GateError::NoReports)?;
        // Without a reboot, only the user who starts the commands now runs them; they do not run after a crash.
        let trusted = match scenario.machine.is_none() && native::is_privileged() && !options.trust_folder {
            true => commands_trusted(scenario, &home),
            false => Ok(()),
        };
        if let (true, Err(error)) = (reboots, &trusted) {
            return cannot_begin(Failure::from_error(error));
        }
        let state = match self.state_folder(scenario, &reports, reboots) {
            Ok(state) => state,
            Err(failure) => return cannot_begin(failure),
        };
        let comes_back = state.is_some() && plan.changes.is_empty() && trusted.is_ok();
        let home = match (&state, options.trust_folder) {
            (Some(state), true) => match trusted_copy(&home, state, &options.reports) {
                Ok(copy) => copy,
                Err(error) => {
                    let _ = fs_err::remove_dir_all(state);
                    return cannot_begin(Failure::from_error(&error));
                }
            },
            _ => home,
        };
        let (format, version) = Created::format();
        let created = Created {
            format,
            version,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            machine: plan.machine,
            run: reports.run(),
            reports: reports.path().to_owned(),
            home,
            scenario_sha256: Digest::hash(loaded.text.as_bytes()),
            scenario_name: name.to_owned(),
            thresholds: words(scenario),
            simulated: scenario.machine.is_some(),
            comes_back,
            no_stacks: options.no_stacks,
            asked: plan.asked,
            changes: plan.changes,
            restart_after_restore: scenario.reboot.clone().unwrap_or_default().after_restore,
            boot: plan.boot,
            at: now,
        };
        let draft = report::junit(&first_report(reports.run(), loaded, now, report::not_finished()));
        let state = state.unwrap_or_else(|| reports.path().to_owned());
        let written = publish(&state, &reports, &draft)
            .map_err(Failure::new)
            .and_then(|()| write_state(&state, created, &loaded.text).map_err(Failure::new));
        self.notice(Notice::Begins { scenario: path, reports: reports.path() });
        match written {
            Ok(()) => Ok(Begun { state, reports: reports.path().to_owned() }),
            Err(failure) => {
                let failure = Failure { message: format!("{}, so nothing was run", failure.message), ..failure };
                let error = self.report_failure(failure, &state, &reports, loaded, now);
                if state != reports.path() {
                    let _ = fs_err::remove_dir_all(&state);
                }
                Err(error)
            }
        }
    }

    /// Locks the machine, so that no other run can begin.
    fn lock_machine(&self, scenario: &Scenario) -> Result<Option<MachineLock>, Failure> {
        if scenario.machine.is_some() {
            return Ok(None);
        }
        let lock = MachineLock::take(&native::lock_file(self.root()), "a run which is about to begin");
        lock.map(Some).map_err(|error| Failure::from_error(&error))
    }

    /// Creates the folder for the state of this run. A run on the real machine that begins with administrator rights
    /// also resumes with them, so no other user may write to its state. Returns `None` for all other runs, which keep
    /// their state with their reports. A run that `reboots` needs the folder, so it fails without one.
    fn state_folder(
        &self,
        scenario: &Scenario,
        reports: &RunFolder,
        reboots: bool,
    ) -> Result<Option<PathBuf>, Failure> {
        if scenario.machine.is_some() || !(reboots || native::is_privileged()) {
            return Ok(None);
        }
        let root = self.root();
        let states = match native::prepare_state_folder(root) {
            Ok(states) => states,
            Err(error) if reboots => return Err(Failure::from_error(&error)),
            // For example, a container may have read-only access to the host's files.
            Err(_) => return Ok(None),
        };
        let next = match native::machine(root).autostart.get() {
            Ok(next) => next,
            Err(error) if reboots => return Err(Failure::from_error(&error)),
            Err(_) => None,
        };
        if let Some(other) = next.filter(|run| is_unfinished(run)) {
            let message = format!("another run is unfinished and resumes after the next boot: {}", other.display());
            return Err(Failure::with_help(
                message,
                "finish it first with poolgate resume, or end it with poolgate abort",
            ));
        }
        remove_old(&states);
        native::make_state(root, &reports.run()).map(Some).map_err(|error| Failure::from_error(&error))
    }

    /// Reports a run that could not begin.
    fn cannot_begin(&self, failure: Failure, folder: &RunFolder, loaded: &Loaded, now: Timestamp) -> GateError {
        if loaded.scenario.machine.is_some() || !native::is_privileged() {
            return self.report_failure(failure, folder.path(), folder, loaded, now);
        }
        match tempfile::tempdir() {
            Ok(state) => self.report_failure(failure, state.path(), folder, loaded, now),
            Err(error) => GateError::NoReports(error),
        }
    }

    fn report_failure(
        &self,
        failure: Failure,
        state: &Path,
        folder: &RunFolder,
        loaded: &Loaded,
        now: Timestamp,
    ) -> GateError {
        let report = first_report(folder.run(), loaded, now, failure.clone());
        self.notice(Notice::Report(&report));
        match publish(state, folder, &report::junit(&report)) {
            Ok(()) => GateError::NotBegun { reports: folder.path().to_owned(), failure },
            Err(error) => GateError::NoReports(io::Error::other(error)),
        }
    }
}

/// The planned changes to the machine's boot settings.
struct BootPlan {
    asked: Vec<RequestedSetting>,
    changes: Vec<SettingChange>,
    boot: BootId,
    /// The identifier of the machine.
    machine: String,
}

fn plan(root: &Path, scenario: &Scenario, reports: &RunFolder) -> Result<BootPlan, MachineError> {
    let mut machine = machine_for(scenario, root, &reports.simulated_kernel())?;
    let (asked, changes) = asked_and_planned(scenario, &mut machine)?;
    Ok(BootPlan { asked, changes, boot: machine.boot.id()?, machine: machine_id(root, scenario)? })
}

/// Refuses a scenario if another user could replace its commands and so abuse the rights of a resumed run.
pub(super) fn commands_trusted(scenario: &Scenario, home: &Path) -> Result<(), MachineError> {
    let steps = scenario.setup.iter().chain(&scenario.teardown).map(|step| step.run.as_str());
    let lines: Vec<&str> = steps.chain(std::iter::once(scenario.workload.run.as_str())).collect();
    native::commands_trusted(home, &lines)
}

/// Copies the scenario's folder to a place that no other user can change. Returns the copy.
fn trusted_copy(home: &Path, state: &Path, reports: &Path) -> Result<PathBuf, MachineError> {
    let copy = state.join("home");
    native::copy_trusted_folder(home, &copy, Some(reports))?;
    Ok(copy)
}

/// Writes everything needed to end this run after a crash. The checkpoint comes last; with it, the run exists.
fn write_state(state: &Path, created: Created, scenario: &str) -> Result<(), CheckpointError> {
    let io = |error: io::Error| CheckpointError::from(JournalError::Io(error));
    let folder = RunFolder::open(state).map_err(io)?;
    report::replace(&folder.scenario(), scenario.as_bytes()).map_err(io)?;
    for (at, change) in created.changes.iter().enumerate() {
        if let FlagValue::Present(text) = &change.original {
            report::replace(&saved_original(state, at + 1), text.as_bytes()).map_err(io)?;
        }
    }
    Checkpoint::create(folder.beginning(), created.clone())?;
    Checkpoint::create(folder.checkpoint(), created).map(drop)
}

/// Writes `junit` for the reader of the reports. It is first written in the state folder and then handed over, because
/// the reports folder may belong to another user.
fn publish(state: &Path, reports: &RunFolder, junit: &[u8]) -> Result<(), MachineError> {
    let written = RunFolder::open(state).and_then(|state| report::replace(&state.junit(), junit));
    written.map_err(|source| MachineError::unwritable(state.join("junit.xml"), source))?;
    if state == reports.path() { Ok(()) } else { native::hand_over(state, reports.path(), &["junit.xml"]) }
}

/// Returns the scenario's own folder. Its commands run there.
fn home(scenario: &Path) -> io::Result<PathBuf> {
    let home = scenario.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    full_path(home)
}

fn words(scenario: &Scenario) -> Vec<String> {
    scenario.thresholds().iter().map(|threshold| threshold.words()).collect()
}

pub(super) fn first_report(run: String, loaded: &Loaded, now: Timestamp, failure: Failure) -> Report {
    let scenario = &loaded.scenario;
    Report {
        thresholds: words(scenario),
        started: now,
        ended: now,
        host: Some(host()),
        result: Err(failure),
        ..Report::new(scenario.name.as_str(), run)
    }
}
