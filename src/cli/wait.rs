//! `poolgate wait`: blocks until a run which is rebooting has ended, then exits as it did. For CI agents, which survive
//! the reboot or are started again after it.

use std::path::Path;
use std::time::Duration;

use super::find::{WhichRun, reported_outcome, state};
use super::trouble;
use crate::exit::Exit;
use crate::run::drive::Phase;

/// How often the checkpoint is looked at.
const EVERY: Duration = Duration::from_millis(500);

/// Waits for a run.
#[derive(Debug, clap::Args)]
pub(super) struct Wait {
    #[command(flatten)]
    which: WhichRun,
    /// Give up after so many seconds, with exit code 10
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

impl Wait {
    pub(super) fn run(self) -> Exit {
        let folder = match self.which.found() {
            Ok(folder) => folder,
            Err(exit) => return exit,
        };
        let looks = self.timeout.map(|seconds| Duration::from_secs(seconds).div_duration_f64(EVERY) as u64);
        for _ in 0..=looks.unwrap_or(u64::MAX) {
            match state(&folder) {
                Some(state) if state.phase == Phase::Done => return reported_outcome(&state).into(),
                Some(_) => std::thread::park_timeout(EVERY),
                None => return unreadable(&folder),
            }
        }
        Exit::NotFinished
    }
}

fn unreadable(folder: &Path) -> Exit {
    trouble::tell_plainly(format_args!("the checkpoint in {} cannot be read", folder.display()));
    Exit::Failed
}
