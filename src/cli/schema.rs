//! `poolgate schema` prints JSON Schemas: of scenarios, for editors, and of reports, for programs.

use crate::cli::output::stdout::say;
use crate::exit::Exit;
use crate::{report, scenario};

/// Prints the JSON Schema of a scenario.
#[derive(Debug, clap::Args)]
pub(super) struct SchemaCommand {
    /// Print the JSON Schema of report.json instead
    #[arg(long)]
    report: bool,
    /// Print the JSON Schema of `compare --json` instead
    #[arg(long, conflicts_with = "report")]
    comparison: bool,
}

impl SchemaCommand {
    pub(super) fn run(self) -> Exit {
        let schema = match self {
            SchemaCommand { report: true, .. } => report::schema(),
            SchemaCommand { comparison: true, .. } => report::comparison_schema(),
            SchemaCommand { .. } => scenario::schema(),
        };
        say!("{schema:#}");
        Exit::Held
    }
}
