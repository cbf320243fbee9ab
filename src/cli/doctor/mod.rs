//! `poolgate doctor` checks whether this machine can run scenarios, and lists problems. It changes nothing.
//!
//! `machine` gathers facts about the machine. Pure functions in this module turn them into findings.

use std::path::PathBuf;

use super::run::host;
use crate::cli::args::machine::Root;
use crate::cli::output::errors;
use crate::cli::output::stdout::styled;
use crate::cli::output::terminal;
use crate::exit::Exit;
use crate::machine::native;
use crate::scenario::Bytes;
use finding::Finding;

mod finding;
#[cfg(unix)]
mod linux;
mod machine;
mod scenarios;
#[cfg(any(windows, test))]
mod windows;

#[cfg(unix)]
use linux as platform;
#[cfg(windows)]
use windows as platform;

/// Checks whether this machine can run scenarios.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 no problem · 2 bad usage or scenario · 3 a problem")]
pub(super) struct Doctor {
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

impl Doctor {
    pub(super) fn run(self) -> Exit {
        let Some(scenarios) = errors::load_all(&self.scenarios) else { return Exit::Usage };
        let (needs, of_scenarios) = scenarios::needs(&scenarios, &self.root, self.allow_reboot);
        let root = self.root.folder();
        let mut findings = vec![system()];
        if needs.this_machine {
            let mut machine = native::machine(root);
            findings.push(machine::pools(&mut machine));
            findings.extend(platform::findings(&native::facts(root), needs.reboots));
            findings.extend(machine::program(needs.reboots));
            findings.extend(machine::state_folder(root, needs.reboots));
            findings.extend(machine::other_runs(&machine, &self.root, &self.reports, needs.reboots));
        }
        findings.extend(machine::reports(&self.reports));
        findings.extend(of_scenarios);
        styled(&finding::table(&findings, terminal::width()));
        if finding::problems(&findings) == 0 { Exit::Held } else { Exit::Failed }
    }
}

fn system() -> Finding {
    let host = host();
    let memory = Bytes(host.memory).rounded();
    let says = format!("{}, kernel {}, {}, {memory}", host.system, host.kernel, host.architecture);
    Finding::ok("system", says)
}
