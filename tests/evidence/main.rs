//! Evidence from whole recordings: what is a leak, what only looks like one, and what a second look makes of either.
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
