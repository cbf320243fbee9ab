//! `poolgate service` is started by the service manager after a boot. It continues its run like `poolgate resume`. It
//! is hidden, because it is of no use to users.
//!
//! A service has no console. The events of the run go to `run.log` and to the event log. If the run cannot be resumed
//! at all, the reason goes to the event log.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::cli::args::root::Root;
use crate::cli::output::errors;
use crate::cli::output::progress::ProgressDisplay;
use crate::cli::output::runs::in_runtime;
use crate::exit::Exit;
use crate::gate::{Gate, Notice, Options, Reached};
use crate::machine::windows::dispatch::{Duty, serve};
use crate::machine::windows::{EventLog, LogLevel};
use crate::run::{Stop, brake};

#[derive(Debug, clap::Args)]
pub(super) struct ServiceCommand {
    /// The run's folder
    #[arg(value_name = "FOLDER")]
    run: PathBuf,
    #[command(flatten)]
    root: Root,
}

impl ServiceCommand {
    pub(super) fn run(self) -> Exit {
        let (brake, stop) = brake();
        // The exit code if the machine goes down before the work is done.
        let exit = Arc::new(Mutex::new(Exit::NotFinished));
        let result = Arc::clone(&exit);
        let work = move || {
            let exit = in_runtime(self.resume(stop));
            *result.lock().unwrap_or_else(PoisonError::into_inner) = exit;
            match exit {
                // The run continues after the boot, so the service has not failed.
                Exit::NotFinished => 0,
                exit => u32::from(exit as u8),
            }
        };
        match serve(Duty { work: Box::new(work), stop: Box::new(move || brake.pull()) }) {
            Ok(()) => *exit.lock().unwrap_or_else(PoisonError::into_inner),
            Err(error) => {
                errors::tell(&error, crate::failure::help(&error));
                Exit::Failed
            }
        }
    }

    async fn resume(self, stop: Stop) -> Exit {
        let progress = ProgressDisplay::default();
        let observer = |notice: Notice<'_>| progress.show(notice);
        let options = Options { root: self.root.folder().to_owned(), ..Options::default() };
        match Gate::new(options).stopped_by(stop).observed_by(&observer).resume(&self.run).await {
            Ok(Reached::Over(outcome)) => outcome.into(),
            Ok(Reached::NotRestored(_)) => Exit::Failed,
            Ok(Reached::Restarting | Reached::SimulatedRestart) => Exit::NotFinished,
            Err(error) => {
                let help = error.help().map_or(String::new(), |help| format!("\nhelp: {help}"));
                if let Some(events) = EventLog::open() {
                    let folder = self.run.display();
                    events.tell(LogLevel::Error, &format!("cannot resume {folder}: {error}{help}"));
                }
                Exit::Failed
            }
        }
    }
}
