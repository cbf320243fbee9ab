//! `poolgate run` runs scenarios one after the other, and reports their outcomes.
//!
//! A run begins in its folder, and is then resumed from its checkpoint, by this process and by one more after each
//! restart of the machine. On a simulated machine, the process itself restarts, if the system can replace a process by
//! another.

use std::path::{Path, PathBuf};

use crate::cli::args::machine::Root;
use crate::cli::args::which_run::state;
use crate::cli::output::errors;
use crate::cli::output::stdout::say;
#[cfg(unix)]
use crate::cli::output::talk::Talk;
use crate::exit::Exit;
use crate::report::Outcome;
use crate::run::{Stop, process};
use crate::scenario::Loaded;
use suites::Suites;

mod aftermath;
mod again;
mod begin;
mod close;
mod host;
mod job;
mod kernel_log;
mod life;
mod listen;
mod reporting;
mod suites;

pub(super) use begin::planned;
pub(super) use host::{driver, host};
pub(super) use life::{Life, beginning, go_on, live, own, take_up};
pub(super) use listen::listen;

/// Runs scenarios.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// Scenarios: YAML files, folders of YAML files, or wildcards
    #[arg(required_unless_present = "resume", value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Create each run's folder in this folder
    #[arg(long, value_name = "FOLDER", default_value = "reports")]
    reports: PathBuf,
    /// Also write JUnit XML, with one suite for each scenario; a run counts as "did not finish" until it is over
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Allow scenarios that need a reboot to restart this machine
    #[arg(long, env = "POOLGATE_ALLOW_REBOOT", value_parser = clap::builder::FalseyValueParser::new())]
    allow_reboot: bool,
    /// Copy the scenario's folder to a place that only administrators can write to, and run its commands there. Use
    /// this for a run that reboots if other users can write to the folder
    #[arg(long)]
    trust_folder: bool,
    /// The worst outcome of earlier scenarios; for internal use
    #[arg(long, hide = true, default_value = "held")]
    worst: Outcome,
    /// The reports folder of an earlier run; for internal use
    #[arg(long, hide = true, value_name = "FOLDER")]
    begun: Vec<PathBuf>,
    /// A run to resume before the scenarios; for internal use
    #[arg(long, hide = true)]
    resume: Option<PathBuf>,
    #[command(flatten)]
    root: Root,
}

impl Run {
    pub(super) fn run(self) -> Exit {
        in_runtime(self.all())
    }

    async fn all(mut self) -> Exit {
        // Read all scenarios before running any, so that a mistake in the last one is found at once.
        let Some(scenarios) = errors::load_all(&self.scenarios) else { return Exit::Usage };
        self.scenarios = scenarios.iter().map(|(path, _)| path.clone()).collect();
        let stop = listen();
        let mut suites = Suites::new(self.junit.clone(), std::mem::take(&mut self.begun));
        // Report an unwritable file before running anything.
        if let Err(exit) = suites.write() {
            return exit;
        }
        let ended = self.each(&scenarios, &mut suites, &stop).await;
        if ended != Exit::NotFinished {
            suites.summary().into_iter().for_each(|summary| say!("\n{summary}"));
        }
        match suites.write() {
            Ok(()) => ended,
            Err(_) if matches!(ended, Exit::Held | Exit::Unclear) => Exit::Failed,
            Err(_) => ended,
        }
    }

