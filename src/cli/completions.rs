//! `poolgate completions` prints shell completion scripts.

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use crate::cli::output::stdout::printed;
use crate::exit::Exit;

/// Prints a shell's completion script.
#[derive(Debug, clap::Args)]
#[command(after_help = "For bash: poolgate completions bash > /etc/bash_completion.d/poolgate")]
pub(super) struct CompletionsCommand {
    /// The shell to complete commands for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl CompletionsCommand {
    pub(super) fn run(self) -> Exit {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "poolgate", &mut script);
        printed(&script)
    }
}
