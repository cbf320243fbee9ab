//! `poolgate status`: what is in progress, and which flags differ from what they were.

use super::find::{WhichRun, state};
use super::trouble;
use crate::exit::Exit;
use crate::run::drive::{Phase, State};
use crate::run::{LockError, MachineLock, RunFolder};
use crate::scenario;

/// Says what is in progress.
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    #[command(flatten)]
    which: WhichRun,
}

impl Status {
    pub(super) fn run(self) -> Exit {
        let Some(folder) = self.which.find() else {
            anstream::println!("{}", self.which.none());
            return Exit::Held;
        };
        let Some(state) = state(&folder) else {
            trouble::tell_plainly(format_args!("the checkpoint in {} cannot be read", folder.display()));
            return Exit::Failed;
        };
        anstream::println!("{}: phase {}", state.created.run, state.phase);
        anstream::println!("  begun {}, reports in {}", state.created.at, state.created.reports.display());
        if let Some(trouble) = &state.trouble {
            anstream::println!("  trouble: {}", trouble.message);
        }
        anstream::println!("  {}", at_work(&folder));
        self.flags(&folder, &state);
        Exit::Held
    }

    fn flags(&self, folder: &std::path::Path, state: &State) {
        let machine = scenario::load(&folder.join("scenario.yaml")).ok().and_then(|loaded| {
            let kernel = state.created.reports.join("simulated-kernel.json");
            self.which.root.machine(&loaded.scenario, &kernel).ok()
        });
        for change in &state.created.changes {
            let now = machine.as_ref().and_then(|machine| machine.flags.read(&change.name).ok());
            match now {
                Some(now) if now == change.original => anstream::println!("  {}: as it was", change.name),
                Some(now) => anstream::println!("  {}: {now} (was {})", change.name, change.original),
                None => anstream::println!("  {}: cannot be read (was {})", change.name, change.original),
            }
        }
        if state.created.changes.is_empty() {
            anstream::println!("  no flags are changed");
        }
    }
}

fn at_work(folder: &std::path::Path) -> String {
    let lock = RunFolder::open(folder).ok().map(|folder| folder.lock());
    let over = state(folder).is_some_and(|state| state.phase == Phase::Done);
    match lock.map(|lock| MachineLock::take(&lock, "status")) {
        Some(Err(LockError::Held { by })) => format!("{by} is at work on it"),
        _ if over => "over".to_owned(),
        _ => "nobody is at work on it: go on with `poolgate resume`, or end it with `poolgate abort`".to_owned(),
    }
}
