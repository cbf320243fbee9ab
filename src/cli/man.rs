//! `poolgate man` prints the manual, generated from the `--help` texts.

use std::io;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_mangen::Man;

use super::Cli;
use crate::cli::output::stdout::{ended, printed};
use crate::exit::Exit;

/// Prints the manual page, or writes the pages of all commands.
#[derive(Debug, clap::Args)]
#[command(after_help = "To read it: poolgate man | man -l -")]
pub(super) struct ManCommand {
    /// Write a page for each command into this folder: poolgate.1, poolgate-run.1 and so on
    #[arg(value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl ManCommand {
    pub(super) fn run(self) -> Exit {
        // `help` needs no page of its own.
        let command = Cli::command().disable_help_subcommand(true);
        let written = match &self.folder {
            Some(folder) => clap_mangen::generate_to(command, folder).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot write to {}: {error}", folder.display()))
            }),
            None => {
                let mut page = Vec::new();
                match Man::new(command).render(&mut page) {
                    Ok(()) => return printed(&page),
                    Err(error) => Err(error),
                }
            }
        };
        ended(written, "give an existing, writable folder")
    }
}
