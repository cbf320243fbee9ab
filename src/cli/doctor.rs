//! `poolgate doctor` checks whether this machine can run scenarios, and lists problems. It changes nothing.

use std::path::PathBuf;

use crate::cli::args::root::Root;
use crate::cli::output::diagnoses::{problems, table};
use crate::cli::output::errors;
use crate::cli::output::stdout::styled;
use crate::cli::output::terminal;
use crate::doctor::{Intent, diagnose};
use crate::exit::Exit;

/// Checks whether this machine can run scenarios.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 no problem · 2 bad usage or scenario · 3 a problem")]
pub(super) struct DoctorCommand {
    /// Check the needs of these scenarios; without any, needs for reboots are only notes
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<PathBuf>,
    /// Folder that would contain the runs' folders
    #[arg(long, value_name = "FOLDER", default_value = "reports")]
    reports: PathBuf,
    /// Check for runs that may reboot, as with `poolgate run --allow-reboot`
    #[arg(long, env = "POOLGATE_ALLOW_REBOOT", value_parser = clap::builder::FalseyValueParser::new())]
    allow_reboot: bool,
    #[command(flatten)]
    root: Root,
}

impl DoctorCommand {
    pub(super) fn run(self) -> Exit {
        let Some(scenarios) = errors::load_all(&self.scenarios) else { return Exit::Usage };
        let (reports, root) = (self.reports.as_path(), self.root.folder());
        let diagnoses = diagnose(&Intent { scenarios: &scenarios, reports, allow_reboot: self.allow_reboot, root });
        styled(&table(&diagnoses, terminal::width()));
        if problems(&diagnoses) == 0 { Exit::Held } else { Exit::Failed }
    }
}
