//! The program's entry point; everything else is in the library's `cli`.

use poolgate::cli::Cli;
use poolgate::exit::Exit;

fn main() -> Exit {
    Cli::read().map_or_else(|exit| exit, Cli::run)
}
