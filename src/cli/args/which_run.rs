//! The run that a command is about, named on the command line or found on this machine.

use std::io;
use std::path::PathBuf;

use crate::cli::args::root::Root;
use crate::cli::output::errors;
use crate::cli::output::stdout::tell;
use crate::exit::Exit;
use crate::gate::{Options, runs};
use crate::machine::native;

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct WhichRun {
    /// Folder or name of the run; by default this machine's unfinished run, or else the newest unfinished run in the
    /// reports folder
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,
    /// Folder that contains the runs' folders
    #[arg(long, value_name = "FOLDER", default_value = "reports")]
    reports: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) root: Root,
}

impl WhichRun {
    /// Returns the folder with the run's checkpoint, or `None` if there is no such run.
    ///
    /// # Errors
    /// If a folder that may contain the run cannot be read.
    pub(in crate::cli) fn find(&self) -> io::Result<Option<PathBuf>> {
        runs::find(self.run.as_deref(), &self.reports, self.root.folder())
    }

    /// Returns every unfinished run that this process can see. The default run comes last.
    ///
    /// # Errors
    /// If a folder that may contain runs cannot be read.
    pub(in crate::cli) fn unfinished(&self) -> io::Result<Vec<PathBuf>> {
        runs::all_unfinished(self.root.folder(), &self.reports)
    }

    /// Finds the run like [`WhichRun::find`]. If there is none, reports the reason and returns the exit code.
    pub(in crate::cli) fn found(&self) -> Result<PathBuf, Exit> {
        match self.find() {
            Ok(Some(run)) => {
                if self.run.is_none() {
                    let others = self.unfinished().unwrap_or_default();
                    let others = others.iter().filter(|other| **other != run);
                    others.for_each(|other| tell!("note: also unfinished: {}", other.display()));
                }
                Ok(run)
            }
            Ok(None) => {
                errors::tell_plainly(self.not_found());
                Err(Exit::Usage)
            }
            Err(error) => {
                errors::tell_plainly(format_args!("cannot look for runs: {error}"));
                Err(Exit::Failed)
            }
        }
    }

    /// Returns the settings of a gate for this run.
    pub(in crate::cli) fn options(&self) -> Options {
        Options { reports: self.reports.clone(), root: self.root.folder().to_owned(), ..Options::default() }
    }

    /// Returns whether the user named a run.
    pub(in crate::cli) fn is_named(&self) -> bool {
        self.run.is_some()
    }

    /// Returns the message for the case that there is no run.
    pub(in crate::cli) fn not_found(&self) -> String {
        match &self.run {
            Some(run) => format!("there is no run {}{}", run.display(), self.hidden()),
            None => {
                let reports = self.reports.display();
                match self.hidden() {
                    "" => format!("there is no unfinished run on this machine or under {reports}"),
                    hidden => format!("there is no unfinished run under {reports}{hidden}"),
                }
            }
        }
    }

    /// Returns an addition to the message if an administrator may have runs that this process cannot see.
    fn hidden(&self) -> &'static str {
        match native::may_list_states(self.root.folder()) {
            Some(false) if cfg!(windows) => {
                "; you have no permission to see an administrator's runs: use an elevated prompt"
            }
            Some(false) => "; you have no permission to see root's runs: use sudo",
            Some(true) | None => "",
        }
    }
}
