//! The program's entry point; everything else is in the library.

use poolgate::exit::Exit;

fn main() -> Exit {
    poolgate::run_command_line()
}
