//! `poolgate warden`: the process between poolgate and one command of a run. Hidden, as it is of no use by hand.

use crate::exit::Exit;
use crate::run::process::warden;

use super::trouble;

/// Guards one command.
#[derive(Debug, clap::Args)]
pub(super) struct Warden {
    /// The command line, for the shell
    line: String,
}

impl Warden {
    pub(super) fn run(self) -> Exit {
        match warden::guard(&self.line) {
            Ok(()) => Exit::Held,
            Err(error) => {
                trouble::tell_plainly(error);
                Exit::Failed
            }
        }
    }
}
