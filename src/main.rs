//! The program: everything it does will be in the library.

fn main() {}
