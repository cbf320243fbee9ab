//! Boot settings as a person looks at them and changes them.
//!
//! A run asks for what it needs, and changes nothing where that is in force ([`Flags::plan`]). A person, as with GFlags,
//! changes what is kept for the next boot, whatever is in force now, and is told how to have it back exactly.

use std::path::PathBuf;

use super::{Change, FlagValue, Flags, MachineError};
use crate::gflags::Switches;

/// Boot settings which can be looked at and changed one by one.
pub trait ByHand: Flags {
    /// What is kept for the next boot, and what the running kernel was booted with.
    ///
    /// # Errors
    /// When either cannot be read.
    fn standing(&mut self) -> Result<Standing, MachineError>;

    /// What it takes to have what is kept as `edit` says; `None` where it is so already. Changes nothing.
    ///
    /// # Errors
    /// When it cannot be read, or this machine has no such setting.
    fn edit(&mut self, edit: &Edit) -> Result<Option<Edited>, MachineError>;
}

/// What somebody wants of the next boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Global flags of Windows switched on and off.
    Switched(Switches),
    /// The registry value exactly so, or absent.
    Exactly(FlagValue),
    /// Parameters of the Linux kernel put on its command line, and taken from it.
    Parameters {
        /// Those which are to be there.
        added: Vec<String>,
        /// Those which are not.
        dropped: Vec<String>,
    },
}

/// A change and its reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// What is to be written.
    pub change: Change,
    /// What leaves the setting exactly as it was before.
    pub back: Edit,
}

/// Settings as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// On Windows, and on the simulated machine.
    GlobalFlags(GlobalFlags),
    /// On Linux.
    CommandLine(CommandLine),
}

/// The global flags of the whole system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalFlags {
    /// The registry value's name.
    pub name: String,
    /// The value itself, with its type.
    pub kept: FlagValue,
    /// The flags it means, none where it is absent; `None` where it is no number.
    pub number: Option<u32>,
    /// Those of the running kernel; `None` where it does not tell.
    pub running: Option<u32>,
    /// Whether the kernel counts pool tags whatever the flag for that says, as since Windows Server 2003.
    pub always_tags: bool,
}

/// The command lines of a Linux kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// What the running kernel was booted with.
    pub running: String,
    /// What the next one will be booted with, and the file that says so; `None` where no file does that poolgate knows.
    pub next: Option<(PathBuf, String)>,
}
