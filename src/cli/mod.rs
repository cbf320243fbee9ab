//! The commands: one short file each. Data goes to stdout, everything else to stderr; nothing waits for a key.

use clap::{Parser, Subcommand};

use crate::exit::Exit;

mod abort;
mod bench;
mod change;
mod check;
mod compare;
mod completions;
mod doctor;
mod export;
mod files;
mod find;
mod flags;
mod give;
mod hopeless;
mod init;
mod judge;
mod machine;
mod man;
mod mon;
mod option;
mod owners;
mod printed;
mod recorded;
mod resume;
mod run;
mod schema;
#[cfg(windows)]
mod service;
mod sim;
mod status;
mod story;
mod tag;
mod talk;
mod terminal;
mod terms;
mod trouble;
mod usual;
mod wait;
#[cfg(unix)]
mod warden;
mod wildcards;

/// Runs a workload against a driver, watches the kernel's pools tag by tag, and says whether the driver leaks.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    talk: talk::Talk,
}

const EXIT_CODES: &str = "Exit codes: 0 held · 1 broken · 2 bad usage or scenario · 3 harness or machine failed · 4 unclear · 10 not finished (rebooting)";

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs scenarios to their outcome, one after the other
    Run(run::Run),
    /// Goes on with a run after a boot or a crash; what autostart calls
    Resume(resume::Resume),
    /// Blocks until a run which is rebooting has ended, then exits as it did
    Wait(wait::Wait),
    /// Says what is in progress, and which flags differ from what they were
    Status(status::Status),
    /// Ends a run early: puts back what it changed, and reports it as an error
    Abort(abort::Abort),
    /// Judges recordings and logs, offline
    Judge(judge::Judge),
    /// Gates a candidate build against a base build, from a recording of each
    Compare(compare::Compare),
    /// Writes a recording as CSV, for other programs
    Export(export::Export),
    /// GFlags: shows and switches the boot settings of the whole system
    Flags(flags::Flags),
    /// Shows the pool table as PoolMon does: live, as one snapshot, or as a log
    Mon(mon::Mon),
    /// Says whose a pool tag is: which driver allocates under it, and what speaks for that
    Tag(tag::TagOwner),
    /// Says whether this machine can run scenarios, and what is missing; changes nothing
    Doctor(doctor::Doctor),
    /// Writes a first scenario for a driver, with comments
    Init(init::Init),
    /// Validates scenarios and says what a run would do on this machine; changes nothing
    Check(check::Check),
    /// Prints the JSON Schema of scenarios, for editors
    Schema(schema::Schema),
    /// Prints a shell's completion script
    Completions(completions::Completions),
    /// Prints the manual page, or writes a page for each command
    Man(man::ManPages),
    /// Measures how well leaks are told from what only looks like them, on simulated tags
    Bench(bench::Bench),
    /// Works on a simulated kernel: what scenarios with `machine: { simulated: … }` run as their workload
    #[command(subcommand)]
    Sim(sim::Sim),
    /// Guards one command of a run; poolgate's own
    #[cfg(unix)]
    #[command(hide = true)]
    Warden(warden::Warden),
    /// Goes on with a run as a service; what the service manager starts
    #[cfg(windows)]
    #[command(hide = true)]
    Service(service::Service),
}

impl Cli {
    /// Reads this process' command line; its mistakes have been told.
    ///
    /// # Errors
    /// What to exit with.
    pub fn read() -> Result<Cli, Exit> {
        let words = talk::behind_the_command(std::env::args_os().collect());
        match mon::translated(flags::translated(words)) {
            Ok(words) => Cli::try_parse_from(words).map_err(|told| printed::told_by_clap(&told)),
            Err(bad) => {
                trouble::tell(&bad, Some(bad.help()));
                Err(Exit::Usage)
            }
        }
    }

    /// Does what was asked for.
    pub fn run(self) -> Exit {
        self.talk.apply();
        #[cfg(unix)]
        crate::machine::native::keep_others_from_writing();
        // What a run came to does not depend on whether its table could be printed; other commands are for their output.
        let is_a_run =
            matches!(self.command, Command::Run(_) | Command::Resume(_) | Command::Wait(_) | Command::Abort(_));
        let exit = self.command.run();
        let unless_lost = printed::unless_lost(exit);
        if is_a_run { exit } else { unless_lost }
    }
}

impl Command {
    fn run(self) -> Exit {
        match self {
            Command::Run(run) => run.run(),
            Command::Resume(resume) => resume.run(),
            Command::Wait(wait) => wait.run(),
            Command::Status(status) => status.run(),
            Command::Abort(abort) => abort.run(),
            Command::Judge(judge) => judge.run(),
            Command::Compare(compare) => compare.run(),
            Command::Export(export) => export.run(),
            Command::Flags(flags) => flags.run(),
            Command::Mon(mon) => mon.run(),
            Command::Tag(tag) => tag.run(),
            Command::Doctor(doctor) => doctor.run(),
            Command::Init(init) => init.run(),
            Command::Check(check) => check.run(),
            Command::Schema(schema) => schema.run(),
            Command::Completions(completions) => completions.run(),
            Command::Man(man) => man.run(),
            Command::Bench(bench) => bench.run(),
            Command::Sim(sim) => sim.run(),
            #[cfg(unix)]
            Command::Warden(warden) => warden.run(),
            #[cfg(windows)]
            Command::Service(service) => service.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn clap_finds_no_fault_with_any_command() {
        Cli::command().debug_assert();
    }
}
