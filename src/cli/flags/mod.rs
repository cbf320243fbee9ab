//! `poolgate flags` shows and changes the boot settings of the whole system, like GFlags.
//!
//! It shows the settings for the next boot and those of the running kernel, and can change the former. A script for
//! gflags.exe works after a change of the program's name: stdout has the same text as that of gflags.exe, and
//! everything else goes to stderr.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use crate::cli::args::root::Root;
use crate::cli::output::errors;
use crate::cli::output::stdout::{say, tell};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::machine::sim::{self, KERNEL_VARIABLE, Kernel};
use crate::machine::{ByHand, CurrentSettings, Edit, FlagValue, MachineError, SettingChange, native};

mod asked;
mod owner;
mod shown;
mod words;
mod written;

pub(super) use words::translated;

/// Shows and switches global flags.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "poolgate flags [OPTIONS] [/r | /k] [{+|-}FLAG]...",
    after_help = HELP,
)]
pub(super) struct FlagsCommand {
    /// Show the settings for the next boot, or change them if flags are given; like `gflags /r`
    #[arg(short = 'r', long, conflicts_with = "running")]
    next_boot: bool,
    /// Show the settings of the running kernel; like `gflags /k`
    #[arg(short = 'k', long)]
    running: bool,
    /// Flags to switch on or off from the next boot, by abbreviation (+ptg, -kst) or in hexadecimal (+400, 400, 0x400)
    #[arg(value_name = "FLAG")]
    flags: Vec<String>,
    /// Remove the registry value; an absent value is not the same as 0
    #[arg(long, requires = "next_boot", conflicts_with_all = ["flags", "set"])]
    remove: bool,
    /// Set the registry value to exactly this, such as dword:00000400 or sz:0x400
    #[arg(long, value_name = "VALUE", requires = "next_boot", conflicts_with = "flags")]
    set: Option<String>,
    /// Show the changes without making them
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Use the simulated kernel in this file instead of this machine's
    #[arg(long, env = KERNEL_VARIABLE, value_name = "FILE")]
    kernel: Option<PathBuf>,
    #[command(flatten)]
    root: Root,
}

const HELP: &str = "\
Without /r and /k, both are shown. /r can also be written -r, which is needed in a Unix-like shell on Windows that \
takes /r for a path. On Linux the flags are parameters of the kernel command line: `poolgate flags /r +slab_nomerge`.

Changes come into force with a restart. stderr shows the command that restores the old state. \
docs/from-poolmon-and-gflags.md lists the poolgate command for each command of gflags.exe.

Exit codes: 0 done · 2 bad usage · 3 the machine refused the change, or a run owns its flags; nothing was changed";

/// The reason why no setting was shown or changed.
struct FlagsError {
    exit: Exit,
    failure: Failure,
}

impl FlagsCommand {
    pub(super) fn run(self) -> Exit {
        match self.outcome() {
            Ok(()) => Exit::Held,
            Err(refused) => {
                let kernel =
                    self.kernel.is_some().then(|| "name the file of a simulated kernel with --kernel".to_owned());
                errors::tell(refused.failure.message, refused.failure.help.or(kernel));
                refused.exit
            }
        }
    }

    fn outcome(&self) -> Result<(), FlagsError> {
        let edit = self.asked()?;
        let mut machine = self.machine();
        let changed = edit.map(|edit| self.edit(machine.as_mut(), edit)).transpose()?.flatten();
        if self.dry_run && !self.json {
            return Ok(());
        }
        let current = machine.current_settings()?;
        match self.json {
            true => say!("{}", shown::json(&current, changed.as_ref(), self.dry_run)),
            false => self.show(&current)?,
        }
        Ok(())
    }

