//! What judging costs.
pub(super) fn nanoseconds() -> f64 {
    0.0
}