    async fn each(&self, scenarios: &[(PathBuf, Loaded)], suites: &mut Suites, stop: &Stop) -> Exit {
        let mut worst = self.worst;
        if let Some(folder) = &self.resume {
            match self.take_up(folder, worst, &self.scenarios, suites, stop).await {
                Ok(outcome) => worst = worst.max(outcome),
                Err(exit) => return exit,
            }
        }
        if scenarios.iter().any(|(_, loaded)| loaded.scenario.machine.is_none()) {
            close::close_dead(&self.root, stop).await;
        }
        for (at, (path, loaded)) in scenarios.iter().enumerate() {
            if stop.is_asked() {
                errors::tell_plainly(format_args!("{} was not run: interrupted", path.display()));
                suites.not_run(loaded, "not run: interrupted");
                worst = Outcome::Error;
                continue;
            }
            let still_running = process::still_running();
            if !still_running.is_empty() {
                let why = format!("an earlier scenario left {} running", still_running.join(", "));
                suites.not_run(loaded, &format!("not run: {why}"));
                let what = format!("{} was not run: {why}", path.display());
                let help = "restart the machine, then run it: a process that hangs in the kernel cannot be ended";
                errors::tell(what, Some(help));
                worst = Outcome::Error;
                continue;
            }
            let outcome = match begin::begin(self, path, loaded, suites) {
                Ok(folder) => {
                    // Until the run is over, the file reports that it did not finish.
                    let _ = suites.write();
                    self.take_up(&folder, worst, &self.scenarios[at + 1..], suites, stop).await
                }
                Err(Exit::Usage) => return Exit::Usage,
                Err(_) => Ok(Outcome::Error),
            };
            match outcome {
                Ok(outcome) => worst = worst.max(outcome),
                Err(exit) => return exit,
            }
        }
        worst.into()
    }

    /// Continues a run as far as this process can: to its outcome, unless the machine restarts.
    async fn take_up(
        &self,
        folder: &Path,
        worst: Outcome,
        rest: &[PathBuf],
        suites: &Suites,
        stop: &Stop,
    ) -> Result<Outcome, Exit> {
        loop {
            match live(folder, &self.root, stop).await {
                Life::Over(outcome) => return Ok(outcome),
                Life::NotRestored => return Err(tell_not_restored(folder)),
                Life::Restarting => return Err(Exit::NotFinished),
                Life::SimulatedRestart => self.simulated_restart(folder, worst, rest, suites)?,
            }
        }
    }

    /// Replaces this process by another, like a machine that boots and finds autostart.
    #[cfg(unix)]
    fn simulated_restart(&self, folder: &Path, worst: Outcome, rest: &[PathBuf], suites: &Suites) -> Result<(), Exit> {
        let no_restart = |error: std::io::Error| {
            errors::tell_plainly(format_args!("the simulated machine cannot restart: {error}"));
            Exit::Failed
        };
        let mut next = std::process::Command::new(std::env::current_exe().map_err(no_restart)?);
        next.arg("run").arg("--resume").arg(folder).arg("--worst").arg(worst.to_string());
        next.arg("--reports").arg(&self.reports).args(Talk::options()).args(rest);
        if let Some(file) = &self.junit {
            next.arg("--junit").arg(file);
        }
        suites.folders().iter().for_each(|folder| {
            next.arg("--begun").arg(folder);
        });
        if self.allow_reboot {
            next.arg("--allow-reboot");
        }
        Err(no_restart(std::os::unix::process::CommandExt::exec(&mut next)))
    }

    /// Windows cannot replace a process, so this one continues in the new boot, like `poolgate resume`.
    #[cfg(windows)]
    fn simulated_restart(&self, _: &Path, _: Outcome, _: &[PathBuf], _: &Suites) -> Result<(), Exit> {
        Ok(())
    }
}

/// Reports that a run's flags are not restored, with the steps left to do.
pub(super) fn tell_not_restored(folder: &Path) -> Exit {
    let not_restored = state(folder).and_then(|state| state.not_restored);
    let help = not_restored.as_ref().and_then(|trouble| trouble.help.clone());
    let what = not_restored.map_or("the flags are not restored".to_owned(), |trouble| trouble.message);
    errors::tell(what, help);
    Exit::Failed
}

/// Runs async work in a process that is prepared for running commands.
pub(super) fn in_runtime(work: impl Future<Output = Exit>) -> Exit {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| process::prepare().map(|()| runtime)) {
        Ok(runtime) => {
            let exit = runtime.block_on(work);
            // A process that cannot be killed may keep a pipe open for ever, with a thread reading it.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            errors::tell_plainly(error);
            Exit::Failed
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Exit {
        match outcome {
            Outcome::Held => Exit::Held,
            Outcome::Unclear => Exit::Unclear,
            Outcome::Broken => Exit::Broken,
            Outcome::Error => Exit::Failed,
        }
    }
}
