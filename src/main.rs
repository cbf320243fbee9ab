//! The program: everything it does is in the library's `cli`.

use poolgate::cli::Cli;
use poolgate::exit::Exit;

fn main() -> Exit {
    Cli::read().run()
}
