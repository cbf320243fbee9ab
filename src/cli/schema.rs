//! `poolgate schema`: what editors need to complete and check scenarios.

use crate::exit::Exit;
use crate::scenario;

/// Prints the JSON Schema.
#[derive(Debug, clap::Args)]
pub(super) struct Schema {}

impl Schema {
    pub(super) fn run(self) -> Exit {
        anstream::println!("{:#}", scenario::schema());
        Exit::Held
    }
}
