//! Commands on Windows. (stub)

use std::io;

use tokio::process::{Child, Command};

use super::ended::Ended;

pub mod warden;

/// Nothing needs to be done here: a job object keeps its processes together.
///
/// # Errors
/// Never.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(())
}

/// What ties a warden to this process.
pub(super) struct Lifeline;

/// Starts a warden.
pub(super) fn start(_: &mut Command) -> io::Result<(Child, Lifeline)> {
    Err(io::Error::other("stub"))
}

impl Lifeline {
    /// Tells the warden to end everything.
    pub(super) fn cut(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What the warden, which has ended, wrote.
    pub(super) fn account(&mut self) -> io::Result<Ended> {
        Ok(Ended::unknown())
    }
}
