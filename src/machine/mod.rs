//! A machine under test, as a few small traits.
//!
//! [`PoolSource`] reads the kernel's pool table, [`BootSettings`] changes its boot settings, [`Boot`] identifies boots
//! and restarts the machine, [`Autostart`] starts poolgate again after a restart, [`ObjectSource`] follows the objects
//! behind a row. [`Machine`] is a plain struct of them, so a test can combine a real slabinfo with a simulated reboot.
//! A sample that cannot be read is an error, never an empty snapshot. Writes may stay in memory until they are flushed,
//! and a power cut then loses them; code that relies on a write must flush first.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::gflags::Switch;
use crate::pool::{Key, Snapshot, Survivors, TagPattern};

mod bugcheck;
mod by_hand;
mod driver;
mod error;
mod kernel_messages;
#[cfg(unix)]
pub mod linux;
mod memory;
mod place;
pub mod sim;
pub mod windows;

pub use bugcheck::Bugcheck;
pub use by_hand::{ByHand, CommandLine, CurrentSettings, Edit, Edited, GlobalFlags};
pub use driver::InstalledDriver;
pub use error::MachineError;
pub use kernel_messages::KernelMessages;
/// The platform that this program was built for.
#[cfg(unix)]
pub use linux as native;
pub use memory::Memory;
pub use place::{is_same, is_within};
/// The platform that this program was built for.
#[cfg(windows)]
pub use windows as native;

/// A machine under test.
pub struct Machine {
    /// The pool table.
    pub pool: Box<dyn PoolSource>,
    /// The boot settings.
    pub flags: Box<dyn BootSettings>,
    /// Identifies boots and restarts the machine.
    pub boot: Box<dyn Boot>,
    /// Starts poolgate again after a boot.
    pub autostart: Box<dyn Autostart>,
    /// Follows objects by call path; `None` if poolgate cannot do so on this kind of machine.
    pub objects: Option<Box<dyn ObjectSource>>,
}

/// A source of pool usage.
pub trait PoolSource {
    /// The source's name for reports: `linux slabinfo`, `simulated kernel`.
    fn name(&self) -> &'static str;

    /// Reads all rows. The snapshot belongs to the source; the next call overwrites it.
    ///
    /// # Errors
    /// If the table cannot be read completely. A partial read is never returned.
    fn sample(&mut self) -> Result<&Snapshot, MachineError>;

    /// Asks the kernel to release the memory that the rows matching `named` hold but do not use, so that the next
    /// sample counts only objects in use. Returns the number of rows for which that was possible; 0 if counts are exact
    /// anyway.
    ///
    /// # Errors
    /// If the kernel supports this but refuses it.
    fn shrink(&mut self, named: &[TagPattern]) -> Result<usize, MachineError>;

    /// Returns a note about how the samples so far were read, for the reader of the report. Each note is returned once.
    fn note(&mut self) -> Option<String> {
        None
    }

    /// Returns machine-wide memory figures, for people to read beside the rows. No verdict depends on them.
    fn memory(&mut self) -> Memory {
        Memory::default()
    }
}

/// Follows live objects by the call path that allocated them. No verdict depends on it.
pub trait ObjectSource {
    /// Follows the objects of these rows from now on, or of as many of them as possible.
    ///
    /// # Errors
    /// If objects cannot be followed, with the reason.
    fn follow(&mut self, rows: &[Key]) -> Result<(), MachineError>;

    /// Objects allocated from now on belong to this iteration of the workload, from 1; with 0 they belong to none.
    ///
    /// # Errors
    /// If the kernel refuses it.
    fn iteration(&mut self, number: u64) -> Result<(), MachineError>;

    /// Returns the objects that are alive, and stops following. `None` if nothing was followed.
    ///
    /// # Errors
    /// If they cannot be read. A partial reading is never returned.
    fn survivors(&mut self) -> Result<Option<Survivors>, MachineError>;
}

/// Boot settings: registry values or kernel command line parameters.
pub trait BootSettings {
    /// Returns the changes needed to get all settings in `asked`, each with the setting's exact current value. Empty if
    /// all of them are in force. Changes nothing.
    ///
    /// # Errors
    /// If this machine has no such setting, or the setting cannot be read.
    fn plan(&mut self, asked: &[RequestedSetting]) -> Result<Vec<SettingChange>, MachineError>;

