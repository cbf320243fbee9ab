//! A machine under test, as four small traits.
//!
//! [`PoolSource`] reads the kernel's pool table, [`Flags`] its boot settings, [`Boot`] tells one boot from the next and
//! restarts, [`Autostart`] brings poolgate back after a restart. [`Machine`] is a plain struct of the four, so that a
//! test can pair a real slabinfo with a simulated reboot. A sample which cannot be read is an error, never an empty
//! snapshot. What is written may stay in memory until it is flushed, and a power cut then loses it: whoever relies on a
//! write flushes first.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::gflags::Switch;
use crate::pool::{Snapshot, TagPattern};

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
pub use by_hand::{ByHand, CommandLine, Edit, Edited, GlobalFlags, Standing};
pub use driver::Driver;
pub use error::MachineError;
pub use kernel_messages::KernelMessages;
/// The platform this program was built for: this machine itself.
#[cfg(unix)]
pub use linux as native;
pub use memory::Memory;
pub use place::{is_same, is_within};
/// The platform this program was built for: this machine itself.
#[cfg(windows)]
pub use windows as native;

/// A machine under test.
pub struct Machine {
    /// Its pool table.
    pub pool: Box<dyn PoolSource>,
    /// Its boot settings.
    pub flags: Box<dyn Flags>,
    /// Its boots.
    pub boot: Box<dyn Boot>,
    /// What starts poolgate again after a boot.
    pub autostart: Box<dyn Autostart>,
}

/// Where pool usage is read.
pub trait PoolSource {
    /// What the figures come from, for reports: `linux slabinfo`, `simulated kernel`.
    fn name(&self) -> &'static str;

    /// Reads every row now. The snapshot is the source's own and is overwritten by the next call.
    ///
    /// # Errors
    /// When the table cannot be read whole; nothing of such a read is ever shown.
    fn sample(&mut self) -> Result<&Snapshot, MachineError>;

    /// Asks the kernel to give back what the rows matching `named` keep ready but do not use, so that the next sample
    /// counts only objects really in use. Returns how many rows that was possible for; 0 where counts are exact anyway.
    ///
    /// # Errors
    /// When the kernel has the switch but refuses it.
    fn shrink(&mut self, named: &[TagPattern]) -> Result<usize, MachineError>;

    /// What a reader of the samples so far should know about how they were read. Each note comes once.
    fn note(&mut self) -> Option<String> {
        None
    }

    /// What the machine tells of its memory as a whole, for people to read beside the rows; nothing is judged by it.
    fn memory(&mut self) -> Memory {
        Memory::default()
    }
}

/// Boot settings: registry values, kernel command line parameters.
pub trait Flags {
    /// The changes it takes to have everything that is asked for, each with the setting's exact value now. Empty when all
    /// of it is in force already. Changes nothing.
    ///
    /// # Errors
    /// When this machine has no such setting, or it cannot be read.
    fn plan(&mut self, asked: &[Asked]) -> Result<Vec<Change>, MachineError>;

    /// Whether the running kernel was booted with everything that is asked for.
    ///
    /// # Errors
    /// When the kernel does not tell.
    fn in_force(&mut self, asked: &[Asked]) -> Result<bool, MachineError>;

    /// What a reader of the report should know about the answers of [`Flags::in_force`]. Each note comes once.
    fn notes(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// The setting as it stands; an absent value is a value.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, name: &str) -> Result<FlagValue, MachineError>;

    /// Makes the setting exactly `value`, for the next boot. Not durable before [`Flags::flush`].
    ///
    /// # Errors
    /// When it cannot be written.
    fn write(&mut self, name: &str, value: &FlagValue) -> Result<(), MachineError>;

    /// Makes what was written survive a power cut.
    ///
    /// # Errors
    /// When it may not have.
    fn flush(&mut self) -> Result<(), MachineError>;

    /// Whether `now` is what the run made of the setting.
    fn is_made(&self, change: &Change, now: &FlagValue) -> bool {
        *now == change.wanted
    }

    /// What the setting becomes when only poolgate's part of it is removed, where somebody else edited it during the run
    /// and it holds `now`. `None` when poolgate's part cannot be told from theirs.
    fn undo(&self, change: &Change, now: &FlagValue) -> Option<FlagValue> {
        let _ = (change, now);
        None
    }

    /// The commands with which an administrator finishes what is left of putting `change` back. `now` is what the setting
    /// holds, where it can be read. `saved` is a file which holds the original as text, where there was one.
    fn by_hand(&self, change: &Change, now: Option<&FlagValue>, saved: &Path) -> Vec<String> {
        let _ = saved;
        match &change.original {
            original if now == Some(original) => Vec::new(),
            FlagValue::Absent => vec![format!("remove {}", change.name)],
            FlagValue::Present(value) => vec![format!("make {} exactly {value:?}", change.name)],
        }
    }
}

/// A boot setting that a scenario asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Pool tagging, where the kernel has it off.
    PoolTagging,
    /// Global flags of Windows switched on or off.
    GlobalFlag(Switch),
    /// Driver Verifier for these drivers and no others.
    Verifier {
        /// Their file names.
        drivers: Vec<String>,
        /// What it looks for, as a number.
        level: u32,
        /// Whether Windows is to switch it off when a boot fails. Runs of before there was a choice did not ask for it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reset_on_boot_failure: bool,
    },
    /// A parameter on the Linux kernel command line.
    KernelParameter(String),
}

/// A setting which is to be changed for the run and put back after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The setting, in the platform's own words: a registry value, a file.
    pub name: String,
    /// What it was before the run.
    pub original: FlagValue,
    /// What the run needs.
    pub wanted: FlagValue,
}

/// The exact state of one setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlagValue {
    /// There is no such value.
    Absent,
    /// The value, in the platform's own exact notation.
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

/// Which boot the machine is in. Two equal ids are the same boot; nothing else is known of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootId(pub String);

/// The machine's boots.
pub trait Boot {
    /// The boot the machine is in.
    ///
    /// # Errors
    /// When the kernel does not tell.
    fn id(&self) -> Result<BootId, MachineError>;

    /// Restarts the machine. On a real one this process ends soon after.
    ///
    /// # Errors
    /// When the restart was refused.
    fn restart(&mut self) -> Result<(), MachineError>;
}

/// What starts `poolgate resume` after a boot. There is one entry on a machine, which is also the machine-wide lock.
pub trait Autostart {
    /// The folder of the run which would be resumed.
    ///
    /// # Errors
    /// When it cannot be read, or is not ours.
    fn get(&self) -> Result<Option<PathBuf>, MachineError>;

    /// Sets or removes it. Not durable before [`Autostart::flush`].
    ///
    /// # Errors
    /// When it cannot be written.
    fn set(&mut self, run: Option<&Path>) -> Result<(), MachineError>;

    /// Makes what was set survive a power cut.
    ///
    /// # Errors
    /// When it may not have.
    fn flush(&mut self) -> Result<(), MachineError>;
}
