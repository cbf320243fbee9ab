//! `poolgate status` shows unfinished runs, and the flags that differ from their original values.

use std::path::Path;

use crate::cli::args::which_run::WhichRun;
use crate::cli::output::errors;
use crate::cli::output::stdout::say;
use crate::exit::Exit;
use crate::gate::runs::state;
use crate::machine::{native, sim};
use crate::run::drive::{Phase, State};
use crate::run::{LockOwner, MachineLock};

#[derive(Debug, clap::Args)]
pub(super) struct StatusCommand {
    #[command(flatten)]
    which: WhichRun,
}

impl StatusCommand {
    pub(super) fn run(self) -> Exit {
        let found = self.which.find().and_then(|found| Ok((found, self.which.unfinished()?)));
        let (folder, unfinished) = match found {
            Ok((Some(folder), unfinished)) => (folder, unfinished),
            Ok((None, _)) if self.which.is_named() => {
                errors::tell_plainly(self.which.not_found());
                return Exit::Usage;
            }
            Ok((None, _)) => {
                say!("{}", self.which.not_found());
                return Exit::Held;
            }
            Err(error) => {
                errors::tell_plainly(format_args!("cannot look for runs: {error}"));
                return Exit::Failed;
            }
        };
        let shown = self.show(&folder);
        for other in unfinished.iter().rev().filter(|other| **other != folder) {
            say!("also unfinished: {}", in_short(other));
        }
        shown
    }

    /// Shows one run in full.
    fn show(&self, folder: &Path) -> Exit {
        let Some(state) = state(folder) else {
            let help = "`poolgate abort` restores everything, or removes the files of a run that never began";
            errors::tell(format_args!("the checkpoint in {} is damaged", folder.display()), Some(help));
            return Exit::Failed;
        };
        say!("{}: phase {}", state.created.run, state.phase);
        say!("  begun {}, reports in {}", state.created.at, state.created.reports.display());
        if let Some(trouble) = &state.trouble {
            say!("  trouble: {}", trouble.message);
        }
        if let Some(trouble) = &state.not_restored {
            say!("  {}", trouble.message);
            trouble.help.iter().for_each(|help| say!("  help: {help}"));
        }
        say!("  {}", at_work(folder));
        self.show_flags(folder, &state);
        Exit::Held
    }

    fn show_flags(&self, folder: &Path, state: &State) {
        let machine = match state.created.simulated {
            true => sim::machine(&sim::Kernel::at(&folder.join("simulated-kernel.json"))),
            false => native::machine(self.which.root.folder()),
        };
        for change in &state.created.changes {
            let now = machine.flags.read(&change.name).ok();
            match now {
                Some(now) if now == change.original => say!("  {}: as it was", change.name),
                Some(now) => say!("  {}: {now} (was {})", change.name, change.original),
                None => say!("  {}: cannot be read (was {})", change.name, change.original),
            }
        }
        if state.created.changes.is_empty() {
            say!("  no flags are changed");
        }
    }
}

/// Describes a run in one line, with its folder, so that users can pass it to other commands.
fn in_short(folder: &Path) -> String {
    let shown = folder.display();
    match state(folder) {
        Some(state) => format!("{shown}: phase {}, {}", state.phase, at_work(folder)),
        None => format!("{shown}: its checkpoint is damaged"),
    }
}

fn at_work(folder: &Path) -> String {
    let over = state(folder).is_some_and(|state| state.phase == Phase::Done);
    match MachineLock::look(&folder.join("run.lock")) {
        LockOwner::Run(by) => format!("{by} is working on it"),
        LockOwner::Hidden => "only an administrator can see whether a process is working on it".to_owned(),
        LockOwner::Nobody if over => "over".to_owned(),
        LockOwner::Nobody => {
            "no process is working on it: resume it with `poolgate resume`, or end it with `poolgate abort`".to_owned()
        }
    }
}
