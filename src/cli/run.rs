//! `poolgate run` runs scenarios one after the other, and reports their outcomes.
//!
//! On a simulated machine, a restart replaces this process by another, if the system can do so.

use std::path::{Path, PathBuf};

use crate::cli::args::root::Root;
use crate::cli::output::progress::ProgressDisplay;
use crate::cli::output::runs::{exit_of, in_runtime, tell_error};
use crate::cli::output::stdout::say;
#[cfg(unix)]
use crate::cli::output::verbosity::OutputArgs;
use crate::cli::output::{change, errors};
use crate::exit::Exit;
use crate::gate::suites::Suites;
use crate::gate::{Gate, GateError, Options, Reached, stop_on_signals};
use crate::machine::SettingChange;
use crate::report::Outcome;
use crate::run::{Stop, process};
use crate::scenario::Loaded;

#[derive(Debug, clap::Args)]
pub(super) struct RunCommand {
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
    /// Do not follow objects by call path in second looks, like `stacks: off` in a scenario
    #[arg(long)]
    no_stacks: bool,
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

impl RunCommand {
    pub(super) fn run(self) -> Exit {
        in_runtime(self.all())
    }

    async fn all(mut self) -> Exit {
        // Read all scenarios before running any, so that a mistake in the last one is found at once.
        let Some(scenarios) = errors::load_all(&self.scenarios) else { return Exit::Usage };
        self.scenarios = scenarios.iter().map(|(path, _)| path.clone()).collect();
        let stop = stop_on_signals();
        let mut suites = Suites::new(self.junit.clone(), std::mem::take(&mut self.begun));
        // Report an unwritable file before running anything.
        if let Err(exit) = write(&suites) {
            return exit;
        }
        let ended = self.each(&scenarios, &mut suites, &stop).await;
        if ended != Exit::NotFinished {
            suites.summary().into_iter().for_each(|summary| say!("\n{summary}"));
        }
        match write(&suites) {
            Ok(()) => ended,
            Err(_) if matches!(ended, Exit::Held | Exit::Unclear) => Exit::Failed,
            Err(_) => ended,
        }
    }

    async fn each(&self, scenarios: &[(PathBuf, Loaded)], suites: &mut Suites, stop: &Stop) -> Exit {
        let progress = ProgressDisplay::default();
        let observer = |notice: crate::gate::Notice<'_>| progress.show(notice);
        let gate = Gate::new(self.options()).stopped_by(stop.clone()).observed_by(&observer);
        let mut worst = self.worst;
        if let Some(folder) = &self.resume {
            match self.take_up(&gate, folder, worst, &self.scenarios, suites).await {
                Ok(outcome) => worst = worst.max(outcome),
                Err(exit) => return exit,
            }
        }
        if scenarios.iter().any(|(_, loaded)| loaded.scenario.machine.is_none()) {
            gate.close_dead().await;
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
            let outcome = match gate.begin(path, loaded) {
                Ok(run) => {
                    suites.begun(&run.reports);
                    // Until the run is over, the file reports that it did not finish.
                    let _ = suites.write();
                    self.take_up(&gate, &run.state, worst, &self.scenarios[at + 1..], suites).await
                }
                Err(GateError::NeedsReboot(changes)) => return self.may_not_reboot(&changes),
                // Its report was printed.
                Err(GateError::NotBegun { reports, .. }) => {
                    suites.begun(&reports);
                    Ok(Outcome::Error)
                }
                Err(error) => {
                    tell_error(&error);
                    Ok(Outcome::Error)
                }
            };
            match outcome {
                Ok(outcome) => worst = worst.max(outcome),
                Err(exit) => return exit,
            }
        }
        worst.into()
    }

    fn options(&self) -> Options {
        Options {
            reports: self.reports.clone(),
            root: self.root.folder().to_owned(),
            // A restart ends this command, so later scenarios would not run.
            allow_reboot: self.allow_reboot && self.scenarios.len() == 1,
            trust_folder: self.trust_folder,
            no_stacks: self.no_stacks,
            program: None,
        }
    }

    fn may_not_reboot(&self, changes: &[SettingChange]) -> Exit {
        let what = changes.iter().map(|change| format!("\n  {}", change::lines(change).join("\n    ")));
        let help = match self.allow_reboot {
            false => "give --allow-reboot (or set POOLGATE_ALLOW_REBOOT=1) to permit reboots of this machine",
            true => "run this scenario alone: the restart ends this command, so later scenarios would not run",
        };
        let what = what.collect::<String>();
        errors::tell(format_args!("{}:{what}", GateError::NeedsReboot(Vec::new())), Some(help));
        Exit::Usage
    }

    /// Continues a run as far as this process can: to its outcome, unless the machine restarts.
    async fn take_up(
        &self,
        gate: &Gate<'_>,
        folder: &Path,
        worst: Outcome,
        rest: &[PathBuf],
        suites: &Suites,
    ) -> Result<Outcome, Exit> {
        loop {
            match gate.resume_in_this_boot(folder).await {
                Ok(Reached::SimulatedRestart) => self.simulated_restart(folder, worst, rest, suites)?,
                Ok(Reached::Over(outcome)) => return Ok(outcome),
                Ok(reached) => return Err(exit_of(reached)),
                Err(error) => {
                    tell_error(&error);
                    return Ok(Outcome::Error);
                }
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
        next.arg("--reports").arg(&self.reports).args(OutputArgs::options()).args(rest);
        if let Some(file) = &self.junit {
            next.arg("--junit").arg(file);
        }
        suites.folders().iter().for_each(|folder| {
            next.arg("--begun").arg(folder);
        });
        if self.no_stacks {
            next.arg("--no-stacks");
        }
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

/// Writes the JUnit file of all scenarios, or reports the error.
fn write(suites: &Suites) -> Result<(), Exit> {
    suites.write().map_err(|error| {
        let exit = if error.kind() == std::io::ErrorKind::NotFound { Exit::Usage } else { Exit::Failed };
        errors::tell(error, Some("give --junit a file in an existing, writable folder"));
        exit
    })
}
