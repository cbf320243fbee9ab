//! The beginning of a run: its folder, the first report, and the checkpoint by which everything can be undone.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::Run;
use super::host::host;
use crate::cli::change::lines;
use crate::cli::find::is_unfinished;
use crate::cli::machine::Root;
use crate::cli::trouble;
use crate::exit::Exit;
use crate::machine::{Asked, Change, Machine, MachineError, native};
use crate::report::{self, Failure, Report};
use crate::run::drive::{Checkpoint, Created};
use crate::run::{MachineLock, RunFolder, full_path};
use crate::scenario::{Loaded, Scenario};

/// Begins a run of the scenario read from `path`; returns the folder with its checkpoint. What keeps it from beginning
/// is told here, and nothing has been changed then.
pub(super) fn begin(args: &Run, path: &Path, loaded: &Loaded) -> Result<PathBuf, Exit> {
    let scenario = &loaded.scenario;
    let now = Timestamp::now();
    let folder = RunFolder::create(&args.reports, scenario.scenario.as_str(), now).map_err(no_reports)?;
    let kernel = folder.simulated_kernel();
    let planned = free(args, scenario).and_then(|()| {
        let planned = args.root.machine(scenario, &kernel).and_then(|mut machine| {
            let (asked, changes) = planned(scenario, &mut machine)?;
            Ok((asked, changes, machine.boot.id()?))
        });
        planned.map_err(|error| failure(&error, error.help()))
    });
    let (asked, changes, boot) = match planned {
        Ok(planned) => planned,
        Err(failure) => return Err(cannot_begin(failure, &folder, loaded, now)),
    };
    let reboots = scenario.machine.is_none() && !changes.is_empty();
    if reboots && (!args.allow_reboot || args.scenarios.len() > 1) {
        // Nothing was run, so nothing is reported.
        let _ = fs_err::remove_dir_all(folder.path());
        return Err(may_not_reboot(args, &changes));
    }
    // Whatever keeps a run from coming back after its boots is found here, where nothing has been changed.
    let states = match reboots.then(|| coming_back(&args.root)).transpose() {
        Ok(states) => states,
        Err(failure) => return Err(cannot_begin(failure, &folder, loaded, now)),
    };
    let (format, version) = Created::format();
    let created = Created {
        format,
        version,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        machine: machine_id(&args.root, scenario),
        run: folder.run(),
        reports: folder.path().to_owned(),
        home: home(path).map_err(no_reports)?,
        scenario: crc32c::crc32c(loaded.text.as_bytes()),
        asked,
        changes,
        restart_after_restore: scenario.reboot.clone().unwrap_or_default().after_restore,
        boot,
        at: now,
    };
    report::replace(&folder.junit(), &report::junit(&first_report(&folder, loaded, now, Failure::not_finished())))
        .and_then(|()| report::replace(&folder.scenario(), loaded.text.as_bytes()))
        .map_err(no_reports)?;
    let state = state_folder(states.as_deref(), &folder, &loaded.text).map_err(no_reports)?;
    anstream::eprintln!("{} → {}", path.display(), folder.path().display());
    match Checkpoint::create(state.join("checkpoint.jsonl"), created) {
        Ok(_) => Ok(state),
        Err(error) => {
            trouble::tell_plainly(error);
            Err(Exit::Failed)
        }
    }
}

/// What tells the machine of `scenario` from others.
pub(super) fn machine_id(root: &Root, scenario: &Scenario) -> String {
    match scenario.machine {
        Some(_) => String::new(),
        None => native::machine_id(root.folder()),
    }
}

/// What the scenario asks for, and what has to be changed for that on the machine as it is.
pub(crate) fn planned(scenario: &Scenario, machine: &mut Machine) -> Result<(Vec<Asked>, Vec<Change>), MachineError> {
    let flags = scenario.flags.clone().unwrap_or_default();
    let verifier = flags.verifier.map(|verifier| {
        let drivers = verifier.drivers.iter().map(|name| name.as_str().to_owned()).collect();
        Asked::Verifier { drivers, level: verifier.level }
    });
    // `pool_tagging: if_needed` is what a scenario asks for when it says nothing.
    let asked: Vec<Asked> = std::iter::once(Asked::PoolTagging)
        .chain(flags.gflags.into_iter().map(Asked::GlobalFlag))
        .chain(verifier)
        .chain(flags.kernel_cmdline.into_iter().map(Asked::KernelParameter))
        .collect();
    let changes = machine.flags.plan(&asked)?;
    Ok((asked, changes))
}

