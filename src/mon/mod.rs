//! PoolMon: the kernel's pool table for people, screen after screen.
//!
//! A [`LiveTable`] takes one reading after another and makes [`Screen`]s from them. A [`RowFilter`] chooses the rows
//! and a [`SortOrder`] sorts them; each has its change since the previous screen. [`PoolmonText`] writes a screen as
//! PoolMon does, byte for byte, so programs that read PoolMon's files can read these; `terminal` draws it. This module
//! does not depend on the source of the readings or on the current time: a live machine and a recording look the same.

mod clock;
mod figures;
mod history;
mod order;
mod replay;
mod row_filter;
mod screen;
mod table;
pub(crate) mod terminal;
mod text;

pub(crate) use clock::Ticks;
pub(crate) use figures::{RowChange, RowFigures};
pub(crate) use history::{growing, sparkline};
pub(crate) use order::{SortColumn, SortOrder};
pub(crate) use replay::{Met, Replay};
pub(crate) use row_filter::{NoSession, PoolScope, RowFilter};
pub(crate) use screen::{Screen, ScreenRow, Total};
pub(crate) use table::LiveTable;
pub(crate) use text::{Drivers, PoolmonLayout, PoolmonText};
