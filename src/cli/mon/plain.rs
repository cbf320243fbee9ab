//! Plain screens one after another, for output that is not a terminal, like `poolmon /b >> poolmon.log`.

use std::io;

use tokio::time::{Instant, sleep_until};

use super::watched::{self, Watched};
use super::{MonSettings, ended};
use crate::exit::Exit;
use crate::gate::stop_on_signals;
use crate::mon::{Screen, Ticks};

/// Calls `write` with a screen at every tick, until the time is over, the requested number is written, a stop is
/// requested or the reader closes the pipe. The first screen is the table that `watched` already holds.
pub(super) async fn watch(
    mut watched: Watched,
    choice: MonSettings,
    mut write: impl FnMut(&Screen) -> io::Result<()>,
) -> Exit {
    let stop = stop_on_signals();
    let mut ticks = Ticks::new(Instant::now().into_std(), choice.every, choice.length);
    let (mut read, mut written) = (Ok(()), 0);
    loop {
        match &read {
            Ok(()) => {
                if let Err(error) = write(&watched.table.screen(&choice.shown, choice.order)) {
                    return ended(Err(error));
                }
                written += 1;
            }
            // After a failed reading, no screen is written.
            Err(error) => watched::tell(error),
        }
        if choice.is_over(written) {
            break;
        }
        ticks.done(Instant::now().into_std());
        let Some(next) = ticks.next() else { break };
        tokio::select! {
            () = sleep_until(next.into()) => read = watched.read(),
            () = stop.asked(1) => break,
        }
    }
    if read.is_ok() { Exit::Held } else { Exit::Failed }
}
