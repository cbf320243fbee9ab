//! The owners of tags: drivers built by MinGW, images made by hand, lists of tags, and their use in reports.
#![allow(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod bed;
mod command;
mod drivers;
mod hostile;
mod image;
mod reports;
