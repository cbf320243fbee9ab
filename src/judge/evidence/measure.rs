//! The tested figure of a tag, always in objects.

use serde::Serialize;

use super::troughs::{Stretch, Trough};

/// The figure of a tag that was tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TestedFigure {
    /// The number of objects in use.
    Objects,
    /// Bytes in use, expressed in objects of the usual size. Bytes can grow without growth of the objects.
    Bytes,
    /// Objects in use, without objects in flight.
    WithoutFlow,
}

/// Bytes of an object, on average at the end of a stretch; `None` if none was in use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit(pub(super) Option<f64>);

impl Unit {
    pub(super) fn from_stretch(stretch: &Stretch) -> Unit {
        let in_use = stretch.blocks.last().filter(|last| last.objects > 0 && last.bytes > 0);
        Unit(in_use.map(|last| last.bytes as f64 / last.objects as f64))
    }

    pub(super) fn bytes(self) -> f64 {
        self.0.unwrap_or(1.0)
    }
}

impl TestedFigure {
    /// A trough's figure, in objects.
    pub(super) fn value(self, trough: &Trough, unit: Unit) -> f64 {
        match self {
            TestedFigure::Objects => trough.objects as f64,
            TestedFigure::Bytes => trough.bytes as f64 / unit.bytes(),
            TestedFigure::WithoutFlow => trough.adjusted as f64,
        }
    }
}