    /// Whether the running kernel was booted with all settings in `asked`.
    ///
    /// # Errors
    /// If the kernel does not report it.
    fn in_force(&mut self, asked: &[RequestedSetting]) -> Result<bool, MachineError>;

    /// Returns notes for the report on the answers of [`BootSettings::in_force`]. Each note comes once.
    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Returns the setting's current value, possibly [`FlagValue::Absent`].
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, name: &str) -> Result<FlagValue, MachineError>;

    /// Sets the setting to exactly `value` for the next boot. Not durable before [`BootSettings::flush`].
    ///
    /// # Errors
    /// If it cannot be written.
    fn write(&mut self, name: &str, value: &FlagValue) -> Result<(), MachineError>;

    /// Makes all writes survive a power cut.
    ///
    /// # Errors
    /// If the writes may not be on disk.
    fn flush(&mut self) -> Result<(), MachineError>;

    /// Whether `now` is the value that the run wrote.
    fn is_made(&self, change: &SettingChange, now: &FlagValue) -> bool {
        *now == change.wanted
    }

    /// Returns the setting's value without poolgate's part, if another program or person edited it during the run and
    /// it now holds `now`. `None` if poolgate's part cannot be separated from the other edits.
    fn undo(&self, change: &SettingChange, now: &FlagValue) -> Option<FlagValue> {
        let _ = (change, now);
        None
    }

    /// Returns the commands for an administrator to complete the restore of `change`. `now` is the setting's
    /// current value, if it can be read. `saved` is a file that holds the original as text, if there was one.
    fn by_hand(&self, change: &SettingChange, now: Option<&FlagValue>, saved: &Path) -> Vec<String> {
        let _ = saved;
        match &change.original {
            original if now == Some(original) => Vec::new(),
            FlagValue::Absent => vec![format!("remove {}", change.name)],
            FlagValue::Present(value) => vec![format!("set {} to exactly {value:?}", change.name)],
        }
    }
}

/// A boot setting that a scenario asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestedSetting {
    /// Pool tagging, if the kernel has it off.
    PoolTagging,
    /// Global flags of Windows switched on or off.
    GlobalFlag(Switch),
    /// Driver Verifier.
    Verifier(VerifierRequest),
    /// A parameter on the Linux kernel command line.
    KernelParameter(String),
}

/// Driver Verifier for these drivers and no others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifierRequest {
    /// The drivers' file names.
    pub drivers: Vec<String>,
    /// The verifier level, as a number.
    pub level: u32,
    /// Whether Windows switches Driver Verifier off if a boot fails. Runs that older versions recorded did not ask for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reset_on_boot_failure: bool,
}

/// A setting that poolgate changes for the run and restores after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// The platform's name for the setting: a registry value or a file.
    pub name: String,
    /// The value before the run.
    pub original: FlagValue,
    /// The value that the run needs.
    pub wanted: FlagValue,
}

/// The exact value of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagValue {
    /// There is no such value.
    Absent,
    /// The value in the platform's exact notation.
    Present(String),
}

impl std::fmt::Display for FlagValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FlagValue::Absent => f.write_str("absent"),
            FlagValue::Present(value) => write!(f, "{value:?}"),
        }
    }
}

/// Identifies a boot. Equal ids mean the same boot; the text has no other meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootId(pub String);

/// Identifies boots and restarts the machine.
pub trait Boot {
    /// Returns the id of the current boot.
    ///
    /// # Errors
    /// If the kernel does not report it.
    fn id(&self) -> Result<BootId, MachineError>;

    /// Restarts the machine. On a real machine this process ends soon after.
    ///
    /// # Errors
    /// If the restart was refused.
    fn restart(&mut self) -> Result<(), MachineError>;
}

/// Starts `poolgate resume` after a boot. A machine has one such entry, which also serves as the machine-wide lock.
pub trait Autostart {
    /// Returns the folder of the run that would be resumed.
    ///
    /// # Errors
    /// If the entry cannot be read or was not written by poolgate.
    fn get(&self) -> Result<Option<PathBuf>, MachineError>;

    /// Sets or removes the entry. Not durable before [`Autostart::flush`].
    ///
    /// # Errors
    /// If it cannot be written.
    fn set(&mut self, run: Option<&Path>) -> Result<(), MachineError>;

    /// Makes the entry survive a power cut.
    ///
    /// # Errors
    /// If the write may not be on disk.
    fn flush(&mut self) -> Result<(), MachineError>;
}
