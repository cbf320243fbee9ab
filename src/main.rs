//! The program: everything it does is in the library's `cli`.

use clap::Parser;
use poolgate::cli::Cli;
use poolgate::exit::Exit;

fn main() -> Exit {
    Cli::parse().run()
}
