//! `poolgate schema`: what editors need to complete and check scenarios, and programs to read reports.

use crate::exit::Exit;
use crate::{report, scenario};

/// Prints the JSON Schema of a scenario.
#[derive(Debug, clap::Args)]
pub(super) struct Schema {
    /// Print the JSON Schema of report.json instead
    #[arg(long)]
    report: bool,
}

impl Schema {
    pub(super) fn run(self) -> Exit {
        let schema = if self.report { report::schema() } else { scenario::schema() };
        anstream::println!("{schema:#}");
        Exit::Held
    }
}
