//! A gate runs a scenario and returns its outcome: flags and restarts, measurement, verdicts and reports.
//!
//! A run begins in its folder and then continues from its checkpoint, in this process and in one more after each
//! restart of the machine. This is the only place where `run`, `judge` and `report` meet. A gate prints nothing: it
//! passes each [`Notice`] to the caller's observer.

use std::io;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::machine::SettingChange;
use crate::report::{Outcome, Report};
use crate::run::{RunEvent, Stop, brake, process};
use crate::scenario::Loaded;

mod abort;
mod aftermath;
mod begin;
mod close;
mod host;
mod kernel_log;
mod machine;
mod reporting;
mod resume;
mod run_log;
pub(crate) mod runs;
mod second_look;
mod stop_signals;
pub(crate) mod suites;
pub(crate) mod suspects;
mod trusted;
mod warden;
mod work;

pub(crate) use abort::Aborted;
pub(crate) use host::{driver, host};
pub(crate) use machine::{booted, planned};
pub(crate) use stop_signals::stop_on_signals;
pub use warden::serve_as_warden;

/// The settings of a gate.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder in which each run creates its own folder.
    pub reports: PathBuf,
    /// The folder with the kernel's files, `/` for this machine itself.
    pub root: PathBuf,
    /// Whether a scenario that needs a reboot may restart this machine.
    pub allow_reboot: bool,
    /// Whether the commands run in a copy of the scenario's folder that only administrators can write to.
    pub trust_folder: bool,
    /// Whether no objects are followed by call path, whatever the scenario wants.
    pub no_stacks: bool,
    /// The poolgate program that guards the commands. `None` is this process's own program, which must then begin with
    /// [`serve_as_warden`].
    pub program: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        let (reports, root) = (PathBuf::from("reports"), PathBuf::from("/"));
        Options { reports, root, allow_reboot: false, trust_folder: false, no_stacks: false, program: None }
    }
}

/// A report on the progress of runs, for the observer of a gate.
#[derive(Debug)]
pub enum Notice<'a> {
    /// A run begins.
    Begins {
        /// The scenario's file.
        scenario: &'a Path,
        /// The folder of the run's reports.
        reports: &'a Path,
    },
    /// This process continues a run, possibly one that has just begun.
    Continues {
        /// Whether the run restarts the machine.
        restarts: bool,
    },
    /// An event of the run.
    Event(&'a RunEvent),
    /// A remark for people.
    Remark(&'a str),
    /// The report of the run, before it is written.
    Report(&'a Report),
}

/// The state of a run when this process cannot continue it any further.
#[derive(Debug)]
pub enum Reached {
    /// The run is over.
    Over(Outcome),
    /// The flags cannot be restored yet. The failure lists the remaining steps.
    NotRestored(Failure),
    /// The machine is restarting, and autostart will resume the run.
    Restarting,
    /// The simulated machine was restarted. The run must be resumed; [`Gate::run`] does so itself.
    SimulatedRestart,
}

/// The reason why a run did not begin, or cannot continue.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The changes need a reboot, which the options do not allow. Nothing was changed.
    #[error("the scenario needs a reboot to change flags, and another to restore them")]
    NeedsReboot(Vec<SettingChange>),
    /// The run did not begin. Its report gives the reason.
    #[error("{}", failure.message)]
    NotBegun {
        /// The folder of the run's reports.
        reports: PathBuf,
        /// The reason.
        failure: Failure,
    },
    /// The reports cannot be written.
    #[error("cannot write reports, so nothing was run: {0}")]
    NoReports(io::Error),
    /// The run cannot continue in this process.
    #[error("{}", .0.message)]
    CannotContinue(Failure),
}

impl GateError {
    /// Returns advice for the user.
    pub fn help(&self) -> Option<&str> {
        match self {
            GateError::NeedsReboot(_) => {
                Some("allow reboots of this machine, or run the scenario on a simulated kernel")
            }
            GateError::NoReports(_) => Some("make the reports folder writable, or give another with --reports"),
            GateError::NotBegun { failure, .. } | GateError::CannotContinue(failure) => failure.help.as_deref(),
        }
    }

    /// Returns a [`GateError::CannotContinue`] with the message and advice of `error`.
    fn from_error(error: &dyn miette::Diagnostic) -> GateError {
        GateError::CannotContinue(Failure::from_error(error))
    }

    /// Returns a [`GateError::CannotContinue`].
    fn cannot_continue(message: impl std::fmt::Display, help: Option<&str>) -> GateError {
        GateError::CannotContinue(Failure { help: help.map(str::to_owned), ..Failure::new(message) })
    }
}

/// Runs scenarios.
pub struct Gate<'a> {
    options: Options,
    observer: &'a dyn Fn(Notice<'_>),
    stop: Stop,
}

impl<'a> Gate<'a> {
    /// Returns a gate without an observer and without requests to stop.
    pub fn new(options: Options) -> Gate<'a> {
        Gate { options, observer: &|_| {}, stop: brake().1 }
    }

    /// Sets the function that receives each notice.
    #[must_use]
    pub fn observed_by(self, observer: &'a dyn Fn(Notice<'_>)) -> Gate<'a> {
        Gate { observer, ..self }
    }

    /// Sets the receiver of requests to stop a run early.
    #[must_use]
    pub fn stopped_by(self, stop: Stop) -> Gate<'a> {
        Gate { stop, ..self }
    }

    /// Runs a scenario as far as this process can: to its outcome, unless the machine restarts. The commands run in the
    /// folder of the file `path`.
    ///
    /// # Errors
    /// If the run did not begin, or cannot continue.
    pub async fn run(&self, path: &Path, scenario: &Loaded) -> Result<Reached, GateError> {
        let begun = self.begin(path, scenario)?;
        self.resume(&begun.state).await
    }

    /// Continues the run with its checkpoint in `folder` as far as this process can.
    ///
    /// # Errors
    /// If the run cannot continue. Nothing is lost: it can be resumed again.
    pub async fn resume(&self, folder: &Path) -> Result<Reached, GateError> {
        loop {
            match self.resume_in_this_boot(folder).await? {
                Reached::SimulatedRestart => {}
                reached => return Ok(reached),
            }
        }
    }

    fn notice(&self, notice: Notice<'_>) {
        (self.observer)(notice);
    }

    fn remark(&self, remark: &str) {
        self.notice(Notice::Remark(remark));
    }

    fn root(&self) -> &Path {
        &self.options.root
    }
}

/// Runs async work in this thread, in a process that is prepared for running commands.
///
/// # Errors
/// If the process cannot be prepared.
pub fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    process::prepare()?;
    let done = runtime.block_on(work);
    // A process that cannot be killed may keep a pipe open for ever, with a thread reading it.
    runtime.shutdown_background();
    Ok(done)
}
