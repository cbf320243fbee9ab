//! The commands: a file or a folder for each. Data goes to stdout and everything else to stderr. Only `mon` in a
//! terminal reads keys.

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::gate::serve_as_warden;

mod abort;
mod args;
mod bench;
mod check;
mod compare;
mod completions;
mod doctor;
mod export;
mod flags;
mod init;
mod judge;
mod man;
mod mon;
mod output;
mod resume;
mod run;
mod schema;
#[cfg(windows)]
mod service;
mod sim;
mod status;
mod tag;
mod wait;

/// Run a workload against a driver, watch the kernel's pools tag by tag, and report whether the driver leaks.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: AnyCommand,
    #[command(flatten)]
    output: output::verbosity::OutputArgs,
}

const EXIT_CODES: &str = "Exit codes: 0 held · 1 broken · 2 bad usage or scenario · 3 poolgate or machine failed · 4 unclear · 10 not finished (rebooting)";

#[derive(Debug, Subcommand)]
enum AnyCommand {
    /// Run scenarios one after the other, and report their outcomes
    Run(run::RunCommand),
    /// Continue a run after a boot or a crash; autostart calls this
    Resume(resume::ResumeCommand),
    /// Wait until a run that reboots has ended, then exit with its exit code
    Wait(wait::WaitCommand),
    /// Show unfinished runs, and the flags that they have changed
    Status(status::StatusCommand),
    /// End a run early: undo its changes, and report it as an error
    Abort(abort::AbortCommand),
    /// Judge recordings and logs offline
    Judge(judge::JudgeCommand),
    /// Compare a candidate build with a base build, using a recording of each
    Compare(compare::CompareCommand),
    /// Write recordings as CSV for other programs
    Export(export::ExportCommand),
    /// Show and change the boot settings of the whole system, like GFlags
    Flags(flags::FlagsCommand),
    /// Show the pool table like PoolMon: live, as one snapshot, or as a log
    Mon(mon::MonCommand),
    /// Find the driver that allocates under a pool tag, and show the evidence
    Tag(tag::TagCommand),
    /// Check whether this machine can run scenarios, and list problems; changes nothing
    Doctor(doctor::DoctorCommand),
    /// Write a first scenario for a driver, with comments
    Init(init::InitCommand),
    /// Validate scenarios, and show the plan of a run on this machine; changes nothing
    Check(check::CheckCommand),
    /// Print the JSON Schema of scenarios, for editors
    Schema(schema::SchemaCommand),
    /// Print a shell completion script
    Completions(completions::CompletionsCommand),
    /// Print the manual page, or write a page for each command
    Man(man::ManCommand),
    /// Measure the detector's accuracy on simulated tags
    Bench(bench::BenchCommand),
    /// Create, change, show, or restart a simulated kernel
    #[command(subcommand)]
    Sim(sim::SimCommand),
    /// Continue a run as a service; the service manager starts this
    #[cfg(windows)]
    #[command(hide = true)]
    Service(service::ServiceCommand),
}

/// Runs the command that this process's command line gives. Returns its exit code.
pub fn run() -> Exit {
    if let Some(served) = serve_as_warden() {
        return served.map_or_else(
            |error| {
                output::errors::tell_plainly(error);
                Exit::Failed
            },
            |()| Exit::Held,
        );
    }
    Cli::read().map_or_else(|exit| exit, Cli::run)
}

impl Cli {
    /// Reads this process's command line. Reports mistakes before it returns `Err`.
    fn read() -> Result<Cli, Exit> {
        let words = output::verbosity::behind_the_command(std::env::args_os().collect());
        match mon::translated(flags::translated(words)) {
            Ok(words) => Cli::try_parse_from(words).map_err(|told| output::stdout::told_by_clap(&told)),
            Err(bad) => {
                output::errors::tell(&bad, crate::failure::help(&bad));
                Err(Exit::Usage)
            }
        }
    }

    fn run(self) -> Exit {
        self.output.apply();
        #[cfg(unix)]
        crate::machine::native::keep_others_from_writing();
        // The exit code of a run does not depend on whether its table could be printed. For other commands, the output
        // is the result.
        let is_a_run = matches!(
            self.command,
            AnyCommand::Run(_) | AnyCommand::Resume(_) | AnyCommand::Wait(_) | AnyCommand::Abort(_)
        );
        let exit = self.command.run();
        let unless_lost = output::stdout::unless_lost(exit);
        if is_a_run { exit } else { unless_lost }
    }
}

impl AnyCommand {
    fn run(self) -> Exit {
        match self {
            AnyCommand::Run(run) => run.run(),
            AnyCommand::Resume(resume) => resume.run(),
            AnyCommand::Wait(wait) => wait.run(),
            AnyCommand::Status(status) => status.run(),
            AnyCommand::Abort(abort) => abort.run(),
            AnyCommand::Judge(judge) => judge.run(),
            AnyCommand::Compare(compare) => compare.run(),
            AnyCommand::Export(export) => export.run(),
            AnyCommand::Flags(flags) => flags.run(),
            AnyCommand::Mon(mon) => mon.run(),
            AnyCommand::Tag(tag) => tag.run(),
            AnyCommand::Doctor(doctor) => doctor.run(),
            AnyCommand::Init(init) => init.run(),
            AnyCommand::Check(check) => check.run(),
            AnyCommand::Schema(schema) => schema.run(),
            AnyCommand::Completions(completions) => completions.run(),
            AnyCommand::Man(man) => man.run(),
            AnyCommand::Bench(bench) => bench.run(),
            AnyCommand::Sim(sim) => sim.run(),
            #[cfg(windows)]
            AnyCommand::Service(service) => service.run(),
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
