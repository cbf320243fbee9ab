//! `poolgate wait` blocks until a run that reboots has ended, then exits with its exit code. It is for CI agents that
//! survive the reboot or are started again after it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::args::files::length;
use crate::cli::args::which_run::WhichRun;
use crate::cli::output::errors;
use crate::exit::Exit;
use crate::gate::runs::{reported_outcome, state};
use crate::report;
use crate::run::drive::{Phase, State};

/// The interval between looks at the checkpoint.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct WaitCommand {
    #[command(flatten)]
    which: WhichRun,
    /// Give up after this time, with exit code 10: `90 s`, `2 h`; a plain number is in seconds
    #[arg(long, value_name = "TIME", value_parser = timeout)]
    timeout: Option<Duration>,
    /// Copy the run's JUnit XML to this file when it has ended
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

impl WaitCommand {
    pub(super) fn run(self) -> Exit {
        let folder = match self.which.found() {
            Ok(folder) => folder,
            Err(exit) => return exit,
        };
        let looks = self.timeout.map(|timeout| timeout.div_duration_f64(EVERY) as u64);
        for _ in 0..=looks.unwrap_or(u64::MAX) {
            match state(&folder) {
                Some(state) if state.phase == Phase::Done => return self.ended(&state),
                Some(_) => std::thread::park_timeout(EVERY),
                None => return unreadable(&folder),
            }
        }
        Exit::NotFinished
    }

    fn ended(&self, state: &State) -> Exit {
        let exit = reported_outcome(state).into();
        let copied = self
            .junit
            .as_ref()
            .map_or(Ok(()), |file| report::replace(file, &fs_err::read(state.created.reports.join("junit.xml"))?));
        match copied {
            Ok(()) => exit,
            Err(error) => {
                errors::tell(error, Some("give --junit a file in an existing, writable folder"));
                if matches!(exit, Exit::Broken) { exit } else { Exit::Failed }
            }
        }
    }
}

fn timeout(text: &str) -> Result<Duration, String> {
    text.parse().map(Duration::from_secs).or_else(|_| length(text))
}

fn unreadable(folder: &Path) -> Exit {
    errors::tell_plainly(format_args!("the checkpoint in {} cannot be read", folder.display()));
    Exit::Failed
}
