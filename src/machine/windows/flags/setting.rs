//! The registry values that poolgate knows by name. Source: Microsoft Learn, "GFlags Details" (registry information)
//! and "Driver Verifier Command Syntax".

use std::borrow::Cow;
use std::fmt;

/// A value below HKEY_LOCAL_MACHINE.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::machine) struct RegistrySetting {
    pub(in crate::machine) key: &'static str,
    pub(in crate::machine) value: Cow<'static, str>,
}

macro_rules! session_manager {
    ($below:literal) => {
        concat!(r"SYSTEM\CurrentControlSet\Control\Session Manager", $below)
    };
}

const SESSION_MANAGER: &str = session_manager!("");
/// The key of the memory manager; Driver Verifier's values are in it.
pub(super) const MEMORY: &str = session_manager!(r"\Memory Management");
const KERNEL: &str = session_manager!(r"\Kernel");

/// The global flags (REG_DWORD).
pub(in crate::machine) static GLOBAL_FLAG: RegistrySetting =
    RegistrySetting { key: SESSION_MANAGER, value: Cow::Borrowed("GlobalFlag") };
/// The drivers that Driver Verifier checks (REG_SZ, names separated by spaces).
pub(super) static VERIFY_DRIVERS: RegistrySetting =
    RegistrySetting { key: MEMORY, value: Cow::Borrowed("VerifyDrivers") };
/// Driver Verifier's checks (REG_DWORD).
pub(super) static VERIFY_LEVEL: RegistrySetting =
    RegistrySetting { key: MEMORY, value: Cow::Borrowed("VerifyDriverLevel") };

static OTHERS: [RegistrySetting; 5] = [
    // Special pool.
    RegistrySetting { key: MEMORY, value: Cow::Borrowed("PoolTag") },
    RegistrySetting { key: MEMORY, value: Cow::Borrowed("PoolTagOverruns") },
    // Object reference tracing.
    RegistrySetting { key: KERNEL, value: Cow::Borrowed("ObTraceProcessName") },
    RegistrySetting { key: KERNEL, value: Cow::Borrowed("ObTracePermanent") },
    RegistrySetting { key: KERNEL, value: Cow::Borrowed("ObTracePoolTags") },
];

impl RegistrySetting {
    pub(super) fn all() -> impl Iterator<Item = &'static RegistrySetting> {
        [&GLOBAL_FLAG, &VERIFY_DRIVERS, &VERIFY_LEVEL].into_iter().chain(&OTHERS)
    }
}

/// Formats the full path, in the form of reg.exe and regedit.
impl fmt::Display for RegistrySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r"HKLM\{}\{}", self.key, self.value)
    }
}
