//! PoolMon: the kernel's pool table for people, screen after screen.
//!
//! A [`Table`] takes one reading after another and makes [`Screen`]s from them: the rows that are [`Shown`], in their
//! [`Order`], each with its change since the previous screen. [`Text`] writes a screen as PoolMon does, byte for byte,
//! so programs that read PoolMon's files can read these; `terminal` draws it. This module does not depend on the source
//! of the readings or on the current time: a live machine and a recording look the same.

mod clock;
mod figures;
mod history;
mod order;
mod replay;
mod screen;
mod shown;
mod table;
pub(crate) mod terminal;
mod text;

pub(crate) use clock::Ticks;
pub(crate) use figures::{Change, Figures};
pub(crate) use history::{growing, sparkline};
pub(crate) use order::{Column, Order};
pub(crate) use replay::{Met, Replay};
pub(crate) use screen::{Row, Screen, Total};
pub(crate) use shown::{NoSession, Scope, Shown};
pub(crate) use table::Table;
pub(crate) use text::{Drivers, Layout, Text};
