//! The live table in a terminal: PoolMon's screen, its run-time keys, and poolgate's additions.
//!
//! A [`View`] holds the user's choices; [`View::press`] changes them by a key, and [`draw`] shows a table with them.
//! Both are pure: the command reads the keys, keeps the time and restores the terminal.

mod draw;
mod flow;
mod help;
mod prompt;
mod view;

pub(crate) use draw::{StatusLine, draw};
pub(crate) use view::{KeyAction, SampleMove, View};
