//! Whose a tag is: drivers built by MinGW and images made by hand, lists of tags, and what reports make of them.
#![allow(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod bed;
mod command;
mod drivers;
mod hostile;
mod image;
mod reports;
