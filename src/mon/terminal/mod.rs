//! The live table in a terminal: PoolMon's screen, its keys while it runs, and what only poolgate adds.
//!
//! A [`View`] is what somebody chose to see; [`View::press`] changes it by a key, [`draw`] shows a table through it. Both
//! are pure: who reads the keys, keeps the time and restores the terminal is the command's.

mod draw;
mod flow;
mod help;
mod prompt;
mod view;

pub use draw::{Status, draw};
pub use view::{Step, View, Wanted};
