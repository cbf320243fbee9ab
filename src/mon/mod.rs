//! PoolMon: the kernel's pool table as a person reads it, screen after screen.
//!
//! A [`Table`] takes one reading after the other and makes [`Screen`]s of them: the rows which are [`Shown`], in their
//! [`Order`], each with what changed since the screen before. [`Text`] writes a screen as PoolMon does, byte for byte, so
//! that whoever reads PoolMon's files reads these; `terminal` draws it. Where readings come from, and what time it is, is
//! nobody's concern here: a live machine and a recording look the same.

mod clock;
mod figures;
mod history;
mod order;
mod replay;
mod screen;
mod shown;
mod table;
pub mod terminal;
mod text;

pub use clock::Ticks;
pub use figures::{Change, Figures};
pub use history::{growing, sparkline};
pub use order::{Column, Order};
pub use replay::{Met, Replay};
pub use screen::{Row, Screen, Total};
pub use shown::{NoSession, Scope, Shown};
pub use table::Table;
pub use text::{Drivers, Layout, Text};
