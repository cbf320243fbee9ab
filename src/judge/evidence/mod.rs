//! The evidence about one tag: whether it leaks, at which rate, and how certain that is. It needs no limit set by a
//! user.
//!
//! [`Histories`] takes the samples of all tags as they come, in bounded memory. [`first_look`] tests the series of the
//! workload: troughs that rise steadily make a *candidate*, which is no leak yet. In the same boot the workload then
//! runs in some blocks and rests in others, in an order [drawn](draw) after the candidates were fixed. An [`Extension`]
//! takes those samples, and [`second_look`] decides whether the growth persists and whether the workload causes it.
//! `poolgate bench` runs this same code on series with known truth.

mod attribution;
mod budget;
mod confirm;
mod counter;
mod early;
mod extension;
mod first;
mod flow;
mod histories;
mod history;
mod measure;
mod merging;
mod order;
mod rate;
mod rest;
mod shape;
mod trend;
mod trough;
mod troughs;

pub use attribution::{Attribution, Labels, attribution};
pub use budget::{Budgeted, within_budget};
pub use confirm::{Confirmation, Doubt, Standing, second_look};
pub use counter::{Counter, CounterSample};
pub use early::{Early, SlotTime};
pub use extension::Extension;
pub use first::{Evidence, Interruption, Trend, Window, first_look};
pub use histories::Histories;
pub use history::History;
pub use measure::TestedFigure;
pub use order::{Draw, draw};
pub use rate::{Interval, Pace};
pub use rest::RestSamples;
pub use shape::Shape;
pub(super) use trend::quantile;
pub use trend::{GrowthCheck, NEEDED};
pub use troughs::{Stretch, Trough, Troughs};
