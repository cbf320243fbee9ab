//! The beginning of a run: its folders, the first report, and the checkpoint that allows poolgate to undo everything.
// long because a run begins here, or leaves nothing behind.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Run;
use super::close::remove_old;
use super::host::host;
use super::suites::Suites;
use crate::cli::args::machine::Root;
use crate::cli::args::which_run::is_unfinished;
use crate::cli::change::lines;
use crate::cli::output::errors;
use crate::cli::output::stdout::{styled, tell};
use crate::cli::output::talk::is_verbose;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::machine::{BootId, FlagValue, Machine, MachineError, RequestedSetting, SettingChange, native};
use crate::record::{Digest, JournalError};
use crate::report::{self, Report};
use crate::run::drive::{Checkpoint, CheckpointError, Created, saved_original};
use crate::run::{MachineLock, RunFolder, full_path};
use crate::scenario::{Loaded, OnBootFailure, Scenario};

/// Begins a run of the scenario read from `path`. Returns the folder with its checkpoint. If the run cannot begin, the
/// reason has been reported and no setting has been changed.
pub(super) fn begin(args: &Run, path: &Path, loaded: &Loaded, suites: &mut Suites) -> Result<PathBuf, Exit> {
    let scenario = &loaded.scenario;
    let now = Timestamp::now();
    let reports = RunFolder::create(&args.reports, scenario.name.as_str(), now).map_err(no_reports)?;
    suites.begun(reports.path());
    let cannot_begin = |failure| Err(cannot_begin(failure, &reports, loaded, now));
    // Hold the lock until the checkpoint exists, so that no other process takes the folder for the remains of a crash.
    let _machine = match own(args, scenario) {
        Ok(lock) => lock,
        Err(failure) => return cannot_begin(failure),
    };
    let plan = match plan(args, scenario, &reports) {
        Ok(plan) => plan,
        Err(error) => return cannot_begin(Failure::from(error)),
    };
    let reboots = scenario.machine.is_none() && !plan.changes.is_empty();
    if reboots && (!args.allow_reboot || args.scenarios.len() > 1) {
        // No command ran, so there is nothing to report.
        let _ = fs_err::remove_dir_all(reports.path());
        return Err(may_not_reboot(args, &plan.changes));
    }
    let home = home(path).map_err(no_reports)?;
    // Without a reboot, only the user who starts the commands now runs them; they do not run after a crash.
    let trusted = match scenario.machine.is_none() && native::is_privileged() && !args.trust_folder {
        true => commands_trusted(scenario, &home),
        false => Ok(()),
    };
    if let (true, Err(error)) = (reboots, &trusted) {
        return cannot_begin(Failure::from_error(error));
    }
    let state = match state_folder(args, scenario, &reports, reboots) {
        Ok(state) => state,
        Err(failure) => return cannot_begin(failure),
    };
    let comes_back = state.is_some() && plan.changes.is_empty() && trusted.is_ok();
    let home = match (&state, args.trust_folder) {
        (Some(state), true) => match trusted_copy(&home, state, &args.reports) {
            Ok(copy) => copy,
            Err(error) => {
                let _ = fs_err::remove_dir_all(state);
                return cannot_begin(Failure::from(error));
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
        scenario_name: scenario.name.as_str().to_owned(),
        thresholds: words(scenario),
        simulated: scenario.machine.is_some(),
        comes_back,
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
    tell!("{} → {}", path.display(), reports.path().display());
    match written {
        Ok(()) => Ok(state),
        Err(failure) => {
            let failure = Failure { message: format!("{}, so nothing was run", failure.message), ..failure };
            let exit = report_failure(failure, &state, &reports, loaded, now);
            if state != reports.path() {
                let _ = fs_err::remove_dir_all(&state);
            }
            Err(exit)
        }
    }
}

/// Returns an identifier of the machine that `scenario` runs on.
pub(super) fn machine_id(root: &Root, scenario: &Scenario) -> Result<String, MachineError> {
    match scenario.machine {
        Some(_) => Ok(String::new()),
        None => native::machine_id(root.folder()),
    }
}

/// Returns the settings that the scenario asks for, and the changes that they need on this machine.
pub(crate) fn planned(
    scenario: &Scenario,
    machine: &mut Machine,
) -> Result<(Vec<RequestedSetting>, Vec<SettingChange>), MachineError> {
    let flags = scenario.flags.clone().unwrap_or_default();
    let verifier = flags.verifier.map(|verifier| {
        let drivers = verifier.drivers.iter().map(|name| name.as_str().to_owned()).collect();
        let reset_on_boot_failure = verifier.on_boot_failure == OnBootFailure::Reset;
        RequestedSetting::Verifier { drivers, level: verifier.level, reset_on_boot_failure }
    });
    // `pool_tagging: if_needed` is the default.
    let asked: Vec<RequestedSetting> = std::iter::once(RequestedSetting::PoolTagging)
        .chain(flags.gflags.into_iter().map(RequestedSetting::GlobalFlag))
        .chain(verifier)
        .chain(flags.kernel_cmdline.into_iter().map(RequestedSetting::KernelParameter))
        .collect();
    let changes = machine.flags.plan(&asked)?;
    Ok((asked, changes))
}

/// The planned changes to the machine's boot settings.
struct Plan {
    asked: Vec<RequestedSetting>,
    changes: Vec<SettingChange>,
    boot: BootId,
    /// The identifier of the machine.
    machine: String,
}

fn plan(args: &Run, scenario: &Scenario, reports: &RunFolder) -> Result<Plan, MachineError> {
    let mut machine = args.root.machine(scenario, &reports.simulated_kernel())?;
    let (asked, changes) = planned(scenario, &mut machine)?;
    Ok(Plan { asked, changes, boot: machine.boot.id()?, machine: machine_id(&args.root, scenario)? })
}

/// Locks the machine, so that no other run can begin.
fn own(args: &Run, scenario: &Scenario) -> Result<Option<MachineLock>, Failure> {
    if scenario.machine.is_some() {
        return Ok(None);
    }
    let lock = MachineLock::take(&args.root.lock(), "a run which is about to begin");
    lock.map(Some).map_err(|error| Failure::from_error(&error))
}

/// Creates the folder for the state of this run. A run on the real machine that begins with administrator rights also
/// resumes with them, so no other user may write to its state. Returns `None` for all other runs, which keep their
/// state with their reports. A run that `reboots` needs the folder, so it fails without one.
fn state_folder(
    args: &Run,
    scenario: &Scenario,
    reports: &RunFolder,
    reboots: bool,
) -> Result<Option<PathBuf>, Failure> {
    if scenario.machine.is_some() || !(reboots || native::is_privileged()) {
        return Ok(None);
    }
    let root = args.root.folder();
    let states = match native::prepare_state_folder(root) {
        Ok(states) => states,
        Err(error) if reboots => return Err(Failure::from(error)),
        // For example, a container may have read-only access to the host's files.
        Err(_) => return Ok(None),
    };
    let next = match native::machine(root).autostart.get() {
        Ok(next) => next,
        Err(error) if reboots => return Err(Failure::from(error)),
        Err(_) => None,
    };
    if let Some(other) = next.filter(|run| is_unfinished(run)) {
        let message = format!("another run is unfinished and resumes after the next boot: {}", other.display());
        let help = "finish it first with poolgate resume, or end it with poolgate abort";
        return Err(Failure::with_help(message, help));
    }
    remove_old(&states);
    native::make_state(root, &reports.run()).map(Some).map_err(Failure::from)
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

fn may_not_reboot(args: &Run, changes: &[SettingChange]) -> Exit {
    let what = changes.iter().map(|change| format!("\n  {}", lines(change).join("\n    ")));
    let help = match args.allow_reboot {
        false => "give --allow-reboot (or set POOLGATE_ALLOW_REBOOT=1) to permit reboots of this machine",
        true => "run this scenario alone: the restart ends this command, so later scenarios would not run",
    };
    let what = what.collect::<String>();
    errors::tell(
        format_args!("the scenario needs a reboot to change flags, and another to restore them:{what}"),
        Some(help),
    );
    Exit::Usage
}

/// Reports a run that could not begin.
fn cannot_begin(failure: Failure, folder: &RunFolder, loaded: &Loaded, now: Timestamp) -> Exit {
    if loaded.scenario.machine.is_some() || !native::is_privileged() {
        return report_failure(failure, folder.path(), folder, loaded, now);
    }
    match tempfile::tempdir() {
        Ok(state) => report_failure(failure, state.path(), folder, loaded, now),
        Err(error) => no_reports(error),
    }
}

fn report_failure(failure: Failure, state: &Path, folder: &RunFolder, loaded: &Loaded, now: Timestamp) -> Exit {
    let report = first_report(folder.run(), loaded, now, failure);
    styled(&format!(
        "\n{}",
        report::table(&report, crate::cli::output::terminal::width(), report::RowLimit::OF_RUN, is_verbose())
    ));
    match publish(state, folder, &report::junit(&report)) {
        Ok(()) => Exit::Failed,
        Err(error) => no_reports(io::Error::other(error)),
    }
}

fn no_reports(error: io::Error) -> Exit {
    let help = "make the reports folder writable, or give another with --reports";
    errors::tell(format_args!("cannot write reports, so nothing was run: {error}"), Some(help));
    Exit::Failed
}
