//! The commands, with one short file each. Data goes to stdout and everything else to stderr. No command waits for a
//! key.

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::failure;

mod abort;
mod args;
mod bench;
mod change;
mod check;
mod compare;
mod completions;
mod doctor;
mod export;
mod flags;
mod hopeless;
mod init;
mod judge;
mod man;
mod mon;
mod output;
mod recorded;
mod resume;
mod run;
mod schema;
#[cfg(windows)]
mod service;
mod sim;
mod status;
mod tag;
mod wait;
#[cfg(unix)]
mod warden;

/// Run a workload against a driver, watch the kernel's pools tag by tag, and report whether the driver leaks.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    talk: output::talk::Talk,
}

const EXIT_CODES: &str = "Exit codes: 0 held · 1 broken · 2 bad usage or scenario · 3 harness or machine failed · 4 unclear · 10 not finished (rebooting)";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios one after the other, and report their outcomes
    Run(run::Run),
    /// Continue a run after a boot or a crash; autostart calls this
    Resume(resume::Resume),
    /// Wait until a run that reboots has ended, then exit with its exit code
    Wait(wait::Wait),
    /// Show unfinished runs, and the flags that they have changed
    Status(status::Status),
    /// End a run early: restore its changes, and report it as an error
    Abort(abort::Abort),
    /// Judge recordings and logs offline
    Judge(judge::Judge),
    /// Compare a candidate build with a base build, using a recording of each
    Compare(compare::Compare),
    /// Write recordings as CSV for other programs
    Export(export::Export),
    /// Show and change the boot settings of the whole system, like GFlags
    Flags(flags::Flags),
    /// Show the pool table like PoolMon: live, as one snapshot, or as a log
    Mon(mon::Mon),
    /// Find the driver that allocates under a pool tag, and show the evidence
    Tag(tag::TagOwner),
    /// Check whether this machine can run scenarios, and list problems; changes nothing
    Doctor(doctor::Doctor),
    /// Write a first scenario for a driver, with comments
    Init(init::Init),
    /// Validate scenarios, and show the plan of a run on this machine; changes nothing
    Check(check::Check),
    /// Print the JSON Schema of scenarios, for editors
    Schema(schema::Schema),
    /// Print a shell completion script
    Completions(completions::Completions),
    /// Print the manual page, or write a page for each command
    Man(man::ManPages),
    /// Measure the detector's accuracy on simulated tags
    Bench(bench::Bench),
    /// Work on a simulated kernel, like that of scenarios with `machine: { simulated: … }`
    #[command(subcommand)]
    Sim(sim::Sim),
    /// Guard one command of a run; for internal use
    #[cfg(unix)]
    #[command(hide = true)]
    Warden(warden::Warden),
    /// Continue a run as a service; the service manager starts this
    #[cfg(windows)]
    #[command(hide = true)]
    Service(service::Service),
}

impl Cli {
    /// Reads this process's command line. Mistakes have been reported.
    ///
    /// # Errors
    /// The exit code, if the command line has mistakes or asks for help.
    pub fn read() -> Result<Cli, Exit> {
        let words = output::talk::behind_the_command(std::env::args_os().collect());
        match mon::translated(flags::translated(words)) {
            Ok(words) => Cli::try_parse_from(words).map_err(|told| output::stdout::told_by_clap(&told)),
            Err(bad) => {
                output::errors::tell(&bad, failure::help(&bad));
                Err(Exit::Usage)
            }
        }
    }

    /// Runs the command.
    pub fn run(self) -> Exit {
        self.talk.apply();
        #[cfg(unix)]
        crate::machine::native::keep_others_from_writing();
        // The exit code of a run does not depend on whether its table could be printed. For other commands, the output
        // is the result.
        let is_a_run =
            matches!(self.command, Command::Run(_) | Command::Resume(_) | Command::Wait(_) | Command::Abort(_));
        let exit = self.command.run();
        let unless_lost = output::stdout::unless_lost(exit);
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
