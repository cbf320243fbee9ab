//! The registry values which poolgate knows by name. Source: Microsoft Learn, "GFlags Details" (registry information) and
//! "Driver Verifier Command Syntax".

use std::borrow::Cow;
use std::fmt;

/// A value below HKEY_LOCAL_MACHINE.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::machine) struct Setting {
    /// The key it is in.
    pub(in crate::machine) key: &'static str,
    /// Its name.
    pub(in crate::machine) value: Cow<'static, str>,
}

macro_rules! session_manager {
    ($below:literal) => {
        concat!(r"SYSTEM\CurrentControlSet\Control\Session Manager", $below)
    };
}

const SESSION_MANAGER: &str = session_manager!("");
/// The key of memory management, which has Driver Verifier's values.
pub(super) const MEMORY: &str = session_manager!(r"\Memory Management");
const KERNEL: &str = session_manager!(r"\Kernel");

/// The global flags (REG_DWORD).
pub(in crate::machine) static GLOBAL_FLAG: Setting =
    Setting { key: SESSION_MANAGER, value: Cow::Borrowed("GlobalFlag") };
/// The drivers which Driver Verifier looks at (REG_SZ, names with spaces between).
pub(super) static VERIFY_DRIVERS: Setting = Setting { key: MEMORY, value: Cow::Borrowed("VerifyDrivers") };
/// What it looks for (REG_DWORD).
pub(super) static VERIFY_LEVEL: Setting = Setting { key: MEMORY, value: Cow::Borrowed("VerifyDriverLevel") };

static OTHERS: [Setting; 5] = [
    // Special pool.
    Setting { key: MEMORY, value: Cow::Borrowed("PoolTag") },
    Setting { key: MEMORY, value: Cow::Borrowed("PoolTagOverruns") },
    // Object reference tracing.
    Setting { key: KERNEL, value: Cow::Borrowed("ObTraceProcessName") },
    Setting { key: KERNEL, value: Cow::Borrowed("ObTracePermanent") },
    Setting { key: KERNEL, value: Cow::Borrowed("ObTracePoolTags") },
];

impl Setting {
    /// Every setting.
    pub(super) fn all() -> impl Iterator<Item = &'static Setting> {
        [&GLOBAL_FLAG, &VERIFY_DRIVERS, &VERIFY_LEVEL].into_iter().chain(&OTHERS)
    }
}

/// Its full path, as reg.exe and regedit show it.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r"HKLM\{}\{}", self.key, self.value)
    }
}
