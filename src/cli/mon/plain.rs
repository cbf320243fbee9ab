//! Plain screens one after the other, where nobody looks at a terminal: what `poolmon /b >> poolmon.log` makes.

use tokio::time::{Instant, sleep_until};

use super::pages::Pages;
use super::watched::{self, Watched};
use super::{Choice, ended};
use crate::cli::run::listen;
use crate::exit::Exit;
use crate::mon::Ticks;

/// Writes a screen at every tick, until the time is over, somebody asks to stop or nobody reads any more. What was read
/// last before this is the first screen.
pub(super) async fn watch(mut watched: Watched, choice: Choice, mut pages: Pages) -> Exit {
    let stop = listen();
    let mut ticks = Ticks::new(Instant::now().into_std(), choice.every, choice.length);
    let mut read = Ok(());
    loop {
        match &read {
            Ok(()) => {
                if let Err(error) = pages.write(&watched.table.screen(&choice.shown, choice.order)) {
                    return ended(Err(error));
                }
            }
            // No screen is better than an empty one.
            Err(error) => watched::tell(error),
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