/// Where the checkpoint lives. A run which comes back after a boot is taken up by root, and so from a folder among `states`,
/// which only root can write; one that changes nothing stays with its reports.
fn state_folder(states: Option<&Path>, folder: &RunFolder, scenario: &str) -> io::Result<PathBuf> {
    let Some(states) = states else { return Ok(folder.path().to_owned()) };
    let state = states.join(folder.run());
    fs_err::create_dir(&state)?;
    report::replace(&state.join("scenario.yaml"), scenario.as_bytes())?;
    Ok(state)
}

/// Commands run in the scenario's own folder.
fn home(scenario: &Path) -> io::Result<PathBuf> {
    let home = scenario.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    full_path(home)
}

fn first_report(folder: &RunFolder, loaded: &Loaded, now: Timestamp, failure: Failure) -> Report {
    let scenario = &loaded.scenario;
    Report {
        scenario: scenario.scenario.as_str().to_owned(),
        thresholds: scenario.thresholds().iter().map(|threshold| threshold.words()).collect(),
        run: folder.run(),
        started: now,
        ended: now,
        host: host(),
        driver: None,
        source: String::new(),
        boot: String::new(),
        result: Err(failure),
        notes: Vec::new(),
        suspects: Vec::new(),
    }
}

fn may_not_reboot(args: &Run, changes: &[Change]) -> Exit {
    let what = changes.iter().map(|change| format!("\n  {}", lines(change).join("\n    ")));
    let help = match args.allow_reboot {
        false => "say --allow-reboot (or POOLGATE_ALLOW_REBOOT=1) to let it reboot this machine",
        true => "run it by itself: the restart ends this command, and no further scenario would be run",
    };
    let what = what.collect::<String>();
    trouble::tell(
        format_args!("the scenario needs a reboot with other flags, and another to put them back:{what}"),
        Some(help),
    );
    Exit::Usage
}

/// Whether this machine has no other run. Looked at again when the run is taken up; here it is reported.
fn free(args: &Run, scenario: &Scenario) -> Result<(), Failure> {
    if scenario.machine.is_some() {
        return Ok(());
    }
    match MachineLock::take(&args.root.lock(), "a run which is about to begin") {
        Ok(_) => Ok(()),
        Err(error) => Err(failure(&error, Some(error.help()))),
    }
}

/// Sees to what a run needs that comes back after a boot; returns the folder which holds the state of such runs.
fn coming_back(root: &Root) -> Result<PathBuf, Failure> {
    let prepared = native::prepare_state_folder(root.folder()).and_then(|states| {
        let next = native::machine(root.folder()).autostart.get()?;
        Ok((states, next.filter(|run| is_unfinished(run))))
    });
    match prepared.map_err(|error| failure(&error, error.help()))? {
        (states, None) => Ok(states),
        (_, Some(other)) => {
            let message = format!("another run is not over, and goes on after the next boot: {}", other.display());
            Err(failure(&message, Some("end it first: poolgate resume, or poolgate abort")))
        }
    }
}

fn failure(error: &impl std::fmt::Display, help: Option<&str>) -> Failure {
    Failure { message: error.to_string(), help: help.map(str::to_owned), output: String::new() }
}

/// Reports a run which could not begin.
fn cannot_begin(failure: Failure, folder: &RunFolder, loaded: &Loaded, now: Timestamp) -> Exit {
    let report = first_report(folder, loaded, now, failure);
    anstream::println!("\n{}", report::table(&report, crate::cli::terminal::width()));
    if let Err(error) = report::replace(&folder.junit(), &report::junit(&report)) {
        return no_reports(error);
    }
    Exit::Failed
}

fn no_reports(error: io::Error) -> Exit {
    let help = "make the reports folder writable, or name another with --reports";
    trouble::tell(format_args!("cannot report a run, so nothing was run: {error}"), Some(help));
    Exit::Failed
}
