//! Viewing and changing boot settings by hand.
//!
//! A run asks for the settings that it needs, and changes nothing if they are in force ([`BootSettings::plan`]).
//! `poolgate flags`, like GFlags, changes the settings for the next boot regardless of those in force, and reports how
//! to restore the previous state exactly.

use std::path::PathBuf;

use super::{BootSettings, FlagValue, MachineError, SettingChange};
use crate::gflags::Switches;

/// Boot settings that can be viewed and changed one by one.
pub trait ByHand: BootSettings {
    /// Returns the settings stored for the next boot and those of the running kernel.
    ///
    /// # Errors
    /// If either cannot be read.
    fn current_settings(&mut self) -> Result<CurrentSettings, MachineError>;

    /// Returns the change that makes the stored setting match `edit`, or `None` if it matches already. Changes nothing.
    ///
    /// # Errors
    /// If the setting cannot be read or this machine has no such setting.
    fn edit(&mut self, edit: &Edit) -> Result<Option<Edited>, MachineError>;
}

/// A change requested for the next boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Switch global flags of Windows on and off.
    Switched(Switches),
    /// Set the registry value to exactly this value, or remove it.
    Exactly(FlagValue),
    /// Add parameters to the command line of the Linux kernel, and remove parameters from it.
    Parameters {
        /// The parameters to add.
        added: Vec<String>,
        /// The parameters to remove.
        dropped: Vec<String>,
    },
}

/// A change and its reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The change to write.
    pub change: SettingChange,
    /// The edit that restores the setting exactly as it was before.
    pub back: Edit,
}

/// The current settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CurrentSettings {
    /// On Windows and on the simulated machine.
    GlobalFlags(GlobalFlags),
    /// On Linux.
    CommandLine(CommandLine),
}

/// The system-wide global flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalFlags {
    /// The registry value's name.
    pub name: String,
    /// The value with its type.
    pub stored: FlagValue,
    /// The flags as a number; 0 if the value is absent, `None` if it is not a number.
    pub number: Option<u32>,
    /// The flags of the running kernel; `None` if the kernel does not report them.
    pub running: Option<u32>,
    /// Whether the kernel counts pool tags regardless of the flag, as Windows Server 2003 and later do.
    pub always_tags: bool,
}

/// The command lines of a Linux kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The command line of the running kernel.
    pub running: String,
    /// The command line of the next boot and the file that sets it; `None` if poolgate knows no such file.
    pub next: Option<(PathBuf, String)>,
}
