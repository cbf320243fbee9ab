//! `poolgate warden` is the process between poolgate and one command of a run. It is hidden, because it is of no use to
//! users.

use std::path::PathBuf;
use std::time::Duration;

use crate::exit::Exit;
use crate::run::process::warden;

use crate::cli::output::errors;

/// Guards one command.
#[derive(Debug, clap::Args)]
pub(super) struct Warden {
    /// How long killed processes may take to vanish, in milliseconds
    #[arg(long)]
    patience: u64,
    /// The cgroup to run the command in
    #[arg(long)]
    cgroup: Option<PathBuf>,
    /// The command line, for the shell
    line: String,
}

impl Warden {
    pub(super) fn run(self) -> Exit {
        match warden::guard(&self.line, self.cgroup.as_deref(), Duration::from_millis(self.patience)) {
            Ok(()) => Exit::Held,
            Err(error) => {
                errors::tell_plainly(error);
                Exit::Failed
            }
        }
    }
}
