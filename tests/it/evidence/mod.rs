//! Evidence from whole recordings: leaks, growth that only looks like a leak, and the results of second looks at both.
#![allow(clippy::unwrap_used, reason = "a test ends by panicking")]

mod counters;
mod few;
mod kernel;
mod looks;
mod machine;
mod made_up;
mod memory;
mod shapes;
mod slabs;