    /// Returns the requested change, or `None` if settings are only to be shown.
    fn asked(&self) -> Result<Option<Edit>, FlagsError> {
        if self.remove || self.set.is_some() {
            if !self.has_registry() {
                return Err(MachineError::OnlyOnWindows("a registry value".to_owned()).into());
            }
            return Ok(Some(Edit::Exactly(self.set.clone().map_or(FlagValue::Absent, FlagValue::Present))));
        }
        if self.flags.is_empty() {
            return match self.dry_run {
                true => Err(FlagsError::usage("no change was given", "give flags, such as `/r +kst`")),
                false => Ok(None),
            };
        }
        if self.running {
            return Err(asked::not_in_the_running_kernel(&self.flags, self.has_registry()));
        }
        let edit = if self.has_registry() { asked::switches(&self.flags) } else { asked::parameters(&self.flags) }?;
        if !self.next_boot {
            let help = format!("for the next boot write `poolgate flags /r {}`", self.flags.join(" "));
            return Err(FlagsError::usage("flags need `/r`", help));
        }
        Ok(Some(edit))
    }

    /// Changes the settings for the next boot, or only shows the changes in a dry run.
    fn edit(&self, machine: &mut dyn ByHand, edit: Edit) -> Result<Option<SettingChange>, FlagsError> {
        let _owned = self.own()?;
        let edit = match (edit, machine.current_settings()?) {
            (Edit::Switched(switches), CurrentSettings::GlobalFlags(flags)) if flags.always_tags => {
                let (switches, note) = asked::without_pool_tagging(switches, flags.number);
                if let Some(note) = note {
                    tell!("note: {note}: its flag has no effect and needs no restart");
                }
                Edit::Switched(switches)
            }
            (edit, _) => edit,
        };
        let Some(edited) = machine.edit(&edit)? else {
            tell!("nothing to change: the next boot has these settings already");
            return Ok(None);
        };
        let lines = written::lines(&edited, &edit);
        if self.dry_run {
            if !self.json {
                lines.iter().for_each(|line| say!("{line}"));
            }
            return Ok(Some(edited.change));
        }
        written::write(machine, &edited.change)?;
        lines.iter().for_each(|line| tell!("{line}"));
        let current = machine.current_settings()?;
        tell!("{}", written::when(&current));
        tell!("to put it back: {}", written::back(&edited.back, &self.place()));
        Ok(Some(edited.change))
    }

    fn show(&self, current: &CurrentSettings) -> Result<(), FlagsError> {
        let both = !self.next_boot && !self.running;
        if self.next_boot || both {
            shown::next_boot(current)?;
        }
        if self.running || both {
            shown::running(current, self.running)?;
        }
        Ok(())
    }

    /// Returns whether the flags are those of Windows, or of a simulated machine, which imitates Windows.
    fn has_registry(&self) -> bool {
        cfg!(windows) || self.kernel.is_some()
    }

    fn machine(&self) -> Box<dyn ByHand> {
        match &self.kernel {
            Some(kernel) => sim::by_hand(&Kernel::at(kernel)),
            None => native::by_hand(self.root.folder()),
        }
    }

    /// Returns the options that select the same machine in another command.
    fn place(&self) -> String {
        match &self.kernel {
            Some(kernel) => format!(" --kernel {}", kernel.display()),
            None if self.root.folder() == Path::new("/") => String::new(),
            None => format!(" --root {}", self.root.folder().display()),
        }
    }
}

impl FlagsError {
    fn usage(what: impl Display, help: impl Display) -> FlagsError {
        FlagsError { exit: Exit::Usage, failure: Failure::with_help(what, help) }
    }

    fn failed(what: impl Display, help: impl Display) -> FlagsError {
        FlagsError { exit: Exit::Failed, failure: Failure::with_help(what, help) }
    }
}

impl From<MachineError> for FlagsError {
    fn from(error: MachineError) -> FlagsError {
        match &error {
            MachineError::NotAValue { .. } => {
                let help = "write `dword:00000400`, `sz:0x400`, or type and bytes in hexadecimal: `hex(3):00,04,00,00`";
                FlagsError::usage(error, help)
            }
            MachineError::Parameter { .. } | MachineError::OnlyOnWindows(_) | MachineError::OnlyOnLinux(_) => {
                FlagsError { exit: Exit::Usage, failure: Failure::from(error) }
            }
            _ => FlagsError { exit: Exit::Failed, failure: Failure::from(error) },
        }
    }
}
