//! The kernel of a rehearsal.

use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use crate::machine::{MachineError, PoolSource};
use crate::pool::Snapshot;

/// A kernel that is slow to sample, or that cannot be sampled from an instant on.
pub(super) struct Blinded {
    pub(super) source: Box<dyn PoolSource>,
    pub(super) from: Option<tokio::time::Instant>,
    /// How long a sample takes.
    pub(super) slow: Duration,
}

impl PoolSource for Blinded {
    fn name(&self) -> &'static str {
        self.source.name()
    }

    fn sample(&mut self) -> Result<&Snapshot, MachineError> {
        // The first poll advances the paused clock, and no other task runs meanwhile.
        let _ = pin!(tokio::time::advance(self.slow)).poll(&mut Context::from_waker(Waker::noop()));
        match self.from {
            Some(from) if tokio::time::Instant::now() >= from => Err(MachineError::TaggingOff),
            Some(_) | None => self.source.sample(),
        }
    }

    fn note(&mut self) -> Option<String> {
        self.source.note()
    }

    fn shrink(&mut self, tags: &[crate::pool::TagPattern]) -> Result<usize, MachineError> {
        self.source.shrink(tags)
    }
}
